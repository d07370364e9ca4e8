/** Measures which vector space an endpoint is in, by one known text, and does not believe a change at once. */
import type { Clock } from './clock.ts'
import { type EndpointFault, fault } from './endpoint-fault.ts'
import { fingerprintOf, isSameSpace } from './fingerprint.ts'
import type { Prefixes } from './model-prefixes.ts'

/** Where the endpoint's vectors live: two vectors may be compared only when their fingerprints are equal. */
export interface Space {
  readonly fingerprint: string
  readonly dimensions: number
}

export type Measured = Space | { readonly fault: EndpointFault }

export interface SpaceMeterOptions {
  /** How sentences begin. */
  readonly who: string
  readonly model: string
  readonly prefixes: Prefixes
  /** Names of spaces that are stored somewhere. */
  readonly known: readonly string[]
  /** A measurement is good for so long, while nothing fails. */
  readonly spaceMs: number
  /** Another space is believed when it is found for so long. */
  readonly changeMs: number
  readonly clock: Clock
  /** The unit vector of the probe text, embedded as a document. */
  readonly embedProbe: () => Promise<Float32Array | { readonly fault: EndpointFault }>
}

export class SpaceMeter {
  readonly #options: SpaceMeterOptions
  #space: Space | undefined
  /** Another space than `#space`, and since when it is found instead. */
  #doubtful: { readonly fingerprint: string; readonly sinceMs: number } | undefined
  #measuredAtMs = Number.NEGATIVE_INFINITY
  #measuring: Promise<Measured> | undefined

  constructor(options: SpaceMeterOptions) {
    this.#options = options
  }

  /** As last measured; undefined before that, and while it seems to be another. */
  get current(): Space | undefined {
    return this.#doubtful ? undefined : this.#space
  }

  /** What every answer must have; undefined before the first measurement. */
  get dimensions(): number | undefined {
    return this.#space?.dimensions
  }

  /** Something failed: another server, or another model, may stand there now. */
  forget(): void {
    this.#measuredAtMs = Number.NEGATIVE_INFINITY
  }

  /** The current space, measured anew when that is long ago. */
  async fresh(): Promise<Measured> {
    const { clock, spaceMs } = this.#options
    const isFresh = clock.now() - this.#measuredAtMs < spaceMs
    return this.current && isFresh ? this.current : await this.measure()
  }

  /** Measures now; who asks meanwhile gets the same answer. */
  async measure(): Promise<Measured> {
    this.#measuring ??= this.#measure().finally(() => {
      this.#measuring = undefined
    })
    return await this.#measuring
  }

  /**
   * The first space is believed when it is found twice. Another one afterwards is believed only when it stays:
   * it costs every library all its vectors, and it may be one wrong answer, or a gateway with two models behind it.
   */
  async #measure(): Promise<Measured> {
    const first = await this.#measureOnce()
    if ('fault' in first) return first
    const { fingerprint } = first
    if (this.#space && !isSameSpace(this.#space.fingerprint, fingerprint)) {
      const unproven = this.#doubt(fingerprint)
      if (unproven) return { fault: unproven }
    } else if (!this.#nameOf(fingerprint)) {
      const second = await this.#measureOnce()
      if ('fault' in second) return second
      if (!isSameSpace(fingerprint, second.fingerprint))
        return { fault: this.#bad('gives the same text another vector each time') }
    }
    this.#doubtful = undefined
    const name = this.#nameOf(fingerprint) ?? fingerprint
    this.#space = { fingerprint: name, dimensions: first.dimensions }
    this.#measuredAtMs = this.#options.clock.now()
    return this.#space
  }

  /** @returns why another space is not believed yet, or undefined when it has stayed long enough */
  #doubt(fingerprint: string): EndpointFault | undefined {
    const nowMs = this.#options.clock.now()
    if (!this.#doubtful || !isSameSpace(this.#doubtful.fingerprint, fingerprint))
      this.#doubtful = { fingerprint, sinceMs: nowMs }
    if (nowMs - this.#doubtful.sinceMs >= this.#options.changeMs) return undefined
    return this.#bad(
      'gives the same text another vector than before: if its model was changed, everything is embedded anew once that has lasted a while',
    )
  }

  /** The name that this space has already, if it has one: rounding must not give it a second. */
  #nameOf(fingerprint: string): string | undefined {
    const names = [...(this.#space ? [this.#space.fingerprint] : []), ...this.#options.known]
    return names.find((name) => isSameSpace(name, fingerprint))
  }

  async #measureOnce(): Promise<Measured> {
    const vector = await this.#options.embedProbe()
    if ('fault' in vector) return vector
    const { model, prefixes } = this.#options
    return { fingerprint: fingerprintOf(model, prefixes, vector), dimensions: vector.length }
  }

  #bad(what: string): EndpointFault {
    return fault('bad_answer', `${this.#options.who} ${what}.`)
  }
}
