/** What a tenant's files may hold in all, and the wall in the engine that stands behind the checks. */
import { freeBytes } from '../base/fs.ts'
import { Problem, type QuotaShare } from '../base/problem.ts'
import type { Db } from '../base/sqlite.ts'

/** Limits on what is stored; `null` is none. */
export interface Quota {
  readonly documents: number | null
  /** Of originals. */
  readonly bytes: number | null
  readonly passages: number | null
  /** Of app.db and vecs.db, without pages that are free again. */
  readonly database_bytes: number | null
  /** Pages of documents read on one day, UTC. A document that was begun is read to its end. */
  readonly pages_per_day: number | null
}

export const unlimitedQuota: Quota = {
  documents: null,
  bytes: null,
  passages: null,
  database_bytes: null,
  pages_per_day: null,
}

/** Over the allowance, so that a delete, a tombstone and a merge always fit. */
const headroomBytes = 16 * 2 ** 20
const headroomShare = 0.25
/** More than any transaction of ours writes. */
const diskRoomBytesMin = 64 * 2 ** 20
/** SQLite's own largest page number. */
const pagesMax = 0xfffffffe

const nouns: Readonly<Record<QuotaShare['which'], string>> = {
  documents: 'documents',
  bytes: 'bytes of originals',
  passages: 'passages',
  database_bytes: 'bytes of databases',
  pages_per_day: 'pages a day',
  api_keys: 'API keys',
  chat_tokens_per_day: 'chat tokens a day',
}

/** @param used what there would be with what was asked for. @throws Problem `quota_exceeded` with which, used and limit */
export function checkShare(
  which: QuotaShare['which'],
  { used, more = 0, limit }: { used: number; more?: number; limit: number | null },
): void {
  if (limit === null || used + more <= limit) return
  throw quotaProblem({ which, used, limit })
}

export function quotaProblem(share: QuotaShare): Problem {
  const { which, used, limit } = share
  const help = which.endsWith('_per_day') ? 'Wait for the next day (UTC)' : 'Delete something'
  return new Problem(
    'quota_exceeded',
    `Your share of ${limit} ${nouns[which]} does not suffice: ${used} are used. ${help}, or ask for a larger share.`,
    { quota: share },
  )
}

/** Bytes that hold something, in both files; pages that are free again do not count. */
export function databaseBytes(files: { readonly app: Db; readonly vecs: Db }): number {
  return bytesOf(files.app) + bytesOf(files.vecs)
}

function bytesOf(db: Db): number {
  const pages = db.pragma<number>('page_count') - db.pragma<number>('freelist_count')
  return pages * db.pragma<number>('page_size')
}

/** Moves the walls to where the quota has them: after an open, after a change. Before something is written; a read needs none. */
export function moveWalls(store: {
  readonly app: Db
  readonly vecs: Db
  readonly quota: Quota
  wallBytes: number | null
}): void {
  const { app, vecs, quota, wallBytes } = store
  if (wallBytes === quota.database_bytes) return
  setWall(app, quota)
  setWall(vecs, quota)
  store.wallBytes = quota.database_bytes
}

/** Sets the wall: the allowance and headroom, and never so close that nothing could be deleted any more. SQLite forgets it on close. */
function setWall(db: Db, { database_bytes: allowance }: Quota): void {
  if (allowance === null) {
    db.set(`max_page_count = ${pagesMax}`)
    return
  }
  const pageBytes = db.pragma<number>('page_size')
  const allowed = (allowance * (1 + headroomShare) + headroomBytes) / pageBytes
  const least = db.pragma<number>('page_count') + headroomBytes / 16 / pageBytes
  db.set(`max_page_count = ${Math.min(pagesMax, Math.ceil(Math.max(allowed, least)))}`)
}

/**
 * Whether it is the wall, not the disk, that a `SQLITE_FULL` came from. What did not fit was rolled back when this is asked: a
 * file that is far from its wall, or a disk without room, speaks for the disk.
 */
export function isAtWall(db: Db): boolean {
  const isNear = db.pragma<number>('page_count') >= db.pragma<number>('max_page_count') / 2
  return isNear && freeBytes(db.path) >= diskRoomBytesMin
}
