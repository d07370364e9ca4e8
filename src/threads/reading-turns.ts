/** Whose turn it is to be read: more documents may be open than are read at once, and a long one stands aside between two batches. */
import type { TenantId } from '../tenancy/tenant-id.ts'

/** Of two long documents each is read for so long before the other goes on. */
const sliceMs = 5_000
/** Short documents can follow each other without a gap: the place of each so many-th goes to one that stands aside. */
const endsMax = 8

/** A document being read. */
export interface Turn {
  readonly tenant: TenantId
  ranMs: number
  resumedAtMs: number
}

interface Parked {
  readonly turn: Turn
  readonly resume: () => void
}

export class ReadingTurns {
  readonly #activeMax: number
  readonly #nowMs: () => number
  readonly #active = new Set<Turn>()
  /** In the order in which they go on. */
  #parked: Parked[] = []
  /** Documents that ended since one that stood aside went on. */
  #ends = 0

  /** @param activeMax documents read at once */
  constructor(activeMax: number, nowMs: () => number = () => performance.now()) {
    this.#activeMax = activeMax
    this.#nowMs = nowMs
  }

  get parked(): number {
    return this.#parked.length
  }

  /** Begins at once: where that is one too many, a longer one stands aside at its next batch. */
  begin(tenant: TenantId): Turn {
    const turn = { tenant, ranMs: 0, resumedAtMs: this.#nowMs() }
    this.#active.add(turn)
    return turn
  }

  end(turn: Turn): void {
    this.#active.delete(turn)
    this.#ends++
    if (this.#ends >= endsMax) this.#resume()
    this.#fill()
  }

  /**
   * Called between two batches: resolves at once, or when it is this document's turn again. Its process waits meanwhile,
   * which costs its memory and no processor. After an abort it resolves at once.
   */
  async pass(turn: Turn, signal: AbortSignal): Promise<void> {
    if (signal.aborted || !this.#mustPark(turn)) return
    this.#active.delete(turn)
    turn.ranMs += this.#nowMs() - turn.resumedAtMs
    const { promise, resolve } = Promise.withResolvers<void>()
    const leave = (): void => {
      this.#parked = this.#parked.filter((parked) => parked.turn !== turn)
      resolve()
    }
    this.#parked.push({ turn, resume: resolve })
    signal.addEventListener('abort', leave, { once: true })
    this.#fill()
    await promise
    signal.removeEventListener('abort', leave)
  }

  #mustPark(turn: Turn): boolean {
    if (this.#active.size > this.#activeMax) return this.#victim() === turn
    return this.#parked.length > 0 && this.#nowMs() - turn.resumedAtMs >= sliceMs
  }

  /** Of those who have most documents open, the one that was read for longest. */
  #victim(): Turn | undefined {
    const weigh = (turn: Turn): [open: number, ranMs: number] => [
      this.#openOf(turn.tenant),
      turn.ranMs + this.#nowMs() - turn.resumedAtMs,
    ]
    return [...this.#active].toSorted((a, b) => {
      const [[openA, ranA], [openB, ranB]] = [weigh(a), weigh(b)]
      return openB - openA || ranB - ranA
    })[0]
  }

  #openOf(tenant: TenantId): number {
    const turns = [...this.#active, ...this.#parked.map((parked) => parked.turn)]
    return turns.filter((turn) => turn.tenant === tenant).length
  }

  #fill(): void {
    while (this.#active.size < this.#activeMax && this.#parked.length > 0) this.#resume()
  }

  #resume(): void {
    const next = this.#parked.shift()
    if (!next) return
    this.#ends = 0
    next.turn.resumedAtMs = this.#nowMs()
    this.#active.add(next.turn)
    next.resume()
  }
}
