/** Cuts a list into batches by two limits, and remembers for a while that an endpoint takes fewer. */
import type { Clock } from './clock.ts'

/** What was learnt is forgotten after this: the server may have been slow, or was given a larger setting. */
const learntForMs = 600_000

/** How many texts go into one request: the setting, or less after the endpoint could not take that many. */
export class BatchSize {
  readonly #max: number
  readonly #clock: Clock
  #learnt: { readonly max: number; readonly untilMs: number } | undefined

  constructor(max: number, clock: Clock) {
    this.#max = max
    this.#clock = clock
  }

  get now(): number {
    if (this.#learnt && this.#clock.now() >= this.#learnt.untilMs) this.#learnt = undefined
    return this.#learnt?.max ?? this.#max
  }

  /** Half of what was too much. */
  tooMany(count: number): void {
    const max = Math.max(1, Math.min(this.now, Math.floor(count / 2)))
    this.#learnt = { max, untilMs: this.#clock.now() + learntForMs }
  }
}

/** In order, each at most `countMax` texts and `charactersMax` UTF-16 units, but never empty. */
export function batchesOf(
  texts: readonly string[],
  countMax: number,
  charactersMax: number,
): string[][] {
  const batches: string[][] = []
  let characters = 0
  for (const text of texts) {
    const last = batches.at(-1)
    if (last && last.length < countMax && characters + text.length <= charactersMax) {
      last.push(text)
      characters += text.length
    } else {
      batches.push([text])
      characters = text.length
    }
  }
  return batches
}
