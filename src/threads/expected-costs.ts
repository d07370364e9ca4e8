/** How long an operation will likely take the thread: what it took lately. */

/** Until it was seen once: neither free nor long. */
const unknownMs = 1
/** The weight of the last time against all before. */
const newShare = 0.2

export class ExpectedCosts {
  readonly #averageMs = new Map<string, number>()

  /** @param operation a name of the operations table, so that there are only so many */
  of(operation: string): number {
    return this.#averageMs.get(operation) ?? unknownMs
  }

  took(operation: string, tookMs: number): void {
    const before = this.#averageMs.get(operation)
    const average = before === undefined ? tookMs : before + newShare * (tookMs - before)
    this.#averageMs.set(operation, average)
  }
}
