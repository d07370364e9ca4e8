/** What some libraries take up on the disk, and how old their copies are, by their files' names and times: asked of the control thread, which may wait for a disk. */
import { readdirSync, statSync } from 'node:fs'
import type { Db } from '../base/sqlite.ts'
import { appDbPath, tenantDirectory, tenantSnapshots, vecsDbPath } from '../tenancy/layout.ts'
import { parseSnapshotName } from './snapshot-name.ts'
import type { TenantRecord } from './tenants.ts'

/** Records that somebody waits for are not kept waiting longer: a slow disk gets through fewer libraries. */
const budgetMs = 4

export interface LibrariesOnDisk {
  readonly dataDir: string
  readonly snapshotsDir: string
  readonly tenants: readonly Pick<TenantRecord, 'id' | 'createdAt'>[]
}

export interface DiskSizes {
  /** So many of them, from the first on; at least one. */
  readonly looked: number
  /** Databases with their logs. */
  readonly appBytes: number
  readonly vecsBytes: number
  /** When the library that waits longest for a copy was copied, or made where it never was; null where none waits. */
  readonly uncopiedSinceMs: number | null
}

/** Never throws: what cannot be looked at counts as nothing. */
export function diskSizes(_db: Db, { dataDir, snapshotsDir, tenants }: LibrariesOnDisk): DiskSizes {
  const deadlineMs = performance.now() + budgetMs
  let [looked, appBytes, vecsBytes, uncopiedSinceMs] = [0, 0, 0, Number.POSITIVE_INFINITY]
  for (const { id, createdAt } of tenants) {
    if (looked > 0 && performance.now() > deadlineMs) break
    looked++
    const directory = tenantDirectory(dataDir, id)
    const app = filesOf(appDbPath(directory))
    appBytes += app.bytes
    vecsBytes += filesOf(vecsDbPath(directory)).bytes
    if (app.writtenAtMs === 0) continue
    const copiedAtMs = lastCopyMs(tenantSnapshots(snapshotsDir, id))
    if (app.writtenAtMs <= copiedAtMs) continue
    uncopiedSinceMs = Math.min(uncopiedSinceMs, copiedAtMs || createdAt)
  }
  const isWaiting = Number.isFinite(uncopiedSinceMs)
  return { looked, appBytes, vecsBytes, uncopiedSinceMs: isWaiting ? uncopiedSinceMs : null }
}

function lastCopyMs(snapshots: string): number {
  try {
    return Math.max(0, ...readdirSync(snapshots).map((name) => parseSnapshotName(name) ?? 0))
  } catch {
    return 0
  }
}

/** A database with its log. */
function filesOf(path: string): { bytes: number; writtenAtMs: number } {
  let [bytes, writtenAtMs] = [0, 0]
  for (const file of [path, `${path}-wal`]) {
    try {
      const stats = statSync(file, { throwIfNoEntry: false })
      bytes += stats?.size ?? 0
      writtenAtMs = Math.max(writtenAtMs, stats?.mtimeMs ?? 0)
    } catch {
      // Not ours to read: its next open says so.
    }
  }
  return { bytes, writtenAtMs }
}
