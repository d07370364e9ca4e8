/** The client of a `/rerank` endpoint (Jina, Cohere, vLLM, llama.cpp, text-embeddings-inference): a better order, or none. */
import { Breaker, type BreakerLimits } from './breaker.ts'
import { type Clock, systemClock } from './clock.ts'
import { type EndpointFault, fault, unavailable } from './endpoint-fault.ts'
import { type Endpoint, endpointUrl, whoIs } from './endpoint-url.ts'
import { type Posted, postJson } from './http-json.ts'

export interface RerankLimits {
  /** From the question to the order; after it the search answers without. */
  readonly timeoutMs: number
  readonly answerBytesMax: number
  /** Documents a request: a cross-encoder reads each of them together with the question. */
  readonly documentsMax: number
  /** UTF-16 units of each; what is behind seldom fits the model anyway. */
  readonly charactersMax: number
  /** Requests at once; one more does without. */
  readonly concurrencyMax: number
  readonly breaker: BreakerLimits
}

export const rerankLimits: RerankLimits = {
  timeoutMs: 2_000,
  answerBytesMax: 1024 * 1024,
  documentsMax: 100,
  charactersMax: 4_000,
  concurrencyMax: 8,
  breaker: { failuresMax: 3, restMs: 10_000, restMsMax: 60_000 },
}

export interface RerankOptions {
  /** `http://host:8080`, `…/v1` or `…/rerank`. */
  readonly url: string
  /** Where the endpoint serves one model only, it need not be named. */
  readonly model?: string | undefined
  readonly apiKey?: string | undefined
  readonly limits?: Partial<RerankLimits>
  readonly clock?: Clock
  readonly random?: () => number
  /** Told why there was no order, for the log. */
  readonly onFault?: (reason: EndpointFault) => void
}

export interface Ranked {
  /** Into the documents that were given. */
  readonly index: number
  /** Comparable within one answer only: some models give logits, some 0 to 1. */
  readonly score: number
}

type Shape = 'documents' | 'texts'

export class Reranker {
  readonly #options: RerankOptions
  readonly #limits: RerankLimits
  readonly #endpoint: Endpoint
  readonly #breaker: Breaker
  #running = 0
  /** What the server wants its texts to be called; found out at the first request. */
  #shape: Shape = 'documents'

  constructor(options: RerankOptions) {
    this.#options = options
    this.#limits = { ...rerankLimits, ...options.limits }
    const { url, apiKey } = options
    this.#endpoint = { name: 'rerank endpoint', url: endpointUrl(url, 'rerank', '/rerank'), apiKey }
    const clock = options.clock ?? systemClock
    this.#breaker = new Breaker(this.#limits.breaker, clock, options.random ?? Math.random)
  }

  /**
   * @param documents best first; those beyond the limit keep their place behind the ranked ones
   * @returns what was ranked, best first, each document at most once; undefined on any fault: keep the order there is
   * @throws the signal's reason when the caller aborts
   */
  async rerank(
    query: string,
    documents: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly Ranked[] | undefined> {
    if (documents.length === 0) return []
    const answer = await this.#guarded(query, documents, signal)
    if (!('fault' in answer)) return answer.ranking
    this.#options.onFault?.(answer.fault)
    return undefined
  }

  async #guarded(
    query: string,
    documents: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Ranking> {
    if (this.#running >= this.#limits.concurrencyMax)
      return { fault: unavailable('Too many searches wait for the rerank endpoint.') }
    const entry = this.#breaker.enter()
    if (entry.waitMs > 0)
      return {
        fault: unavailable(
          'The rerank endpoint failed and is left alone for a while.',
          false,
          entry.waitMs,
        ),
      }
    let outcome: 'success' | 'failure' | 'unknown' = 'unknown'
    this.#running++
    try {
      const answer = await this.#ask(query, documents, signal)
      outcome = 'fault' in answer ? 'failure' : 'success'
      return answer
    } finally {
      this.#running--
      this.#breaker.leave(entry, outcome)
    }
  }

  async #ask(
    query: string,
    documents: readonly string[],
    caller: AbortSignal | undefined,
  ): Promise<Ranking> {
    const { documentsMax, charactersMax } = this.#limits
    const texts = documents
      .slice(0, documentsMax)
      .map((text) => text.slice(0, charactersMax).toWellFormed())
    const question = query.slice(0, charactersMax).toWellFormed()
    const startedAtMs = performance.now()
    let posted = await this.#post(question, texts, this.#limits.timeoutMs, caller)
    // TEI calls them `texts`: the first refusal may only be about the name.
    if ('fault' in posted && posted.fault.kind === 'refused' && posted.fault.mayBeInput) {
      const leftMs = Math.max(1, this.#limits.timeoutMs - (performance.now() - startedAtMs))
      this.#shape = this.#shape === 'documents' ? 'texts' : 'documents'
      posted = await this.#post(question, texts, leftMs, caller)
    }
    return 'fault' in posted
      ? posted
      : readRanking(posted.value, texts.length, whoIs(this.#endpoint))
  }

  #post(
    query: string,
    texts: readonly string[],
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Posted> {
    const body =
      this.#shape === 'texts'
        ? { query, texts, truncate: true }
        : { model: this.#options.model, query, documents: texts, top_n: texts.length }
    const { answerBytesMax } = this.#limits
    return postJson({
      ...this.#endpoint,
      body,
      timeoutMs,
      idleMs: timeoutMs,
      answerBytesMax,
      texts: [query, ...texts],
      signal,
    })
  }
}

type Ranking = { readonly ranking: readonly Ranked[] } | { readonly fault: EndpointFault }

/** `{results: [{index, relevance_score}]}` (Jina, Cohere) or `[{index, score}]` (TEI). */
function readRanking(value: unknown, count: number, who: string): Ranking {
  const items = Array.isArray(value) ? value : (value as { results?: unknown } | null)?.results
  if (!Array.isArray(items)) return bad(`${who} answered without \`results\`.`)
  const ranking: Ranked[] = []
  const seen = new Set<number>()
  for (const item of items as readonly (Record<string, unknown> | null)[]) {
    const index = item?.['index']
    const score = item?.['relevance_score'] ?? item?.['score']
    if (!isIndex(index, count) || seen.has(index))
      return bad(`${who} ranked a document that it was not given, or one twice.`)
    if (typeof score !== 'number' || !Number.isFinite(score))
      return bad(`${who} gave a document no finite score.`)
    seen.add(index)
    ranking.push({ index, score })
  }
  if (ranking.length === 0) return bad(`${who} ranked nothing.`)
  return { ranking: ranking.sort((a, b) => b.score - a.score || a.index - b.index) }
}

function isIndex(value: unknown, count: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < count
}

function bad(sentence: string): Ranking {
  return { fault: fault('bad_answer', sentence) }
}
