/** One way to the embeddings endpoint with its manners: how many at once, retries, waiting when told, a breaker. */
import type { Breaker, Outcome } from './breaker.ts'
import { backOffMs, type Clock } from './clock.ts'
import type { EmbeddingAnswer } from './embedding-answer.ts'
import { type EndpointFault, retryAfterOf, unavailable } from './endpoint-fault.ts'
import { Semaphore } from './semaphore.ts'

export interface LaneLimits {
  /** Requests at once. */
  readonly concurrencyMax: number
  /** Requests for one batch, the first included. */
  readonly triesMax: number
  /** The first wait between two tries; doubles. */
  readonly retryMs: number
  /** An endpoint that asks for a longer rest is left alone, and the caller told. */
  readonly retryMsMax: number
}

export interface LaneOptions {
  readonly limits: LaneLimits
  /** Shared by all lanes: it is one endpoint. */
  readonly breaker: Breaker
  readonly clock: Clock
  readonly random: () => number
  readonly post: (texts: readonly string[], signal: AbortSignal) => Promise<EmbeddingAnswer>
}

export class EmbeddingLane {
  readonly #options: LaneOptions
  readonly #semaphore: Semaphore
  readonly #breaker: Breaker
  #lastFault: EndpointFault | undefined
  /** Nobody asks before this: the endpoint said so to one of us. */
  #notBeforeMs = Number.NEGATIVE_INFINITY

  constructor(options: LaneOptions) {
    this.#options = options
    this.#semaphore = new Semaphore(options.limits.concurrencyMax)
    this.#breaker = options.breaker
  }

  /**
   * @param texts as they go over the wire
   * @param isFirst false for a part of a batch that failed: asked once, and its failure is the text's, not the endpoint's
   * @throws the signal's reason when it aborts
   */
  async ask(
    texts: readonly string[],
    isFirst: boolean,
    signal: AbortSignal,
  ): Promise<EmbeddingAnswer> {
    const { limits, clock, random } = this.#options
    for (let tries = 1; ; tries++) {
      await this.#rest(signal)
      const answer = await this.#semaphore.run(signal, () => this.#guarded(texts, isFirst, signal))
      const waitMs = this.#waitMs(answer)
      if (waitMs === undefined || !isFirst || tries >= limits.triesMax) return answer
      if (waitMs === 0)
        await clock.sleep(backOffMs(tries, limits.retryMs, limits.retryMsMax, random), signal)
    }
  }

  /** @returns undefined when trying again is no use, 0 for the usual wait, or what the endpoint asked for */
  #waitMs(answer: EmbeddingAnswer): number | undefined {
    if (!('fault' in answer) || this.#breaker.isOpen) return undefined
    const { fault } = answer
    if (fault.kind !== 'unavailable' && fault.kind !== 'rate_limited') return undefined
    const askedMs = retryAfterOf(fault) ?? 0
    return askedMs > this.#options.limits.retryMsMax ? undefined : askedMs
  }

  /** Waits as long as the endpoint asked anybody to wait, and a little by chance. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { clock, random, limits } = this.#options
    const waitMs = this.#notBeforeMs - clock.now()
    if (waitMs > 0 && waitMs <= limits.retryMsMax)
      await clock.sleep(waitMs + random() * limits.retryMs, signal)
  }

  async #guarded(
    texts: readonly string[],
    isFirst: boolean,
    signal: AbortSignal,
  ): Promise<EmbeddingAnswer> {
    const entry = this.#breaker.enter()
    if (entry.waitMs > 0) return { fault: this.#resting(entry.waitMs) }
    let outcome: Outcome = 'unknown'
    try {
      const answer = await this.#options.post(texts, signal)
      outcome = outcomeOf(answer, isFirst)
      if ('fault' in answer) this.#note(answer.fault)
      return answer
    } finally {
      this.#breaker.leave(entry, outcome)
    }
  }

  #note(given: EndpointFault): void {
    if (!given.mayBeInput) this.#lastFault = given
    const waitMs = retryAfterOf(given)
    if (waitMs !== undefined)
      this.#notBeforeMs = Math.max(this.#notBeforeMs, this.#options.clock.now() + waitMs)
  }

  #resting(waitMs: number): EndpointFault {
    const why = this.#lastFault?.sentence ?? 'The embeddings endpoint failed several times.'
    return unavailable(`${why} It is left alone for ${Math.ceil(waitMs / 1_000)} s.`, false, waitMs)
  }
}

/** What an answer says about the endpoint itself. */
function outcomeOf(answer: EmbeddingAnswer, isFirst: boolean): Outcome {
  if (!('fault' in answer)) return answer.badVector && isFirst ? 'failure' : 'success'
  const { kind, mayBeInput } = answer.fault
  if (kind === 'rate_limited') return 'unknown'
  // A server that can say what it does not like is alive.
  if (mayBeInput && (kind === 'too_long' || kind === 'refused')) return 'success'
  return mayBeInput && !isFirst ? 'unknown' : 'failure'
}
