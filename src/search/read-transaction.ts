/** Many reads as one: a single snapshot, and the file is locked once instead of at every statement. */
import type { Db } from '../base/sqlite.ts'

const begin = 'BEGIN'
const end = 'COMMIT'

/** Inside a transaction it joins that one. */
export function readConsistently<T>(app: Db, work: () => T): T {
  if (app.inTransaction) return work()
  app.script(begin)
  try {
    return work()
  } finally {
    app.script(end)
  }
}
