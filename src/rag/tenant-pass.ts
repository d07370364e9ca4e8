/** How far one pass over a tenant's passages has come: a cursor, so that no passage is on its way twice. */
import type { EndpointFault } from './endpoint-fault.ts'

/** More than this are not remembered, only asked again: a model that refuses so many is the wrong one. */
const refusedIdsMax = 10_000

export class TenantPass {
  /** Batches of this tenant on their way. */
  running = 0
  /** The highest passage id that was taken. */
  after = 0
  isAtEnd = false
  /** The shard searches the space, and nothing is to be added. */
  isSettled = true
  /** When the last batch is back, begin again from the first passage. */
  isAgain = false
  /** A timer will notify. */
  isWaiting = false
  /** Passages without a vector, when the shard last said. */
  left = 0
  /** Passes that ended with refusals, in a row. */
  rounds = 0
  failures = 0
  fault: EndpointFault | undefined
  #fingerprint: string | undefined
  /** The count went down in this pass. */
  #hasProgressed = false
  /** Not offered again before their time, however often new passages come. */
  readonly #refusedIds = new Set<number>()

  get refused(): number {
    return this.#refusedIds.size
  }

  get refusedIds(): number[] {
    return [...this.#refusedIds]
  }

  /** The last batch of the pass, with nothing left that the endpoint takes: the shard is told once. */
  get isToSettle(): boolean {
    return !this.isSettled && this.left <= this.refused && this.running <= 1
  }

  /** At the end, and nothing is left that could be offered again. */
  get isDone(): boolean {
    return this.isAtEnd && this.left === 0
  }

  /** The shard counts more than was refused: behind the cursor, perhaps. A pass that changed nothing is not repeated at once. */
  get isUnfinished(): boolean {
    return this.isAtEnd && this.#hasProgressed && this.left > this.refused
  }

  /** The tenant is gone. */
  abandon(): void {
    this.offerRefused()
    this.isAtEnd = true
    this.left = 0
  }

  /** @returns false when batches of another space are on their way still: that pass ends first */
  enter(fingerprint: string): boolean {
    if (this.#fingerprint !== fingerprint && this.running > 1) {
      this.isAgain = true
      return false
    }
    if (this.#fingerprint !== fingerprint) {
      this.restart()
      this.offerRefused()
    }
    this.#fingerprint = fingerprint
    return true
  }

  /** Moves the cursor over what came, which is the end of the pass when it is nothing new. */
  take<Item extends { readonly passageId: number }>(items: readonly Item[]): readonly Item[] {
    const fresh = items.filter(({ passageId }) => passageId > this.after)
    this.isAtEnd = fresh.length === 0
    for (const { passageId } of fresh) this.after = Math.max(this.after, passageId)
    return fresh.filter(({ passageId }) => !this.#refusedIds.has(passageId))
  }

  restart(): void {
    this.after = 0
    this.isAtEnd = false
    this.isAgain = false
    this.#hasProgressed = false
  }

  refuse(passageId: number, fault: EndpointFault): void {
    if (this.#refusedIds.size < refusedIdsMax) this.#refusedIds.add(passageId)
    this.fault = fault
  }

  offerRefused(): void {
    this.#refusedIds.clear()
  }

  onStored(left: number): void {
    if (left < this.left) this.#hasProgressed = true
    this.left = left
    this.failures = 0
    if (this.refused === 0) this.fault = undefined
  }
}
