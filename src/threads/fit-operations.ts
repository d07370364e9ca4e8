/** Learning from a library, the shard's side: text goes out in batches, what was learnt comes back in batches. */
import { type PassageToEmbed, passagesToEmbed } from '../library/passages.ts'
import { setVectorNote } from '../library/vector-changes.ts'
import { writeTerms } from '../search/embed/learnt-terms.ts'
import type { LsaModel } from '../search/embed/lsa.ts'
import type { FitPlan } from '../search/embed/refit.ts'
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'
import { dropUnfinished, fitPlan, openBuiltinSpace } from './vector-spaces.ts'

/** Some hundred kilobytes of text a message. */
const passagesPerBatch = 128

export interface FitPart {
  readonly fingerprint: string
  /** Passages of the library when the fit was planned. */
  readonly library: number
  /** Some terms of the fit. */
  readonly part: LsaModel
  /** No more come: from now on the new space is filled beside the one that is searched. */
  readonly isLast: boolean
}

/** @returns null when there is nothing to learn now */
export function plan(
  { embedder }: ShardContext,
  store: Store,
): (FitPlan & { passages: number }) | null {
  return fitPlan(embedder, store) ?? null
}

/** The next passages to learn from; empty at the end. */
export function passages(
  _context: ShardContext,
  { app }: Store,
  { after, every }: { after: number; every: number },
): readonly PassageToEmbed[] {
  const rest = { first: after + 1, last: Number.MAX_SAFE_INTEGER }
  return passagesToEmbed(app, rest, passagesPerBatch, every)
}

/** Keeps some terms of a fit; the same ones again change nothing. */
export function store(
  context: ShardContext,
  { vecs }: Store,
  { fingerprint, library, part, isLast }: FitPart,
): null {
  vecs.transaction(() => {
    dropUnfinished(vecs, fingerprint)
    const config = { fitted: part.passages, library }
    const space = openBuiltinSpace(vecs, fingerprint, config, context.nowMs())
    writeTerms(vecs, space, part, 0, part.terms.length)
    if (isLast) setVectorNote(vecs, 'fit', fingerprint)
  })
  return null
}
