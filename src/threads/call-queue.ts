/** The line in front of one shard: bounded per tenant and in all, fair in time between tenants, background work last. */
import { Problem } from '../base/problem.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { FairLines, takeOut } from './fair-lines.ts'

export interface QueueLimits {
  /** Of one tenant at once in the shard: small, so that a loud tenant's calls never stand before a quiet one's. */
  readonly tenantRunningMax: number
  /** Of one tenant waiting; one more is refused with 429. */
  readonly tenantWaitingMax: number
  /** Of one shard handed to the thread at once: enough that it never waits for us. */
  readonly shardRunningMax: number
  /**
   * Expected work handed to the thread at once, or one call that is longer: whoever comes now waits for all of it. While the
   * thread waits for us, whom a crowd at the door keeps busy, it is more, up to the most, and so many more calls.
   */
  readonly shardRunningMs: number
  readonly shardRunningMsMax: number
  /** Of one shard waiting; one more, or one of whoever has the most, is refused with 503. */
  readonly shardWaitingMax: number
  /** Expected work of those that wait: likewise. Longer than this nobody should be kept waiting to be told no. */
  readonly shardWaitingMs: number
  /** Background work that waited this long goes in even while others wait, so that it is never starved. */
  readonly backgroundWaitMaxMs: number
}

export const queueLimits: QueueLimits = {
  tenantRunningMax: 4,
  tenantWaitingMax: 128,
  shardRunningMax: 32,
  shardRunningMs: 4,
  shardRunningMsMax: 128,
  shardWaitingMax: 512,
  shardWaitingMs: 1_500,
  backgroundWaitMaxMs: 250,
}

export interface Queued {
  readonly tenant: TenantId
  readonly lane: 'interactive' | 'background'
  readonly queuedAtMs: number
  /** How long the thread will likely work on it. */
  readonly expectedMs: number
}

/** From this share of it on a line counts as full for whoever was sent away a moment ago. */
const fullShare = 0.5

const moreRunning = 2
const lessRunning = 0.97

/** Pure bookkeeping: who may go next. Times are handed in. */
export class CallQueue<Call extends Queued> {
  readonly #limits: QueueLimits
  readonly #lines: FairLines<Call>
  readonly #background: Call[] = []
  #running = 0
  #runningMs = 0
  #backgroundRunning = 0
  #handedMs: number

  constructor(limits: QueueLimits) {
    this.#limits = limits
    this.#handedMs = limits.shardRunningMs
    this.#lines = new FairLines(limits.tenantRunningMax)
  }

  get waiting(): number {
    return this.#lines.waiting + this.#background.length
  }

  get running(): number {
    return this.#running + this.#backgroundRunning
  }

  /** Whether whoever was sent away and comes again at once would most likely be sent away again. */
  get isNearlyFull(): boolean {
    const { shardWaitingMax, shardWaitingMs } = this.#limits
    return (
      this.waiting >= fullShare * shardWaitingMax ||
      this.#lines.waitingMs >= fullShare * shardWaitingMs
    )
  }

  /**
   * Where the line is full, whoever has the most in it goes without the newest of it: one who comes from silence finds room.
   * @returns the call that left for this one
   * @throws Problem `too_many_requests` (this tenant's line is full) or `overloaded` (the shard's is)
   */
  add(call: Call): Call | undefined {
    const isInteractive = call.lane === 'interactive'
    if (isInteractive && this.#lines.waitingOf(call.tenant) >= this.#limits.tenantWaitingMax)
      throw new Problem(
        'too_many_requests',
        `More than ${this.#limits.tenantWaitingMax} of your requests wait already: send fewer at once.`,
        { retryAfterS: 1 },
      )
    const isFull =
      this.waiting >= this.#limits.shardWaitingMax ||
      (isInteractive && this.#lines.waitingMs >= this.#limits.shardWaitingMs)
    const dropped = isFull && isInteractive ? this.#lines.dropFor(call) : undefined
    if (isFull && !dropped) throw overloaded()
    if (isInteractive) this.#lines.add(call)
    else this.#background.push(call)
    return dropped
  }

  /** The calls that may go now, the tenant that had least first; each must be given back to `done`. */
  take(nowMs: number): Call[] {
    const taken: Call[] = []
    let call = this.#takeBackground(nowMs)
    if (call) taken.push(call)
    for (call = this.#takeNext(); call; call = this.#takeNext()) taken.push(call)
    return taken
  }

  /**
   * How much is handed over follows from how soon we hear of it.
   * @param heardMs from when the thread sent answers to when we had them: work for less than that leaves it without any
   */
  answered(heardMs: number): void {
    const { shardRunningMs, shardRunningMsMax } = this.#limits
    this.#handedMs =
      this.#lines.waiting > 0 && heardMs > this.#handedMs
        ? Math.min(shardRunningMsMax, this.#handedMs * moreRunning)
        : Math.max(shardRunningMs, this.#handedMs * lessRunning)
  }

  /** @param tookMs how long the thread worked on it; as long as expected when it is not known */
  done(call: Call, tookMs = call.expectedMs): void {
    if (call.lane === 'background') {
      this.#backgroundRunning--
      return
    }
    this.#running--
    // From nothing anew, so that rounding does not add up over months.
    this.#runningMs = this.#running === 0 ? 0 : this.#runningMs - call.expectedMs
    this.#lines.done(call, tookMs)
  }

  /** Takes out what waits and no longer should (deadline passed, caller gone). */
  remove(isOver: (call: Call) => boolean): Call[] {
    const removed = this.#lines.remove(isOver)
    takeOut(this.#background, isOver, removed)
    return removed
  }

  #takeNext(): Call | undefined {
    const { shardRunningMs } = this.#limits
    const shardRunningMax = this.#limits.shardRunningMax * (this.#handedMs / shardRunningMs)
    const isFull = this.#running >= shardRunningMax || this.#runningMs >= this.#handedMs
    if (isFull && this.#running > 0) return undefined
    const call = this.#lines.take()
    if (!call) return undefined
    this.#running++
    this.#runningMs += call.expectedMs
    return call
  }

  /** One at a time, and only while nobody waits, unless it has waited long enough. */
  #takeBackground(nowMs: number): Call | undefined {
    const [first] = this.#background
    if (!first || this.#backgroundRunning > 0) return undefined
    const hasWaited = nowMs - first.queuedAtMs >= this.#limits.backgroundWaitMaxMs
    if (!hasWaited && this.#lines.waiting + this.#running > 0) return undefined
    this.#background.shift()
    this.#backgroundRunning++
    return first
  }
}

export function overloaded(): Problem {
  return new Problem('overloaded', 'The server is busy: try again in a moment.', { retryAfterS: 1 })
}
