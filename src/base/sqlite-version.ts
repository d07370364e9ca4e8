/** Which SQLite is linked, and whether it is safe to use. */
import { openMemoryDb } from './sqlite.ts'

/** Versions before this one can lose committed writes when two connections checkpoint at once (the WAL-reset bug). */
const versionMin = '3.51.3'

/** Throws when the linked SQLite is older than the first one that does not lose writes. */
export function checkSqliteVersion(): string {
  const db = openMemoryDb([])
  const version = db.get<{ version: string }>('SELECT sqlite_version() AS version')?.version ?? '0'
  db.close()
  if (numberOf(version) < numberOf(versionMin))
    throw new Error(
      `SQLite ${version} can lose committed writes; Carrel needs ${versionMin} or newer.`,
    )
  return version
}

function numberOf(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return (major * 1_000 + minor) * 1_000 + patch
}
