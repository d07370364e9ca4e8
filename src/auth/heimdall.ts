/** The tier of Heimdall's users: asked for beside the requests, remembered, and kept through an outage. */
import { LRUCache } from 'lru-cache'
import { type Tier, tierNames } from '../control/limits.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { fetchBounded } from './fetch-bounded.ts'
import type { Principal } from './principal.ts'

const freshMs = 5 * 60_000
/** After a failure the same user is asked for again no sooner. */
const retryMs = 30_000
/** After any failure nobody new waits for an answer: Heimdall is taken for away. */
const awayMs = 10_000
const timeoutMs = 5_000
/** The longest that a request waits, once for each user, and only for one never seen before. */
const waitMsDefault = 1_500
const answerBytesMax = 64 * 1024
const askedAtOnceMax = 8
const usersMax = 50_000

export interface HeimdallOptions {
  readonly url: string
  readonly adminToken: string
  readonly product: string
  /** The tier that control.db remembers, from before a restart. */
  readonly lastTierOf: (tenant: TenantId) => Tier | undefined
  /** Whether the user has been here before: then Heimdall need not be told. */
  readonly isKnown: (tenant: TenantId) => boolean
  readonly fetch?: typeof fetch
  readonly nowMs?: () => number
  readonly waitMs?: number
}

interface User {
  tier: Tier | undefined
  /** Not asked again before. */
  nextAtMs: number
  isProvisioned: boolean
  asking: Promise<void> | undefined
}

export class Heimdall {
  readonly #options: HeimdallOptions
  readonly #users = new LRUCache<string, User>({ max: usersMax })
  #asking = 0
  #failedAtMs = Number.NEGATIVE_INFINITY
  #fault: string | undefined

  constructor(options: HeimdallOptions) {
    this.#options = options
  }

  /** `ok`, or why the last question had no answer: users keep the tier they had. */
  status(): string {
    return this.#fault === undefined ? 'ok' : `${this.#fault}; users keep their last known tier`
  }

  /** @returns the tier known best now; at once but for a user never seen, and then within a bound. `free` when never known */
  tierOf(principal: Principal): Tier | Promise<Tier> {
    const user = this.#userOf(principal)
    if (this.#now() >= user.nextAtMs) this.#ask(principal, user)
    if (user.tier !== undefined) return user.tier
    if (!user.asking || this.#isAway()) return 'free'
    return this.#awaited(user, user.asking)
  }

  async #awaited(user: User, asking: Promise<void>): Promise<Tier> {
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#options.waitMs ?? waitMsDefault)
    })
    await Promise.race([asking, patience])
    clearTimeout(timer)
    return user.tier ?? 'free'
  }

  #userOf({ userId, tenant }: Principal): User {
    const found = this.#users.get(userId)
    if (found) return found
    const { lastTierOf, isKnown } = this.#options
    const user: User = {
      tier: lastTierOf(tenant),
      nextAtMs: 0,
      isProvisioned: isKnown(tenant),
      asking: undefined,
    }
    this.#users.set(userId, user)
    return user
  }

  #ask({ userId }: Principal, user: User): void {
    if (user.asking || this.#asking >= askedAtOnceMax) return
    this.#asking++
    user.asking = this.#answer(userId, user).finally(() => {
      this.#asking--
      user.asking = undefined
    })
  }

  async #answer(userId: string, user: User): Promise<void> {
    const { product } = this.#options
    try {
      if (!user.isProvisioned) {
        await this.#post('/admin/provision', { directus_user_id: userId, product, tier: 'free' })
        user.isProvisioned = true
      }
      const answer = await this.#post('/admin/cloud/resolve', { directus_user_id: userId, product })
      user.tier = tierIn(answer)
      user.nextAtMs = this.#now() + freshMs
      this.#fault = undefined
    } catch (error) {
      this.#failedAtMs = this.#now()
      user.nextAtMs = this.#now() + retryMs
      this.#fault = `HEIMDALL_URL: ${error instanceof Error ? error.message : String(error)}`
    }
  }

  #post(path: string, body: object): Promise<string> {
    const { url, adminToken, fetch: fetcher = fetch } = this.#options
    return fetchBounded(fetcher, url.replace(/\/+$/, '') + path, {
      timeoutMs,
      bytesMax: answerBytesMax,
      init: {
        method: 'POST',
        headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      },
    })
  }

  #isAway(): boolean {
    return this.#now() - this.#failedAtMs < awayMs
  }

  #now(): number {
    return (this.#options.nowMs ?? Date.now)()
  }
}

/** `local` is no tier that anybody can be given. @throws Error for an answer without one that we know */
function tierIn(text: string): Tier {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    throw new Error('its answer is not JSON')
  }
  const tier = (answer as { tier?: unknown } | null)?.tier
  const known = tierNames.find((name) => name === tier && name !== 'local')
  if (known === undefined) throw new Error('its answer names no tier that there is')
  return known
}
