/** What a first search is held against: opening the two files of such a library as Carrel does, one SELECT in each, closing. */
import BetterSqlite3 from 'better-sqlite3'
import { appDbPath, vecsDbPath } from '../../src/tenancy/layout.ts'

/** Those of every open of Carrel's (src/base/sqlite.ts). */
const pragmas = [
  ...['trusted_schema = OFF', 'journal_mode = WAL', 'cache_size = -1024', 'temp_store = MEMORY'],
  ...['secure_delete = ON', 'foreign_keys = ON', 'journal_size_limit = 4194304'],
]

/** @returns milliseconds */
export function rawOpenMs(directory: string): number {
  const startMs = performance.now()
  const opened = (
    [
      [appDbPath(directory), 'FULL'],
      [vecsDbPath(directory), 'NORMAL'],
    ] as const
  ).map(([path, synchronous]) => {
    const db = new BetterSqlite3(path, { fileMustExist: true })
    for (const pragma of pragmas) db.pragma(pragma)
    db.pragma(`synchronous = ${synchronous}`)
    db.prepare('SELECT key, value FROM meta').all()
    return db
  })
  for (const db of opened) db.close()
  return performance.now() - startMs
}
