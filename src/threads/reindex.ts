/** Indexing a document's passages again beside the old postings, then switching at once: its title, its language or the analyser changed. */
import type { Db } from '../base/sqlite.ts'
import {
  nextReindex,
  passageRanges,
  passagesAfter,
  publishedAfter,
  setPassageLanguage,
  setReindexAfter,
} from '../library/passages.ts'
import { reanalysedUpTo, setReanalysedUpTo } from '../library/reanalysis.ts'
import { analyserVersion } from '../search/analysis/analyser.ts'
import { dropPending, indexPassages, replaceSegments, staleRanges } from '../search/index-writer.ts'
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'
import { asIndexed } from './ingest-operations.ts'

/** About five milliseconds of analysis: a search that waits for it does not notice. */
const passagesPerStep = 32
/** Documents passed over in a step, which another version of the analyser did not index. */
const documentsPerStep = 64

export function reindexPending(app: Db): boolean {
  return nextReindex(app) !== undefined
}

/** @returns whether anything is left to do */
export function reindexStep(context: ShardContext, { app }: Store): boolean {
  const due = nextReindex(app)
  if (!due) return false
  app.unsyncedTransaction(() => {
    if (due.after === 0) dropPending(app, due.documentSeq)
    const found = passagesAfter(app, due, due.after, passagesPerStep)
    const passages = due.language ? inLanguage(app, found, due.language) : found
    const last = passages.at(-1)
    if (last) {
      indexPassages(app, due, asIndexed(due.title, passages), context.analyser)
      setReindexAfter(app, due.documentSeq, last.id)
    } else {
      replaceSegments(app, due)
      setReindexAfter(app, due.documentSeq, null)
    }
  })
  return true
}

/** The passages as ones of the language that their reader chose, and their rows with them. */
function inLanguage<P extends { readonly id: number; readonly language: string }>(
  app: Db,
  passages: readonly P[],
  language: string,
): P[] {
  return passages.map((passage) => {
    if (passage.language !== language) setPassageLanguage(app, passage.id, language)
    return { ...passage, language }
  })
}

/** Whether an earlier version of the analyser indexed something that is searched, and it was not looked for to the end. */
export function reanalysisPending(app: Db): boolean {
  return reanalysedUpTo(app, analyserVersion) !== 'end' && staleRanges(app).length > 0
}

/** Notes the next such document as one to be indexed again, from its stored passages: one at a time, so that merges keep up. */
export function reanalysisStep({ app }: Store): void {
  app.unsyncedTransaction(() => {
    const stale = staleRanges(app)
    let after = reanalysedUpTo(app, analyserVersion)
    for (let looked = 0; looked < documentsPerStep && after !== 'end'; looked++) {
      const document = publishedAfter(app, after)
      after = document?.documentSeq ?? 'end'
      const isStale = passageRanges(app, document ?? nothing).some(({ first, last }) =>
        stale.some((range) => range.first <= last && first <= range.last),
      )
      if (!isStale) continue
      setReindexAfter(app, document?.documentSeq ?? 0, 0)
      break
    }
    setReanalysedUpTo(app, analyserVersion, after)
  })
}

const nothing = { documentSeq: 0, revision: 0 }
