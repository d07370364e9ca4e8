/** A library that nobody has open, brought to the present version by a thread that may wait for the disk. */
import { existsSync } from 'node:fs'
import { Problem } from '../base/problem.ts'
import { openDb } from '../base/sqlite.ts'
import { hashFile } from './copy-files.ts'
import { type FileVersions, fileVersions, isPresent, presentVersions } from './file-versions.ts'
import { appDbPath, tenantDirectory, vecsDbPath } from './layout.ts'
import { appApplicationId, appMigrations, vecsApplicationId, vecsMigrations } from './schema.ts'
import { atVersionOf, makeSnapshot, type SnapshotJob } from './snapshot.ts'
import { closeApp, closeStore, openApp, openStore } from './store.ts'
import type { TenantId } from './tenant-id.ts'

export interface MigrationJob {
  readonly dataDir: string
  readonly tenant: TenantId
  readonly generation: string
  /** Whether there is a copy from before, so that it matters whether the library is written to afterwards. */
  readonly hasCopy: boolean
}

/** A library that is at rest again. */
export interface Migrated {
  readonly versions: FileVersions
  /** Of app.db, where there is a copy from before: whoever finds another one knows that it was written to since. */
  readonly sha256: string | null
}

/**
 * Copies the library as it is, unless it is of the present version.
 * @param hasBegun whether there is a copy, and the migration that followed it did not end
 * @returns whether there was something to copy
 * @throws Problem as `makeSnapshot`
 */
export async function copyBefore(job: SnapshotJob, hasBegun: boolean): Promise<boolean> {
  foldLogs(job.directory)
  const versions = fileVersions(job.directory)
  // app.db comes first, each file in one step: with it behind, nothing was done yet.
  const isUnderWay = hasBegun && versions.app === presentVersions.app
  if (isPresent(versions) || isUnderWay) return false
  await makeSnapshot({ ...job, isAtRest: true })
  return true
}

/**
 * Opens the files that are of another version, which migrates them, and closes them.
 * @throws Problem what `openStore` throws; `disk_full` when the log could not be folded
 */
export function migrateResting(job: MigrationJob): Migrated {
  const { dataDir, tenant, generation, hasCopy } = job
  const directory = tenantDirectory(dataDir, tenant)
  // What a crash left in the log may be the migration itself, which the file’s header does not tell.
  foldLogs(directory)
  const before = fileVersions(directory)
  const expected = { generation, create: false }
  if (!isPresent(before)) {
    const isFolded =
      before.vecs === presentVersions.vecs
        ? closeApp(openApp(directory, tenant, expected))
        : closeStore(openStore(dataDir, tenant, expected))
    if (!isFolded)
      throw new Problem('disk_full', 'The library was migrated, but its log could not be folded.')
  }
  const sha256 = hasCopy ? hashFile(appDbPath(directory)).sha256 : null
  return { versions: fileVersions(directory), sha256 }
}

const kinds = [
  [appDbPath, { applicationId: appApplicationId, migrations: appMigrations }],
  [vecsDbPath, { applicationId: vecsApplicationId, migrations: vecsMigrations }],
] as const
const logs = ['-wal', '-shm', '-journal']

/** Folds the logs that a crash left into their files, which keep their version. @throws Problem as `openDb` */
function foldLogs(directory: string): void {
  for (const [pathIn, kind] of kinds) {
    const path = pathIn(directory)
    if (!existsSync(path) || !logs.some((suffix) => existsSync(path + suffix))) continue
    const db = openDb(path, { mode: 'open', synchronous: 'FULL', ...atVersionOf(path, kind) })
    db.checkpoint()
    db.close()
  }
}
