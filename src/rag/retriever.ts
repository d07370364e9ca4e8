/** From a question to numbered sources: searched, diversified, without doubles, widened within a budget, in reading order. */
import type { TenantHandle } from '../control/tenant-directory.ts'
import type { WidePassage } from '../threads/passage-operations.ts'
import type { HitView, SearchArgs } from '../threads/search-operation.ts'
import { Searcher } from './searcher.ts'

/** Searched, and of those taken at most. */
const hitsMax = 24
const sourcesMax = 8
export type AskTenant = Pick<TenantHandle, 'id' | 'call'>
export type SourceFilter = SearchArgs['filter']

/** What an answer may cite as `[n]`. */
export interface Source extends WidePassage {
  /** From 1, in the order of `passages`. */
  readonly n: number
  /** Of the match. */
  readonly page: number
  readonly page_label: string | null
  readonly text: string
  readonly snippet: string
  /** Relative to the best, 0 … 1. */
  readonly score: number
}

export interface Retrieval {
  readonly query: string
  readonly filter: SourceFilter
  /** Of all sources together. */
  readonly tokensMax: number
  /** Without the text of the pages around the sources: for quoting, nothing else is looked up there. */
  readonly isBare?: boolean
  readonly signal?: AbortSignal | undefined
  /** How it is searched; by the built-in embedder alone when not given. */
  readonly searcher?: Pick<Searcher, 'search'> | undefined
}

/** @returns at most a handful, documents in the order of their best passage; empty when nothing was found */
export async function retrieve(tenant: AskTenant, asked: Retrieval): Promise<Source[]> {
  const options = asked.signal ? { signal: asked.signal } : {}
  const { query, filter, isBare = false, searcher = new Searcher() } = asked
  if (query.trim() === '') return []
  const { hits: chosen } = await searcher.search(
    tenant,
    { query, filter, mode: 'hybrid', limit: hitsMax, sourcesMax, explain: false, rerank: false },
    asked.signal,
  )
  if (chosen.length === 0) return []
  const tokensMax = Math.floor(asked.tokensMax / chosen.length)
  const ids = chosen.map((hit) => hit.passage_id)
  const wide = await tenant.call('passages.widen', { ids, tokensMax, isBare }, options)
  return inOrder(withoutCovered(wide), chosen)
}

/** A passage that another one's widening already holds is not said twice. */
function withoutCovered(wide: readonly WidePassage[]): WidePassage[] {
  const kept: WidePassage[] = []
  for (const one of wide) {
    const isCovered = one.pages.every(({ page, start, end }) =>
      kept.some(
        (other) =>
          other.document_id === one.document_id &&
          other.pages.some((p) => p.page === page && p.start <= start && p.end >= end),
      ),
    )
    if (!isCovered || one.pages.length === 0) kept.push(one)
  }
  return kept
}

function inOrder(wide: readonly WidePassage[], hits: readonly HitView[]): Source[] {
  const best = Math.max(...hits.map((hit) => hit.score), Number.MIN_VALUE)
  const byId = new Map(hits.map((hit) => [hit.passage_id, hit]))
  const found = wide.flatMap((one) => {
    const hit = byId.get(one.passage_id)
    return hit ? [{ one, hit }] : []
  })
  const byDocument = [...Map.groupBy(found, ({ one }) => one.document_id).values()]
  return byDocument
    .flatMap((there) => there.sort((a, b) => placeOf(a.one) - placeOf(b.one)))
    .map(({ one, hit: { page, page_label, text, snippet, score } }, at) => {
      return { ...one, n: at + 1, page, page_label, text, snippet, score: score / best }
    })
}

function placeOf({ pages: [first] }: WidePassage): number {
  return first ? first.page * 1e7 + first.start : 0
}
