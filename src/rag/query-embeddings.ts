/** The vector of a question, soon or not at all: a short deadline, a cache, and no waiting for an endpoint that is slow. */
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { Breaker, type BreakerLimits } from './breaker.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Embeddings } from './embeddings.ts'
import { type EndpointFault, fault, unavailable } from './endpoint-fault.ts'
import type { Space } from './space-meter.ts'

export interface QueryLimits {
  /** After this the caller searches by words alone. */
  readonly deadlineMs: number
  /** Vectors kept, in bytes: 2,000 questions of 1,024 dimensions. */
  readonly cacheBytesMax: number
  /** Questions on their way at once, those included whose caller has given up. */
  readonly inFlightMax: number
  /** Missed deadlines in a row after which nobody waits for a while. */
  readonly patience: BreakerLimits
}

export const queryLimits: QueryLimits = {
  deadlineMs: 1_500,
  cacheBytesMax: 8 * 1024 * 1024,
  inFlightMax: 32,
  patience: { failuresMax: 3, restMs: 10_000, restMsMax: 60_000 },
}

export type QueryVector =
  | { readonly vector: Float32Array; readonly fingerprint: string }
  | { readonly fault: EndpointFault }

export interface QueryEmbeddingsOptions {
  readonly embeddings: Pick<Embeddings, 'embed' | 'space' | 'current'>
  readonly limits?: Partial<QueryLimits>
  readonly clock?: Clock
  readonly random?: () => number
}

export class QueryEmbeddings {
  readonly #embeddings: QueryEmbeddingsOptions['embeddings']
  readonly #limits: QueryLimits
  readonly #cache: LRUCache<string, Float32Array>
  readonly #inFlight = new Map<string, Promise<QueryVector>>()
  readonly #patience: Breaker

  constructor(options: QueryEmbeddingsOptions) {
    this.#embeddings = options.embeddings
    this.#limits = { ...queryLimits, ...options.limits }
    this.#cache = new LRUCache({
      maxSize: this.#limits.cacheBytesMax,
      sizeCalculation: (vector) => vector.byteLength,
    })
    const clock = options.clock ?? systemClock
    this.#patience = new Breaker(this.#limits.patience, clock, options.random ?? Math.random)
  }

  /**
   * @param scope who may share cached answers (the tenant): how fast an answer comes tells no one what another asked
   * @param text the question as the user wrote it
   * @returns the vector and the space it is in, or the fault after which to search by words alone
   * @throws the signal's reason when the caller aborts
   */
  async embed(scope: string, text: string, signal?: AbortSignal): Promise<QueryVector> {
    signal?.throwIfAborted()
    if (text.trim() === '') return { fault: fault('refused', 'The question is empty.', true) }
    const cached = this.#cached(scope, text)
    if (cached) return cached
    const entry = this.#patience.enter()
    if (entry.waitMs > 0)
      return {
        fault: unavailable(
          'The embeddings endpoint is too slow for questions.',
          false,
          entry.waitMs,
        ),
      }
    const answer = await this.#withDeadline(this.#start(scope, text), signal).catch((error) => {
      this.#patience.leave(entry, 'unknown')
      throw error
    })
    const isLate = 'fault' in answer && answer.fault.kind === 'timeout'
    this.#patience.leave(entry, isLate ? 'failure' : 'fault' in answer ? 'unknown' : 'success')
    return answer
  }

  /** A measured space is enough here, even an old one; somebody measures it anew meanwhile. */
  #cached(scope: string, text: string): QueryVector | undefined {
    const space = this.#embeddings.current
    const vector = space && this.#cache.get(keyOf(scope, space, text))
    return vector && space ? { vector, fingerprint: space.fingerprint } : undefined
  }

  /** One request for all who ask the same at once; it goes on when they give up, and fills the cache. */
  #start(scope: string, text: string): Promise<QueryVector> {
    const key = digest(scope, text)
    const running = this.#inFlight.get(key)
    if (running !== undefined) return running
    if (this.#inFlight.size >= this.#limits.inFlightMax)
      return Promise.resolve({
        fault: unavailable('Too many questions wait for the embeddings endpoint.'),
      })
    const started = this.#ask(scope, text).finally(() => this.#inFlight.delete(key))
    this.#inFlight.set(key, started)
    return started
  }

  async #ask(scope: string, text: string): Promise<QueryVector> {
    try {
      const measured = this.#embeddings.space()
      measured.catch(() => undefined)
      const space = this.#embeddings.current ?? (await measured)
      if ('fault' in space) return space
      const [result] = await this.#embeddings.embed([text], 'query')
      if (!result?.vector)
        return {
          fault: result?.fault ?? fault('bad_answer', 'The embeddings endpoint gave no vector.'),
        }
      if (this.#embeddings.current?.fingerprint !== space.fingerprint)
        return { fault: unavailable('The embeddings endpoint has changed its model just now.') }
      this.#cache.set(keyOf(scope, space, text), result.vector)
      return { vector: result.vector, fingerprint: space.fingerprint }
    } catch {
      return { fault: unavailable('The server is shutting down.') }
    }
  }

  async #withDeadline(
    answer: Promise<QueryVector>,
    signal: AbortSignal | undefined,
  ): Promise<QueryVector> {
    const { deadlineMs } = this.#limits
    const { promise, resolve, reject } = Promise.withResolvers<QueryVector>()
    const onAbort = (): void => reject(signal?.reason)
    const timer = setTimeout(
      () =>
        resolve({
          fault: fault(
            'timeout',
            `The embeddings endpoint had no vector for a question within ${deadlineMs} ms.`,
          ),
        }),
      deadlineMs,
    )
    signal?.addEventListener('abort', onAbort)
    answer.then(resolve, reject)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
  }
}

function keyOf(scope: string, space: Space, text: string): string {
  return `${space.fingerprint} ${digest(scope, text)}`
}

/** Nothing of the question can be read from it, and the scope is inside, not beside it. */
function digest(scope: string, text: string): string {
  return createHash('sha256').update(`${scope.length}:${scope}${text}`).digest('base64')
}
