/** How often something happened within the last minute, by name: a ring of seconds each, so that a burst is allowed and no minute has more than the limit. */

const slotMs = 1_000
/** The minute that ends now touches sixty-one seconds of the clock. */
const slots = 61
const namesMaxDefault = 20_000

export interface Taken {
  readonly isAllowed: boolean
  /** What may still come at this moment. */
  readonly remaining: number
  /** Seconds until one more is allowed; 0 when it is now. */
  readonly retryAfterS: number
}

interface Ring {
  readonly counts: Uint32Array
  /** The second of the newest count. */
  newest: number
  sum: number
}

export interface RateWindowOptions {
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number
  /** Names remembered; the one that was quiet longest is forgotten first. */
  readonly namesMax?: number
}

export const windowS = (slots - 1) * (slotMs / 1000)

export class RateWindow {
  readonly #nowMs: () => number
  readonly #namesMax: number
  readonly #rings = new Map<string, Ring>()

  constructor({ nowMs = () => performance.now(), namesMax = namesMaxDefault }: RateWindowOptions) {
    this.#nowMs = nowMs
    this.#namesMax = namesMax
  }

  /** Counts one more, unless that would be more than `limit` in a minute. What is refused does not count. */
  take(name: string, limit: number): Taken {
    const second = Math.floor(this.#nowMs() / slotMs)
    const ring = this.#ring(name, second)
    if (ring.sum >= limit)
      return { isAllowed: false, remaining: 0, retryAfterS: untilRoom(ring, second, limit) }
    ring.sum++
    ring.counts[second % slots] = (ring.counts[second % slots] ?? 0) + 1
    return { isAllowed: true, remaining: limit - ring.sum, retryAfterS: 0 }
  }

  #ring(name: string, second: number): Ring {
    let ring = this.#rings.get(name)
    if (!ring) {
      ring = { counts: new Uint32Array(slots), newest: second, sum: 0 }
      this.#makeRoom(second)
      this.#rings.set(name, ring)
      return ring
    }
    if (ring.newest !== second) {
      advance(ring, second)
      // Behind the others, once a second at most: in front stays who was quiet longest.
      this.#rings.delete(name)
      this.#rings.set(name, ring)
    }
    return ring
  }

  #makeRoom(second: number): void {
    for (const [name, ring] of this.#rings) {
      if (this.#rings.size < this.#namesMax && second - ring.newest < slots) return
      this.#rings.delete(name)
    }
  }
}

function advance(ring: Ring, second: number): void {
  const from = Math.max(ring.newest + 1, second - slots + 1)
  for (let at = from; at <= second; at++) {
    ring.sum -= ring.counts[at % slots] ?? 0
    ring.counts[at % slots] = 0
  }
  ring.newest = second
}

function untilRoom(ring: Ring, second: number, limit: number): number {
  let sum = ring.sum
  for (let at = second - slots + 1; at <= second; at++) {
    sum -= ring.counts[((at % slots) + slots) % slots] ?? 0
    if (sum < limit) return at + slots - second
  }
  return slots
}
