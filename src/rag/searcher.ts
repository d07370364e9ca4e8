/** A search with models around it: the question's vector before the shard is asked, a better order after. */
import { LRUCache } from 'lru-cache'
import { extended, JsonText } from '../base/json-text.ts'
import type { TenantHandle } from '../control/tenant-directory.ts'
import { parseQuery, wantedText } from '../search/query.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { HitView, SearchArgs, SearchView } from '../threads/search-operation.ts'
import type { QueryVectors } from './query-vectors.ts'
import type { Reranker } from './rerank.ts'

/** Tenants whose space is remembered; of the others the shard is asked once more. */
const tenantsMax = 10_000
/** How often a search may hear that another space is searched by now. */
const switchesMax = 2

export interface SearcherOptions {
  /** Not given: the built-in embedder alone. */
  readonly queries?: Pick<QueryVectors, 'of'> | undefined
  readonly reranker?: Pick<Reranker, 'rerank'> | undefined
  /** Hits that are ordered anew. */
  readonly rerankHits?: number
}

export type AskedTenant = Pick<TenantHandle, 'id' | 'call'>
type TextTenant = Pick<TenantHandle, 'id' | 'call' | 'callText'>

export interface SearchRequest extends Omit<SearchArgs, 'vector'> {
  /** Whether the best hits are ordered anew, where there is an endpoint for that. */
  readonly rerank: boolean
}

export type FoundHit = HitView & {
  /** What the reranker gave; the order follows it. */
  readonly rerank_score?: number
}

export interface Found extends Omit<SearchView, 'wants' | 'hits'> {
  readonly hits: readonly FoundHit[]
  readonly reranked: boolean
}

export class Searcher {
  readonly #options: SearcherOptions
  /** The remote space that a tenant is searched in, as the shard said last. */
  readonly #spaces = new LRUCache<TenantId, string>({ max: tenantsMax })

  constructor(options: SearcherOptions = {}) {
    this.#options = options
  }

  /** @throws Problem what the operation throws */
  async search(
    tenant: AskedTenant,
    { rerank, ...args }: SearchRequest,
    signal?: AbortSignal,
  ): Promise<Found> {
    const { reranker, rerankHits = 0 } = this.#options
    const text = questionOf(args.query)
    const isReranked = rerank && reranker !== undefined && text !== ''
    const limit = isReranked ? Math.max(args.limit, rerankHits) : args.limit
    const found = await this.#find(tenant, { ...args, limit }, text, signal)
    const ranked = isReranked ? await this.#rerank(text, found.hits, signal) : undefined
    const hits = (ranked ?? found.hits).slice(0, args.limit)
    return { ...found, hits, reranked: ranked !== undefined }
  }

  /** As `search`, as JSON: that of the shard, where nobody asks for vectors or another order. @throws Problem as `search` */
  async searchText(
    tenant: TextTenant,
    request: SearchRequest,
    signal?: AbortSignal,
  ): Promise<JsonText<Found>> {
    const { queries, reranker } = this.#options
    const { rerank, ...args } = request
    if ((queries && args.mode !== 'keyword') || (rerank && reranker))
      return new JsonText(JSON.stringify(await this.search(tenant, request, signal)))
    return extended(await tenant.callText('search', args, { signal }), { reranked: false })
  }

  /** A search reads one space. Which one it is the shard says: a vector of another is not used, and asked for anew. */
  async #find(
    tenant: AskedTenant,
    args: SearchArgs,
    text: string,
    signal: AbortSignal | undefined,
  ): Promise<Omit<SearchView, 'wants'>> {
    const { queries } = this.#options
    let space = queries && args.mode !== 'keyword' ? this.#spaces.get(tenant.id) : undefined
    for (let switches = 0; ; switches++) {
      const values = space && (await queries?.of(tenant.id, text, space, signal))
      const vector = space && values ? { fingerprint: space, values } : undefined
      const { wants, ...found } = await tenant.call('search', { ...args, vector }, { signal })
      if (wants === undefined || !queries) return found
      this.#spaces.set(tenant.id, wants)
      // There is no vector of that space now: the answer is by words.
      if (wants === space || switches >= switchesMax) return found
      space = wants
    }
  }

  /** @returns undefined on any fault: the order there is stays */
  async #rerank(
    text: string,
    hits: readonly HitView[],
    signal: AbortSignal | undefined,
  ): Promise<FoundHit[] | undefined> {
    if (hits.length === 0) return undefined
    const texts = hits.map((hit) => `${hit.title}\n\n${hit.text}`)
    const ranking = await this.#options.reranker?.rerank(text, texts, signal)
    if (!ranking) return undefined
    const ranked = ranking.flatMap(({ index, score }): FoundHit[] => {
      const hit = hits[index]
      return hit ? [{ ...hit, rerank_score: score }] : []
    })
    const seen = new Set(ranking.map(({ index }) => index))
    return [...ranked, ...hits.filter((_, index) => !seen.has(index))]
  }
}

/** As typed, unless that says what not to find, or where. */
function questionOf(query: string): string {
  const parsed = parseQuery(query)
  const { clauses, tags, excludedTags, pages } = parsed
  const isPlain =
    tags.length + excludedTags.length + pages.length === 0 &&
    clauses.every(({ kind, field, isNegated }) => kind === 'word' && field === 'any' && !isNegated)
  return isPlain ? query.trim() : wantedText(parsed)
}
