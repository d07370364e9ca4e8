/** How many libraries a second the disk lets a plain loop do that waits as often for each as a migration does. */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openDb } from '../../src/base/sqlite.ts'

/**
 * Counted with strace over a campaign, for each library. Of a copy: two databases, the manifest, the originals' directory, its
 * own, and the two above it. Of the migration: the log's head, the directory's, the log, the file. The notes of several
 * libraries in control.db share theirs and are left out.
 */
export const waitsOfMigration = { withSnapshot: 11, without: 4 }
/** A transaction in a file that was opened for it, and made durable by folding its log: as the migration alone. */
const waitsOfTransaction = waitsOfMigration.without
const pageBytes = 4_096
const migrations = ['CREATE TABLE rows (id INTEGER PRIMARY KEY, at INTEGER) STRICT']

/** @param waits times that each turn waits for the disk @param loopMs how long to measure @returns turns a second */
export function fsyncBoundRate(place: string, waits: number, loopMs: number): number {
  const directory = mkdtempSync(join(place, 'bound-'))
  const options = { synchronous: 'NORMAL', applicationId: 1, migrations } as const
  const path = join(directory, 'rows.db')
  openDb(path, { mode: 'create', ...options }).close()
  const page = Buffer.alloc(pageBytes, 1)
  const startMs = performance.now()
  let turns = 0
  while (performance.now() - startMs < loopMs) {
    const db = openDb(path, { mode: 'open', ...options })
    db.run('INSERT INTO rows (at) VALUES (?)', turns)
    db.checkpoint()
    db.close()
    for (let more = waits - waitsOfTransaction; more > 0; more--) {
      const fd = openSync(join(directory, `page-${more}`), 'w')
      writeSync(fd, page)
      fsyncSync(fd)
      closeSync(fd)
    }
    turns++
  }
  const rate = turns / ((performance.now() - startMs) / 1_000)
  rmSync(directory, { recursive: true })
  return rate
}
