/** The best few of many scored ids, kept as they come by. */

/** A heap of fixed size with the worst at its root. Equal scores are ordered by id, so that the result never depends on the order of arrival. */
export class Best {
  readonly #ids: Float64Array
  readonly #scores: Float64Array
  readonly #capacity: number
  #count = 0

  constructor(capacity: number) {
    this.#capacity = capacity
    this.#ids = new Float64Array(capacity)
    this.#scores = new Float64Array(capacity)
  }

  get count(): number {
    return this.#count
  }

  /** A score below it cannot enter. */
  get threshold(): number {
    return this.#count < this.#capacity ? Number.NEGATIVE_INFINITY : (this.#scores[0] ?? 0)
  }

  add(id: number, score: number): void {
    if (this.#count < this.#capacity) {
      this.#rise(this.#count++, id, score)
    } else if (
      this.#capacity > 0 &&
      this.#isWorse(this.#ids[0] as number, this.#scores[0] as number, id, score)
    ) {
      this.#sink(id, score)
    }
  }

  /** The ids, best first. */
  ids(): number[] {
    return this.entries().map((entry) => entry.id)
  }

  /** Best first. */
  entries(): { id: number; score: number }[] {
    return Array.from({ length: this.#count }, (_, i) => ({
      id: this.#ids[i] as number,
      score: this.#scores[i] as number,
    })).sort((a, b) => b.score - a.score || a.id - b.id)
  }

  #isWorse(id: number, score: number, otherId: number, otherScore: number): boolean {
    return score < otherScore || (score === otherScore && id > otherId)
  }

  #rise(from: number, id: number, score: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isWorse(id, score, this.#ids[parent] as number, this.#scores[parent] as number))
        break
      this.#move(parent, at)
      at = parent
    }
    this.#place(at, id, score)
  }

  #sink(id: number, score: number): void {
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= this.#count) break
      const right = child + 1
      if (
        right < this.#count &&
        this.#isWorse(
          this.#ids[right] as number,
          this.#scores[right] as number,
          this.#ids[child] as number,
          this.#scores[child] as number,
        )
      )
        child = right
      if (!this.#isWorse(this.#ids[child] as number, this.#scores[child] as number, id, score))
        break
      this.#move(child, at)
      at = child
    }
    this.#place(at, id, score)
  }

  #move(from: number, to: number): void {
    this.#place(to, this.#ids[from] as number, this.#scores[from] as number)
  }

  #place(at: number, id: number, score: number): void {
    this.#ids[at] = id
    this.#scores[at] = score
  }
}
