/** The line in front of one shard: bounded per tenant and in all, tenants in turn, background work last. */
import { Problem } from '../base/problem.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

export interface QueueLimits {
  /** Of one tenant at once in the shard: small, so that a loud tenant's calls never stand before a quiet one's. */
  readonly tenantRunningMax: number
  /** Of one tenant waiting; one more is refused with 429. */
  readonly tenantWaitingMax: number
  /** Of one shard handed to the thread at once: enough that it never waits for us. */
  readonly shardRunningMax: number
  /** Of one shard waiting; one more is refused with 503. */
  readonly shardWaitingMax: number
  /** Background work that waited this long goes in even while others wait, so that it is never starved. */
  readonly backgroundWaitMaxMs: number
}

export const queueLimits: QueueLimits = {
  tenantRunningMax: 4,
  tenantWaitingMax: 128,
  shardRunningMax: 32,
  shardWaitingMax: 4096,
  backgroundWaitMaxMs: 250,
}

export interface Queued {
  readonly tenant: TenantId
  readonly lane: 'interactive' | 'background'
  readonly queuedAtMs: number
}

interface Line<Call> {
  readonly waiting: Call[]
  running: number
}

/** Pure bookkeeping: who may go next. Times are handed in. */
export class CallQueue<Call extends Queued> {
  readonly #limits: QueueLimits
  /** Tenants with calls waiting or running; iteration order is whose turn it is. */
  readonly #lines = new Map<TenantId, Line<Call>>()
  readonly #background: Call[] = []
  #waiting = 0
  #running = 0
  #backgroundRunning = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  get waiting(): number {
    return this.#waiting + this.#background.length
  }

  get running(): number {
    return this.#running + this.#backgroundRunning
  }

  /** @throws Problem `too_many_requests` (this tenant's line is full) or `overloaded` (the shard's is) */
  add(call: Call): void {
    if (this.waiting >= this.#limits.shardWaitingMax)
      throw new Problem('overloaded', 'The server is busy: try again in a moment.', {
        retryAfterS: 1,
      })
    if (call.lane === 'background') {
      this.#background.push(call)
      return
    }
    const line = this.#line(call.tenant)
    if (line.waiting.length >= this.#limits.tenantWaitingMax)
      throw new Problem(
        'too_many_requests',
        `More than ${this.#limits.tenantWaitingMax} of your requests wait already: send fewer at once.`,
        { retryAfterS: 1 },
      )
    line.waiting.push(call)
    this.#waiting++
  }

  /** The calls that may go now, tenants in turn; each must be given back to `done`. */
  take(nowMs: number): Call[] {
    const taken: Call[] = []
    let call = this.#takeBackground(nowMs)
    if (call) taken.push(call)
    for (call = this.#takeNext(); call; call = this.#takeNext()) taken.push(call)
    return taken
  }

  done(call: Call): void {
    if (call.lane === 'background') {
      this.#backgroundRunning--
      return
    }
    this.#running--
    const line = this.#lines.get(call.tenant)
    if (!line) return
    line.running--
    if (line.running === 0 && line.waiting.length === 0) this.#lines.delete(call.tenant)
  }

  /** Takes out what waits and no longer should (deadline passed, caller gone). */
  remove(isOver: (call: Call) => boolean): Call[] {
    const removed: Call[] = []
    for (const [tenant, line] of this.#lines) {
      const before = removed.length
      takeOut(line.waiting, isOver, removed)
      this.#waiting -= removed.length - before
      if (line.running === 0 && line.waiting.length === 0) this.#lines.delete(tenant)
    }
    takeOut(this.#background, isOver, removed)
    return removed
  }

  #takeNext(): Call | undefined {
    if (this.#running >= this.#limits.shardRunningMax || this.#waiting === 0) return undefined
    for (const [tenant, line] of this.#lines) {
      if (line.running >= this.#limits.tenantRunningMax) continue
      const call = line.waiting.shift()
      if (!call) continue
      this.#waiting--
      this.#running++
      line.running++
      // Behind everyone else: next comes another tenant.
      this.#lines.delete(tenant)
      this.#lines.set(tenant, line)
      return call
    }
    return undefined
  }

  /** One at a time, and only while nobody waits, unless it has waited long enough. */
  #takeBackground(nowMs: number): Call | undefined {
    const [first] = this.#background
    if (!first || this.#backgroundRunning > 0) return undefined
    const hasWaited = nowMs - first.queuedAtMs >= this.#limits.backgroundWaitMaxMs
    if (!hasWaited && this.#waiting + this.#running > 0) return undefined
    this.#background.shift()
    this.#backgroundRunning++
    return first
  }

  #line(tenant: TenantId): Line<Call> {
    let line = this.#lines.get(tenant)
    if (!line) {
      line = { waiting: [], running: 0 }
      this.#lines.set(tenant, line)
    }
    return line
  }
}

function takeOut<Call>(calls: Call[], isOver: (call: Call) => boolean, removed: Call[]): void {
  for (let at = calls.length - 1; at >= 0; at--) {
    const call = calls[at]
    if (call && isOver(call)) removed.push(...calls.splice(at, 1))
  }
}
