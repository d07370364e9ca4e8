/** A circuit breaker: after several failures in a row nobody asks for a while, then one may try. */
import { backOffMs, type Clock } from './clock.ts'

export interface BreakerLimits {
  /** So many failures in a row open it. */
  readonly failuresMax: number
  /** First rest; doubles while the trial fails. */
  readonly restMs: number
  readonly restMsMax: number
}

export interface Entry {
  /** 0 when it may go, else the milliseconds until somebody may try. */
  readonly waitMs: number
  /** The one that is let in to see whether the endpoint is back. */
  readonly isTrial: boolean
}

export type Outcome = 'success' | 'failure' | 'unknown'

export class Breaker {
  readonly #limits: BreakerLimits
  readonly #clock: Clock
  readonly #random: () => number
  #failures = 0
  #rests = 0
  #openUntilMs: number | undefined
  #isTrying = false

  constructor(limits: BreakerLimits, clock: Clock, random: () => number) {
    this.#limits = limits
    this.#clock = clock
    this.#random = random
  }

  /** Asks to go in. Who is let in (`waitMs` 0) must `leave` with the same entry. */
  enter(): Entry {
    if (this.#openUntilMs === undefined) return { waitMs: 0, isTrial: false }
    const waitMs = this.#openUntilMs - this.#clock.now()
    if (waitMs > 0) return { waitMs, isTrial: false }
    if (this.#isTrying) return { waitMs: this.#limits.restMs, isTrial: false }
    this.#isTrying = true
    return { waitMs: 0, isTrial: true }
  }

  /** @param outcome `unknown` says nothing about the endpoint: the caller gave up, or was told to slow down */
  leave(entry: Entry, outcome: Outcome): void {
    if (entry.isTrial) this.#isTrying = false
    if (outcome === 'success') {
      this.#failures = 0
      this.#rests = 0
      this.#openUntilMs = undefined
    } else if (outcome === 'failure') {
      this.#failures++
      const isTooMany = this.#failures >= this.#limits.failuresMax && !this.isOpen
      if (entry.isTrial || isTooMany) this.#open()
    }
  }

  get isOpen(): boolean {
    return this.#openUntilMs !== undefined
  }

  #open(): void {
    this.#rests++
    const { restMs, restMsMax } = this.#limits
    this.#openUntilMs = this.#clock.now() + backOffMs(this.#rests, restMs, restMsMax, this.#random)
  }
}
