/** Edit distance from one word to many sorted ones: what a word shares with the one before is not computed again. */

/**
 * Optimal string alignment, the edits being a letter missing, added or replaced, or two neighbours exchanged; in bytes,
 * of which a letter outside ASCII has two or three.
 */
export class EditDistances {
  readonly #target: Uint8Array
  readonly #most: number
  /** Row d: distances of the first d bytes of the other word to every beginning of the target. */
  readonly #rows: Uint8Array[] = []
  readonly #other = new Uint8Array(256)
  /** Rows computed, and the one from which on nothing can come close any more. */
  #valid = 0
  #deadAt = Number.POSITIVE_INFINITY

  constructor(target: Uint8Array, most: number) {
    this.#target = target
    this.#most = most
    this.#rows.push(Uint8Array.from({ length: target.length + 1 }, (_, i) => i))
  }

  /**
   * @param shared how many leading bytes are certainly those of the word before
   * @returns the distance, or anything greater than `most` when it is greater
   */
  next(other: Uint8Array, length: number, shared: number): number {
    const far = this.#most + 1
    if (shared >= this.#deadAt) return far
    this.#deadAt = Number.POSITIVE_INFINITY
    this.#valid = Math.min(this.#valid, shared)
    while (this.#valid < length) {
      const depth = this.#valid + 1
      this.#other[depth - 1] = other[depth - 1] as number
      const least = this.#row(depth)
      this.#valid = depth
      if (least <= this.#most) continue
      this.#deadAt = depth
      return far
    }
    return this.#rows[length]?.[this.#target.length] ?? far
  }

  /** Whether a word that begins like this can still be close. Begins anew: the next word shares nothing. */
  mayBegin(prefix: Uint8Array, length: number): boolean {
    this.#deadAt = Number.POSITIVE_INFINITY
    this.next(prefix, length, 0)
    const isAlive = this.#deadAt > length
    this.#deadAt = Number.POSITIVE_INFINITY
    this.#valid = 0
    return isAlive
  }

  /** @returns the least distance in the row */
  #row(depth: number): number {
    const target = this.#target
    const above = this.#rows[depth - 1] as Uint8Array
    this.#rows[depth] ??= new Uint8Array(target.length + 1)
    const row = this.#rows[depth] as Uint8Array
    const unit = this.#other[depth - 1] as number
    row[0] = depth
    let least = depth
    for (let i = 1; i <= target.length; i++) {
      const replaced = (above[i - 1] as number) + (target[i - 1] === unit ? 0 : 1)
      let value = Math.min(replaced, (above[i] as number) + 1, (row[i - 1] as number) + 1)
      if (this.#isExchange(depth, i))
        value = Math.min(value, (this.#rows[depth - 2]?.[i - 2] ?? value) + 1)
      row[i] = value
      if (value < least) least = value
    }
    return least
  }

  #isExchange(depth: number, i: number): boolean {
    return (
      depth > 1 &&
      i > 1 &&
      this.#other[depth - 1] === this.#target[i - 2] &&
      this.#other[depth - 2] === this.#target[i - 1]
    )
  }
}
