/**
 * A key set fetched from JWT_JWKS_URL. The last good one is kept, in memory and on the disk: while the other side is away,
 * whoever could come in still can.
 */
import { Problem } from '../base/problem.ts'
import { fetchBounded } from './fetch-bounded.ts'
import {
  type KeySource,
  keyOfJwk,
  keysFor,
  type TokenHeader,
  type VerificationKey,
} from './keys.ts'

/** Keys are looked at again after so long, beside the requests, not on their way. */
const freshMs = 10 * 60_000
/** Never two fetches closer than this, whatever `kid` anybody invents; doubled with each failure. */
const betweenFetchesMs = 30_000
const backOffMsMax = 5 * 60_000
const timeoutMs = 5_000
/** A set of a few keys is some kilobytes. */
const answerBytesMax = 256 * 1024
const keysMax = 64
/** Keys tried for one token: one where it has a `kid`. */
const triesMax = 4

export interface JwksOptions {
  readonly url: string
  /** What was kept by an earlier run, as `save` was given it. */
  readonly kept?: string | undefined
  /** Keeps the last good set for the next run. May fail: the set in memory serves. */
  readonly save: (text: string) => Promise<void>
  readonly fetch?: typeof fetch
  readonly nowMs?: () => number
}

export interface Jwks extends KeySource {
  /** `ok`, or why the last fetch failed and how old the keys are that serve instead. */
  status(): string
  readonly fetches: number
}

/** Starts with what was kept; fetches when first asked. */
export function createJwks(options: JwksOptions): Jwks {
  return new RemoteKeys(options)
}

class RemoteKeys implements Jwks {
  readonly #options: JwksOptions
  readonly #fetch: typeof fetch
  readonly #nowMs: () => number
  #keys: readonly VerificationKey[] = []
  #ids: ReadonlySet<string> = new Set()
  #goodAtMs = Number.NEGATIVE_INFINITY
  #triedAtMs = Number.NEGATIVE_INFINITY
  #failures = 0
  #fault: string | undefined
  #fetching: Promise<void> | undefined
  fetches = 0

  constructor(options: JwksOptions) {
    this.#options = options
    this.#fetch = options.fetch ?? fetch
    this.#nowMs = options.nowMs ?? Date.now
    const kept = options.kept === undefined ? undefined : readKept(options.kept, options.url)
    if (kept) this.#take(kept)
  }

  async find(header: TokenHeader): Promise<readonly VerificationKey[]> {
    if (/^HS|^none$/i.test(header.alg)) return []
    const known = this.#keysFor(header)
    if (known.length > 0) {
      this.#keepFresh()
      return known
    }
    await this.#refresh()
    if (this.#keys.length === 0)
      throw new Problem('overloaded', 'The keys that verify tokens cannot be had just now.', {
        retryAfterS: Math.max(1, Math.ceil((this.#nextAtMs() - this.#nowMs()) / 1000)),
      })
    return this.#keysFor(header)
  }

  #keysFor(header: TokenHeader): readonly VerificationKey[] {
    return keysFor(this.#keys, header).slice(0, triesMax)
  }

  isCurrent(key: VerificationKey): boolean {
    this.#keepFresh()
    return this.#ids.has(key.id)
  }

  status(): string {
    if (this.#fault === undefined) return 'ok'
    const minutes = Math.round((this.#nowMs() - this.#goodAtMs) / 60_000)
    const serving = Number.isFinite(minutes)
      ? `the keys of ${minutes} minutes ago serve`
      : this.#keys.length > 0
        ? 'the keys kept by an earlier run serve'
        : 'there are no keys yet'
    return `${this.#fault}; ${serving}`
  }

  #keepFresh(): void {
    if (this.#nowMs() - this.#goodAtMs >= freshMs) void this.#refresh()
  }

  #nextAtMs(): number {
    const pauseMs = betweenFetchesMs * 2 ** Math.min(10, Math.max(0, this.#failures - 1))
    return this.#triedAtMs + Math.min(backOffMsMax, pauseMs)
  }

  /** One at a time, and only when it is time; never throws. */
  #refresh(): Promise<void> {
    if (this.#fetching !== undefined) return this.#fetching
    if (this.#nowMs() < this.#nextAtMs()) return Promise.resolve()
    this.#triedAtMs = this.#nowMs()
    this.fetches++
    this.#fetching = this.#load().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #load(): Promise<void> {
    const { url, save } = this.#options
    try {
      const text = await fetchBounded(this.#fetch, url, { timeoutMs, bytesMax: answerBytesMax })
      this.#take(readKeys(text))
      this.#goodAtMs = this.#nowMs()
      this.#failures = 0
      this.#fault = undefined
      await save(JSON.stringify({ url, set: JSON.parse(text) })).catch(() => undefined)
    } catch (error) {
      this.#failures++
      this.#fault = `JWT_JWKS_URL: ${error instanceof Error ? error.message : String(error)}`
    }
  }

  #take(keys: readonly VerificationKey[]): void {
    this.#keys = keys
    this.#ids = new Set(keys.map((key) => key.id))
  }
}

/** What is of no use (a secret, an encryption key, a curve we do not take) is passed over. @throws Error for a set without any key of use */
function readKeys(text: string): VerificationKey[] {
  let set: unknown
  try {
    set = JSON.parse(text)
  } catch {
    throw new Error('the answer is not JSON')
  }
  const { keys } = (set ?? {}) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('the answer is not a key set')
  const found = keys
    .slice(0, keysMax)
    .map(keyOfJwk)
    .filter((key) => typeof key !== 'string')
  if (found.length === 0) throw new Error('the key set has no key that verifies tokens')
  return found
}

/** Another address's keys are nobody's. */
function readKept(text: string, url: string): VerificationKey[] | undefined {
  try {
    const kept = JSON.parse(text) as { url?: unknown; set?: unknown }
    return kept.url === url ? readKeys(JSON.stringify(kept.set)) : undefined
  } catch {
    return undefined
  }
}
