/** The best so many passages: a bounded heap, worst on top. Equal scores go by passage id, so that order is certain. */
import { type IdRun, idAt } from './id-runs.ts'

/** A passage found: where it is, and how well it matches. */
export interface FoundPassage {
  readonly passageId: number
  readonly score: number
  /** Which of the searched segments, and where in it. */
  readonly segment: number
  readonly ordinal: number
}

/** Any score is greater than zero, which is no hit. */
const leastScore = Number.MIN_VALUE

export class TopHits {
  readonly #limit: number
  readonly #heap: FoundPassage[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Offers the scores of the ordinals `first … last` of a segment. Zero is no hit. */
  offer(
    scores: Float32Array,
    { first, last }: { readonly first: number; readonly last: number },
    segment: number,
    runs: () => readonly IdRun[],
  ): void {
    let ordinal = nextAtLeast(scores, first, last, this.#least())
    while (ordinal <= last) {
      const score = scores[ordinal] as number
      this.#push({ passageId: idAt(runs(), ordinal), score, segment, ordinal })
      ordinal = nextAtLeast(scores, ordinal + 1, last, this.#least())
    }
  }

  /** Best first. Empties the heap. */
  take(): FoundPassage[] {
    return this.#heap.splice(0).sort((a, b) => (isWorse(a, b) ? 1 : -1))
  }

  /** What a score must reach to be looked at. */
  #least(): number {
    return this.#heap.length < this.#limit
      ? leastScore
      : (this.#heap[0]?.score ?? Number.POSITIVE_INFINITY)
  }

  #push(found: FoundPassage): void {
    const heap = this.#heap
    if (heap.length < this.#limit) {
      heap.push(found)
      this.#rise(heap.length - 1)
    } else if (heap[0] && isWorse(heap[0], found)) {
      heap[0] = found
      this.#sink()
    }
  }

  #rise(start: number): void {
    const heap = this.#heap
    let at = start
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isWorse(heap[at] as FoundPassage, heap[parent] as FoundPassage)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #sink(): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) return
      const right = heap[child + 1]
      if (right && isWorse(right, heap[child] as FoundPassage)) child++
      if (!isWorse(heap[child] as FoundPassage, heap[at] as FoundPassage)) return
      this.#swap(at, child)
      at = child
    }
  }

  #swap(a: number, b: number): void {
    const held = this.#heap[a] as FoundPassage
    this.#heap[a] = this.#heap[b] as FoundPassage
    this.#heap[b] = held
  }
}

/** A function of its own because it runs through every passage of a library: it compiles to a tight loop. */
function nextAtLeast(scores: Float32Array, first: number, last: number, least: number): number {
  let ordinal = first
  while (ordinal <= last && (scores[ordinal] as number) < least) ordinal++
  return ordinal
}

function isWorse(a: FoundPassage, b: FoundPassage): boolean {
  return a.score < b.score || (a.score === b.score && a.passageId > b.passageId)
}
