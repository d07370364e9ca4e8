/** What a library uses of its share: counted in its own tables, so that no crash can make it wrong. */
import type { Db } from '../base/sqlite.ts'
import { checkShare, databaseBytes, type Quota } from '../tenancy/quota.ts'
import { libraryTotals } from './documents.ts'

/** All passages there are, published or being made. */
const selectPassages = 'SELECT coalesce(sum(last - first + 1), 0) AS passages FROM passage_ranges'
/** Of these, what goes when the document's new revision is complete. */
const selectLeaving = `SELECT coalesce(sum(last - first + 1), 0) AS passages FROM passage_ranges
  WHERE document_seq = ? AND revision <> ?`
const selectPagesRead = "SELECT value FROM meta WHERE key = 'pages_read'"
const upsertPagesRead = `INSERT INTO meta (key, value) VALUES ('pages_read', ?)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value`

const dayMs = 86_400_000

export interface Usage {
  readonly documents: number
  readonly bytes: number
  readonly passages: number
  readonly database_bytes: number
  readonly pages_per_day: number
}

interface Files {
  readonly app: Db
  readonly vecs: Db
  readonly quota: Quota
}

export function usageOf(files: Files, nowMs: number): Usage {
  return {
    ...libraryTotals(files.app),
    database_bytes: databaseBytes(files),
    pages_per_day: pagesReadOn(files.app, nowMs),
  }
}

/** In the transaction that adds the document. @throws Problem `quota_exceeded` */
export function checkDocument(files: Files, bytes: number): void {
  const { quota } = files
  const used = libraryTotals(files.app)
  checkShare('documents', { used: used.documents, more: 1, limit: quota.documents })
  checkShare('bytes', { used: used.bytes, more: bytes, limit: quota.bytes })
  checkDatabase(files)
}

/** In the transaction that wrote the passages. @throws Problem `quota_exceeded`: what was written is rolled back */
export function checkPassages(
  files: Files,
  { documentSeq, revision }: { documentSeq: number; revision: number },
): void {
  const { app, quota } = files
  if (quota.passages !== null) {
    const all = app.get<{ passages: number }>(selectPassages)?.passages ?? 0
    const leaving =
      app.get<{ passages: number }>(selectLeaving, documentSeq, revision)?.passages ?? 0
    checkShare('passages', { used: all - leaving, limit: quota.passages })
  }
  checkDatabase(files)
}

function checkDatabase(files: Files): void {
  const { database_bytes: limit } = files.quota
  if (limit !== null) checkShare('database_bytes', { used: databaseBytes(files), limit })
}

export function notePagesRead(app: Db, pages: number, nowMs: number): void {
  if (pages > 0) app.run(upsertPagesRead, `${dayOf(nowMs)} ${pagesReadOn(app, nowMs) + pages}`)
}

/** @returns when reading may go on: 0 for now, else the next day's beginning, UTC */
export function mayReadAtMs({ app, quota }: Files, nowMs: number): number {
  const { pages_per_day: limit } = quota
  if (limit === null || pagesReadOn(app, nowMs) < limit) return 0
  return (dayOf(nowMs) + 1) * dayMs
}

function pagesReadOn(app: Db, nowMs: number): number {
  const [day, pages] = (app.get<{ value: string }>(selectPagesRead)?.value ?? '').split(' ')
  return Number(day) === dayOf(nowMs) ? Number(pages) : 0
}

/** Days since 1970. */
function dayOf(nowMs: number): number {
  return Math.floor(nowMs / dayMs)
}
