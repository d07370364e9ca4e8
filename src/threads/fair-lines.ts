/**
 * Whose turn it is: the tenant that had least of the thread's time. Start-time fair queueing (Goyal, Vin and Cheng, 1997):
 * time is counted on a clock that goes with the work, and who comes from silence starts at its present time.
 */
import type { TenantId } from '../tenancy/tenant-id.ts'

interface FairCall {
  readonly tenant: TenantId
  readonly expectedMs: number
}

interface Line<Call> {
  readonly waiting: Call[]
  /** Expected of those that wait. */
  waitingMs: number
  running: number
  /** On the clock of the work: when the next call of this tenant may begin. */
  startMs: number
}

/** How often those are forgotten whose debt is paid. */
const takesPerSweep = 256

export class FairLines<Call extends FairCall> {
  readonly #tenantRunningMax: number
  readonly #lines = new Map<TenantId, Line<Call>>()
  #clockMs = 0
  #waiting = 0
  #waitingMs = 0
  #running = 0
  #takes = 0

  /** @param tenantRunningMax of one tenant at once */
  constructor(tenantRunningMax: number) {
    this.#tenantRunningMax = tenantRunningMax
  }

  get waiting(): number {
    return this.#waiting
  }

  /** Work that is expected of all who wait. */
  get waitingMs(): number {
    return this.#waitingMs
  }

  waitingOf(tenant: TenantId): number {
    return this.#lines.get(tenant)?.waiting.length ?? 0
  }

  add(call: Call): void {
    let line = this.#lines.get(call.tenant)
    if (!line) {
      line = { waiting: [], waitingMs: 0, running: 0, startMs: this.#clockMs }
      this.#lines.set(call.tenant, line)
    }
    // Silence saves nothing up.
    if (line.waiting.length === 0) line.startMs = Math.max(line.startMs, this.#clockMs)
    line.waiting.push(call)
    this.#count(line, 1, call.expectedMs)
  }

  /**
   * Takes out the newest call of whoever has the longest line, if that is longer than the line of this call would be.
   * @returns undefined where it is not
   */
  dropFor({ tenant, expectedMs }: Call): Call | undefined {
    let longest: Line<Call> | undefined
    for (const line of this.#lines.values())
      if (line.waitingMs > (longest?.waitingMs ?? 0)) longest = line
    const ownMs = (this.#lines.get(tenant)?.waitingMs ?? 0) + expectedMs
    if (!longest || longest.waitingMs <= ownMs) return undefined
    const dropped = longest.waiting.pop()
    if (!dropped) return undefined
    this.#count(longest, -1, -dropped.expectedMs)
    this.#forgetIdle(dropped.tenant, longest)
    return dropped
  }

  /** The next call, which is running from now on; undefined when nobody waits who may. */
  take(): Call | undefined {
    if (this.#waiting === 0) return undefined
    // Looked at one by one: as many as wait at once, which is bounded, and some ten as a rule.
    let first: Line<Call> | undefined
    for (const line of this.#lines.values()) {
      const isFree = line.waiting.length > 0 && line.running < this.#tenantRunningMax
      if (isFree && (!first || line.startMs < first.startMs)) first = line
    }
    const call = first?.waiting.shift()
    if (!first || !call) return undefined
    this.#clockMs = Math.max(this.#clockMs, first.startMs)
    first.startMs += call.expectedMs
    first.running++
    this.#count(first, -1, -call.expectedMs)
    this.#running++
    if (++this.#takes % takesPerSweep === 0) this.#forget()
    return call
  }

  done({ tenant, expectedMs }: Call, tookMs: number): void {
    this.#running--
    const line = this.#lines.get(tenant)
    if (!line) return
    line.running--
    line.startMs += tookMs - expectedMs
    this.#forgetIdle(tenant, line)
    if (this.#waiting + this.#running === 0) this.#lines.clear()
  }

  /** Takes out what waits and no longer should. */
  remove(isOver: (call: Call) => boolean): Call[] {
    const removed: Call[] = []
    for (const [tenant, line] of this.#lines) {
      const before = removed.length
      takeOut(line.waiting, isOver, removed)
      for (const { expectedMs } of removed.slice(before)) this.#count(line, -1, -expectedMs)
      this.#forgetIdle(tenant, line)
    }
    return removed
  }

  /** From nothing anew where nobody waits, so that rounding does not add up over months. */
  #count(line: Line<Call>, calls: number, ms: number): void {
    this.#waiting += calls
    this.#waitingMs = this.#waiting === 0 ? 0 : this.#waitingMs + ms
    line.waitingMs = line.waiting.length === 0 ? 0 : line.waitingMs + ms
  }

  #forget(): void {
    for (const [tenant, line] of this.#lines) this.#forgetIdle(tenant, line)
  }

  /** Who had more than the others is remembered until they had as much: a pause does not pay a debt. */
  #forgetIdle(tenant: TenantId, line: Line<Call>): void {
    const isIdle = line.running === 0 && line.waiting.length === 0
    if (isIdle && line.startMs <= this.#clockMs) this.#lines.delete(tenant)
  }
}

/** Moves what is over from the one list to the other. */
export function takeOut<Call>(
  calls: Call[],
  isOver: (call: Call) => boolean,
  removed: Call[],
): void {
  for (let at = calls.length - 1; at >= 0; at--) {
    const call = calls[at]
    if (call && isOver(call)) removed.push(...calls.splice(at, 1))
  }
}
