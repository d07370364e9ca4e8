/** Whose document is opened next: users in turn, small documents beside long ones, and nobody passed over for ever. */
import type { TenantId } from '../tenancy/tenant-id.ts'

/** What is read in a moment: a note, a letter, a paper. It need not wait for a book of the same person. */
export const smallBytesMax = 256 * 1024
/** Documents that may be open beyond those read at once: one of somebody who has none open, and a small one of anybody. */
export const extraOpenMax = 2
/** Times the number of users who wait: after so many documents were opened, it is the turn of who was passed over. */
const passedOverFactor = 8
/** Each so many-th turn of a user takes what waits longest, however long it is. */
const oldestEvery = 8

/** A document that is open, from before its claim to its end. */
export interface OpenDocument {
  readonly tenant: TenantId
  /** Whether it may take a while. */
  readonly isLong: boolean
}

/** Leave to open one document of one user. */
export interface LaneTurn {
  readonly tenant: TenantId
  /** The largest that may be opened; null for any. */
  readonly bytesMax: number | null
  /** What waits longest comes first, not what is small. */
  readonly isOldestFirst: boolean
}

/** A user who may have a document waiting. */
interface Lane {
  readonly tenant: TenantId
  /** A turn was given and not answered yet. */
  isAsked: boolean
  /** A document came while the answer was under way: an answer of “nothing” is old. */
  hasNews: boolean
  /** No small document waits, as far as is known. */
  hasOnlyLong: boolean
  /** Documents opened, of anybody, since its last turn for any size. */
  passedOver: number
  /** Turns for any size that it had. */
  turns: number
}

export class IngestLanes {
  readonly #concurrencyMax: number
  /** The first is the one that was served longest ago. */
  readonly #lanes = new Map<TenantId, Lane>()

  /** @param concurrencyMax documents read at once */
  constructor(concurrencyMax: number) {
    this.#concurrencyMax = concurrencyMax
  }

  get size(): number {
    return this.#lanes.size
  }

  /** Says that the tenant has a document waiting. */
  add(tenant: TenantId): void {
    const lane = this.#lanes.get(tenant)
    if (lane) {
      lane.hasNews = true
      lane.hasOnlyLong = false
      return
    }
    const state = { isAsked: false, hasNews: false, hasOnlyLong: false }
    this.#lanes.set(tenant, { tenant, ...state, passedOver: 0, turns: 0 })
  }

  clear(): void {
    this.#lanes.clear()
  }

  /**
   * Who may open a document now. Each turn must be answered with `opened` or `nothing`.
   * Where as many as may be are read already, one more is opened for somebody who has none open, and then one more that is
   * small; or a small one of somebody who has only long ones open. So neither a note nor a neighbour waits for a long book.
   * Small ones could hold these places for ever. So who was passed over too often comes first, and no place is given to
   * anybody else where it is enough that the small ones which are open end.
   * @param parked how many of the open ones stand aside
   * @param mayRead whether the tenant may have one more open
   */
  next(
    open: readonly OpenDocument[],
    parked: number,
    mayRead: (tenant: TenantId) => boolean,
  ): LaneTurn | undefined {
    if (open.length >= this.#concurrencyMax + extraOpenMax) return undefined
    const ready = [...this.#lanes.values()].filter((lane) => !lane.isAsked && mayRead(lane.tenant))
    const long = open.filter(({ isLong }) => isLong)
    const [due] = ready
      .filter((lane) => this.#isDue(lane) && this.#hasRoom(lane, long, 0))
      .toSorted((a, b) => b.passedOver - a.passedOver)
    if (due) return this.#hasRoom(due, open, parked) ? anySize(due, true) : undefined
    const inTurn = ready.find((lane) => this.#hasRoom(lane, open, parked))
    if (inTurn) return anySize(inTurn, inTurn.turns % oldestEvery === oldestEvery - 1)
    return small(this.#nextSmall(ready, open))
  }

  /** The turn was used. */
  opened({ tenant, bytesMax }: LaneTurn): void {
    for (const other of this.#lanes.values()) other.passedOver++
    const lane = this.#lanes.get(tenant)
    if (!lane) return
    answer(lane)
    if (bytesMax === null) {
      lane.passedOver = 0
      lane.turns++
    }
    // There may be more: to the end of the line, behind the others.
    this.#lanes.delete(tenant)
    this.#lanes.set(tenant, lane)
  }

  /** Nothing of that size waits, or the tenant cannot be asked. For longer ones it keeps its place. */
  nothing({ tenant, bytesMax }: LaneTurn): void {
    const lane = this.#lanes.get(tenant)
    if (!lane) return
    if (bytesMax !== null) lane.hasOnlyLong = !lane.hasNews
    else if (!lane.hasNews) this.#lanes.delete(tenant)
    answer(lane)
  }

  #isDue({ passedOver }: Lane): boolean {
    return passedOver >= passedOverFactor * this.#lanes.size
  }

  #hasRoom({ tenant }: Lane, open: readonly OpenDocument[], parked: number): boolean {
    if (open.length - parked < this.#concurrencyMax) return true
    return open.length <= this.#concurrencyMax && open.every((one) => one.tenant !== tenant)
  }

  /** Who may have a small one opened beside what is read. */
  #nextSmall(ready: readonly Lane[], open: readonly OpenDocument[]): Lane | undefined {
    const lanes = ready.filter((lane) => !lane.hasOnlyLong)
    const newcomer = lanes.find(({ tenant }) => open.every((one) => one.tenant !== tenant))
    if (newcomer || open.length > this.#concurrencyMax) return newcomer
    return lanes.find(({ tenant }) => open.every((one) => one.tenant !== tenant || one.isLong))
  }
}

function anySize(lane: Lane, isOldestFirst: boolean): LaneTurn {
  return give(lane, { tenant: lane.tenant, bytesMax: null, isOldestFirst })
}

function small(lane: Lane | undefined): LaneTurn | undefined {
  return lane && give(lane, { tenant: lane.tenant, bytesMax: smallBytesMax, isOldestFirst: false })
}

function give(lane: Lane, turn: LaneTurn): LaneTurn {
  lane.isAsked = true
  lane.hasNews = false
  return turn
}

function answer(lane: Lane): void {
  lane.isAsked = false
  lane.hasNews = false
}
