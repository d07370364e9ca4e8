/** Passages, the shard's side: widened to what stands around them, for an answer to be drawn from. */
import type { PassageSpan } from '../ingest/contract.ts'
import { estimateTokens } from '../ingest/tokens.ts'
import {
  type Neighbour,
  neighbours,
  type PageStretch,
  pageStretches,
} from '../library/passage-context.ts'
import { passageRow } from '../library/passages.ts'
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'

/** On each side: a section is seldom longer than five passages within any budget. */
const neighboursMax = 2

/** A passage with what stands around it in its section, as far as the budget goes. */
export interface WidePassage {
  readonly passage_id: string
  readonly document_id: string
  readonly title: string
  readonly section: readonly string[]
  readonly language: string
  /** In order; places are of the page's text. */
  readonly pages: readonly PageStretch[]
}

/**
 * @param args.tokensMax of each passage together with its neighbours; the passage itself is always whole
 * @param args.isBare without the text of the pages around them
 * @returns in the order of the ids; those that are gone are left out
 */
export function widen(
  _context: ShardContext,
  { app }: Store,
  args: {
    readonly ids: readonly string[]
    readonly tokensMax: number
    readonly isBare?: boolean
  },
): WidePassage[] {
  return args.ids.flatMap((id) => {
    const passage = passageRow(app, Number(id))
    if (!passage) return []
    const near = {
      next: neighbours(app, passage, 'next', neighboursMax),
      previous: neighbours(app, passage, 'previous', neighboursMax),
    }
    const spans = [
      ...passage.spans,
      ...fitting(near, args.tokensMax - estimateTokens(passage.text)),
    ]
    const { document_id, title, section, language } = passage
    const pages = pageStretches(app, passage, spans, args.isBare === true)
    return [{ passage_id: id, document_id, title, section, language, pages }]
  })
}

/** What follows before what precedes, the nearest first; a gap is never jumped. */
function fitting(
  { next, previous }: { next: readonly Neighbour[]; previous: readonly Neighbour[] },
  tokens: number,
): PassageSpan[] {
  const spans: PassageSpan[] = []
  let left = tokens
  const takes = (one: Neighbour | undefined): boolean => {
    const cost = one ? estimateTokens(one.text) : 0
    if (!one || cost > left) return false
    left -= cost
    spans.push(...one.spans)
    return true
  }
  const isOpen = { next: true, previous: true }
  for (let at = 0; at < neighboursMax; at++) {
    isOpen.next = isOpen.next && takes(next[at])
    isOpen.previous = isOpen.previous && takes(previous[at])
  }
  return spans
}
