/** A file that one process holds at a time. */
import BetterSqlite3 from 'better-sqlite3'
import { sqliteCode } from './sqlite.ts'

/** Holds a file locked against every other process until released; the kernel releases it when the process dies. */
export interface FileLock {
  release(): void
}

/** @returns the lock, or undefined when another process (or another holder in this one) has it. */
export function lockFile(path: string): FileLock | undefined {
  const raw = new BetterSqlite3(path, { timeout: 0 })
  try {
    raw.pragma('journal_mode = DELETE')
    raw.exec('BEGIN EXCLUSIVE')
    return { release: () => raw.close() }
  } catch (error) {
    raw.close()
    if (sqliteCode(error)?.startsWith('SQLITE_BUSY')) return undefined
    throw error
  }
}
