/** How many requests: of one address, one tenant, one key, in a minute and at once. Counted before anything else is done for them. */
import type { Principal } from '../auth/principal.ts'
import { Problem } from '../base/problem.ts'
import { RateWindow } from '../base/rate-window.ts'
import type { Limits } from '../control/limits.ts'
import type { Exchange } from './exchange.ts'

export type RequestLimits = Pick<Limits, 'requests_per_minute' | 'concurrent_requests'>

export interface AdmissionOptions {
  readonly limitsOf?: ((principal: Principal) => RequestLimits) | undefined
  readonly addressRequestsPerMinute?: number | undefined
  /** Monotonic milliseconds. */
  readonly nowMs?: (() => number) | undefined
}

const busyRetryS = 1

export class Admission {
  readonly #options: AdmissionOptions
  readonly #window: RateWindow
  /** Requests of a tenant being answered. */
  readonly #inside = new Map<string, number>()

  constructor(options: AdmissionOptions) {
    this.#options = options
    this.#window = new RateWindow(options.nowMs ? { nowMs: options.nowMs } : {})
  }

  /** Whether who asks is looked at: behind proxies that takes some work. */
  get countsAddresses(): boolean {
    return this.#options.addressRequestsPerMinute !== undefined
  }

  /** Before it is known who calls. @throws Problem `too_many_requests` */
  checkAddress(address: string | undefined, exchange: Exchange): void {
    const { addressRequestsPerMinute: limit } = this.#options
    if (limit !== undefined) this.#take('address', address ?? '', limit, exchange)
  }

  /** Counts the request until its exchange ends. @throws Problem `too_many_requests` */
  enter(principal: Principal, exchange: Exchange): void {
    const { tenant, key } = principal
    const limits = this.#options.limitsOf?.(principal)
    if (!limits) return
    if (key && key.requestsPerMinute !== null)
      this.#take('key', key.id, key.requestsPerMinute, exchange)
    const { requests_per_minute: perMinute, concurrent_requests: atOnce } = limits
    if (perMinute !== null) this.#take('tenant', tenant, perMinute, exchange)
    if (atOnce === null) return
    const inside = this.#inside.get(tenant) ?? 0
    if (inside >= atOnce)
      throw new Problem(
        'too_many_requests',
        `More than ${atOnce} of your requests are being answered: send fewer at once.`,
        { retryAfterS: busyRetryS },
      )
    this.#inside.set(tenant, inside + 1)
    exchange.onEnd = () => this.#left(tenant)
  }

  #left(tenant: string): void {
    const inside = (this.#inside.get(tenant) ?? 1) - 1
    if (inside > 0) this.#inside.set(tenant, inside)
    else this.#inside.delete(tenant)
  }

  #take(what: 'address' | 'tenant' | 'key', name: string, limit: number, exchange: Exchange): void {
    const taken = this.#window.take(`${what} ${name}`, limit)
    exchange.rates.push({ what, limit, taken })
    if (!taken.isAllowed)
      throw new Problem(
        'too_many_requests',
        `More than ${limit} requests of this ${what} within a minute: wait ${taken.retryAfterS} seconds.`,
        { retryAfterS: taken.retryAfterS },
      )
  }
}
