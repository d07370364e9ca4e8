/** Long computing on the main thread in short slices: between two of them everybody else is heard, and tenants take turns. */
import type { TenantId } from '../tenancy/tenant-id.ts'

/** Work that can be left after each of its steps, which are much shorter than a slice, and gives a result at its end. */
export type Steps<Result> = Generator<void, Result, void>

/** Of one turn of the event loop. */
const sliceMsDefault = 2

/** Goes on with its steps until the time. @returns whether that was its last slice */
type Slice = (untilMs: number) => boolean

/** How long the lines are, who hands in work bounds. */
export class Turns {
  readonly #sliceMs: number
  /** Who waits, the next one first, each with its own work in order. */
  readonly #lines = new Map<TenantId, Slice[]>()
  #isScheduled = false

  constructor(sliceMs = sliceMsDefault) {
    this.#sliceMs = sliceMs
  }

  /**
   * Does the work when it is the tenant's turn, after what the tenant handed in before.
   * @throws what a step throws, or the signal's reason when it aborts between two steps
   */
  run<Result>(tenant: TenantId, steps: Steps<Result>, signal: AbortSignal): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    const slice = (untilMs: number): boolean => {
      try {
        do {
          signal.throwIfAborted()
          const { done, value } = steps.next()
          if (done) {
            resolve(value)
            return true
          }
        } while (performance.now() < untilMs)
        return false
      } catch (error) {
        reject(error)
        return true
      }
    }
    const line = this.#lines.get(tenant)
    if (line) line.push(slice)
    else this.#lines.set(tenant, [slice])
    this.#schedule()
    return promise
  }

  /** An immediate that an immediate asks for runs after the next look at the network and the timers. */
  #schedule(): void {
    if (this.#isScheduled || this.#lines.size === 0) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#next()
      this.#schedule()
    })
  }

  #next(): void {
    const [next] = this.#lines
    if (!next) return
    const [tenant, line] = next
    this.#lines.delete(tenant)
    if (line[0]?.(performance.now() + this.#sliceMs)) line.shift()
    if (line.length > 0) this.#lines.set(tenant, line)
  }
}

/** Does all of the work at once, where nobody waits for the thread. */
export function withoutTurns<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}
