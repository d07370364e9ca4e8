/** Counts what tenants use: in memory while it happens, in control.db every few seconds. A crash loses what came since. */
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { Done } from './document-events.ts'
import type { Counts, UsageAdded } from './usage.ts'

/** What a crash may lose of the counts; a clean stop loses nothing. */
export const usageEveryMs = 5_000
const dayMs = 86_400_000
/** Where the server's own work for a library is counted. */
const nobody = ''

/** A principal, as far as it matters here. */
export interface User {
  readonly tenant: TenantId
  readonly userId: string
}

/** What a model says that an answer cost; null where it says nothing. */
export type TokensUsed = {
  readonly prompt_tokens: number
  readonly completion_tokens: number
} | null

/** What the routes do with it. */
export type UsageCounters = Pick<UsageMeter, 'flush' | 'request' | 'chatTokens' | 'chatTokensToday'>

export interface UsageMeterOptions {
  /** Chat tokens that were counted of a day before it was made. */
  readonly before?: {
    readonly day: string
    readonly tokens: Iterable<readonly [TenantId, number]>
  }
  /** Resolves once durable. */
  readonly write: (added: readonly UsageAdded[]) => Promise<void>
  /** Whether there is such a tenant, not deleted nor being deleted: of others nothing is written. */
  readonly isThere: (tenant: TenantId) => boolean
  /** Bytes of originals in its library now. */
  readonly storedOf: (tenant: TenantId) => Promise<number>
  readonly onFault: (error: unknown) => void
  readonly nowMs?: () => number
}

export class UsageMeter {
  readonly #options: UsageMeterOptions
  readonly #nowMs: () => number
  readonly #timer: NodeJS.Timeout
  #today = new Map<TenantId, Map<string, Counts>>()
  #day = ''
  #dayEndsMs = 0
  /** Of the day in all, written or not. */
  #chatTokens: Map<TenantId, number>
  #chatDay: string
  /** Of days that ended, and what could not be written. */
  #kept: UsageAdded[] = []
  /** Libraries whose originals may have become more or less. */
  readonly #changed = new Set<TenantId>()
  #flushing: Promise<void> = Promise.resolve()

  constructor(options: UsageMeterOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
    this.#chatDay = options.before?.day ?? ''
    this.#chatTokens = new Map(options.before?.tokens)
    this.#timer = setInterval(() => void this.flush(), usageEveryMs)
    this.#timer.unref()
  }

  /** A request that proved who it is from, however it ended. */
  request({ tenant, userId }: User, isSearch: boolean): void {
    const counts = this.#countsOf(tenant, userId)
    counts.requests++
    if (isSearch) counts.searches++
  }

  /** What a chat model read and wrote for a user: once an answer, whoever reads it. */
  chatTokens({ tenant, userId }: User, used: TokensUsed): void {
    if (!used) return
    const counts = this.#countsOf(tenant, userId)
    counts.chat_tokens_in += used.prompt_tokens
    counts.chat_tokens_out += used.completion_tokens
    const before = this.#chatTokens.get(tenant) ?? 0
    this.#chatTokens.set(tenant, before + used.prompt_tokens + used.completion_tokens)
  }

  /** What chat models read and wrote for a library today, UTC: for all its users, over restarts. */
  chatTokensToday(tenant: TenantId): number {
    const nowMs = this.#nowMs()
    if (nowMs >= this.#dayEndsMs) this.#turn(nowMs)
    return this.#chatTokens.get(tenant) ?? 0
  }

  /** Time that was spent on a library. */
  worked(tenant: TenantId, seconds: number): void {
    this.#countsOf(tenant, nobody).seconds += seconds
  }

  /** Told of what was done to a library. */
  observe(tenant: TenantId, { operation, args, result }: Done): void {
    switch (operation) {
      case 'ingest.append':
        if (result) this.#countsOf(tenant, nobody).pages_read += args.batch.pages.length
        break
      case 'documents.create':
      case 'documents.delete':
      case 'ingest.finish':
      case 'tenant.recover':
        this.#changed.add(tenant)
        break
    }
  }

  /** Writes what was counted. Never rejects: what could not be written is kept for the next time. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#write())
    return this.#flushing
  }

  /** The tenant was deleted. */
  forget(tenant: TenantId): void {
    this.#today.delete(tenant)
    this.#chatTokens.delete(tenant)
    this.#changed.delete(tenant)
    this.#kept = this.#kept.filter((row) => row.tenant !== tenant)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }

  #countsOf(tenant: TenantId, userId: string): Counts {
    const nowMs = this.#nowMs()
    if (nowMs >= this.#dayEndsMs) this.#turn(nowMs)
    let users = this.#today.get(tenant)
    if (!users) {
      users = new Map()
      this.#today.set(tenant, users)
    }
    let counts = users.get(userId)
    if (!counts) {
      counts = nothing()
      users.set(userId, counts)
    }
    return counts
  }

  /** A day begins. */
  #turn(nowMs: number): void {
    this.#kept.push(...this.#take())
    this.#day = new Date(nowMs).toISOString().slice(0, 10)
    if (this.#chatDay !== this.#day) this.#chatTokens = new Map()
    this.#chatDay = this.#day
    this.#dayEndsMs = (Math.floor(nowMs / dayMs) + 1) * dayMs
  }

  #take(): UsageAdded[] {
    const taken = [...this.#today].flatMap(([tenant, users]) =>
      [...users].map(([userId, counts]) => ({
        tenant,
        userId,
        day: this.#day,
        ...counts,
        bytes_stored: null,
      })),
    )
    this.#today = new Map()
    return taken
  }

  async #write(): Promise<void> {
    const levels = await this.#levels()
    if (this.#nowMs() >= this.#dayEndsMs) this.#turn(this.#nowMs())
    const rows = [...this.#kept, ...this.#take(), ...levels].filter(({ tenant }) =>
      this.#options.isThere(tenant),
    )
    this.#kept = []
    if (rows.length === 0) return
    try {
      await this.#options.write(rows)
    } catch (error) {
      this.#kept.push(...merged(rows))
      this.#options.onFault(error)
    }
  }

  async #levels(): Promise<UsageAdded[]> {
    const levels: UsageAdded[] = []
    for (const tenant of this.#changed) {
      this.#changed.delete(tenant)
      if (!this.#options.isThere(tenant)) continue
      try {
        const bytes = await this.#options.storedOf(tenant)
        const day = new Date(this.#nowMs()).toISOString().slice(0, 10)
        levels.push({ tenant, userId: nobody, day, ...nothing(), bytes_stored: bytes })
      } catch {
        // Held back, or busy: the next change to its documents looks again.
      }
    }
    return levels
  }
}

function nothing(): Counts {
  return {
    requests: 0,
    searches: 0,
    pages_read: 0,
    chat_tokens_in: 0,
    chat_tokens_out: 0,
    seconds: 0,
  }
}

/** One row for each tenant, user and day, so that what waits for the disk does not grow with time. */
function merged(rows: readonly UsageAdded[]): UsageAdded[] {
  const all = new Map<string, UsageAdded>()
  for (const row of rows) {
    const name = `${row.tenant} ${row.day} ${row.userId}`
    const sum = all.get(name)
    all.set(name, sum ? added(sum, row) : row)
  }
  return [...all.values()]
}

function added(a: UsageAdded, b: UsageAdded): UsageAdded {
  return {
    ...a,
    requests: a.requests + b.requests,
    searches: a.searches + b.searches,
    pages_read: a.pages_read + b.pages_read,
    chat_tokens_in: a.chat_tokens_in + b.chat_tokens_in,
    chat_tokens_out: a.chat_tokens_out + b.chat_tokens_out,
    seconds: a.seconds + b.seconds,
    bytes_stored: b.bytes_stored ?? a.bytes_stored,
  }
}
