/** Indexing a document's passages again (its title changed) beside the old postings, then switching at once. */
import type { Db } from '../base/sqlite.ts'
import { nextReindex, passageRanges, passagesAfter, setReindexAfter } from '../library/passages.ts'
import { noteVectorChange } from '../library/vector-changes.ts'
import { dropPending, indexPassages, replaceSegments } from '../search/index-writer.ts'
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'
import { asIndexed } from './ingest-operations.ts'

/** About five milliseconds of analysis: a search that waits for it does not notice. */
const passagesPerStep = 32

export function reindexPending(app: Db): boolean {
  return nextReindex(app) !== undefined
}

/** @returns whether anything is left to do */
export function reindexStep(context: ShardContext, { app }: Store): boolean {
  const due = nextReindex(app)
  if (!due) return false
  app.unsyncedTransaction(() => {
    if (due.after === 0) dropPending(app, due.documentSeq)
    const passages = passagesAfter(app, due, due.after, passagesPerStep)
    const last = passages.at(-1)
    if (last) {
      indexPassages(app, due, asIndexed(due.title, passages), context.analyser)
      setReindexAfter(app, due.documentSeq, last.id)
    } else {
      replaceSegments(app, due)
      setReindexAfter(app, due.documentSeq, null)
      // A passage is embedded with its title.
      noteVectorChange(app, 'embed', passageRanges(app, due))
    }
  })
  return true
}
