/** Tiers: which limits each gives, from a file of the operator's or built in, and what one tenant gets after overrides. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Quota } from '../tenancy/quota.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { Allowances, Overrides } from './allowances.ts'
import { type Limits, type Tier, tierNames } from './limits.ts'

const GiB = 2 ** 30

/** Generous: they keep one account from filling a disk. Rates are the operator's to decide; queues keep tenants apart in any case. */
const standing = { requests_per_minute: null, concurrent_requests: 256 }
export const tiersDefault: Readonly<Record<Tier, Limits>> = {
  free: {
    ...standing,
    documents: 10_000,
    bytes: 10 * GiB,
    passages: 1_000_000,
    database_bytes: 10 * GiB,
    pages_per_day: 50_000,
    upload_bytes: GiB,
    concurrent_jobs: 2,
    api_keys: 20,
    chat_tokens_per_day: 1_000_000,
    own_chat_key: false,
  },
  paid: {
    ...standing,
    documents: 50_000,
    bytes: 100 * GiB,
    passages: 5_000_000,
    database_bytes: 50 * GiB,
    pages_per_day: 250_000,
    upload_bytes: 4 * GiB,
    concurrent_jobs: 4,
    api_keys: 50,
    chat_tokens_per_day: null,
    own_chat_key: true,
  },
  premium: {
    ...standing,
    documents: 200_000,
    bytes: 500 * GiB,
    passages: 20_000_000,
    database_bytes: 200 * GiB,
    pages_per_day: 1_000_000,
    upload_bytes: 16 * GiB,
    concurrent_jobs: 8,
    api_keys: 100,
    chat_tokens_per_day: null,
    own_chat_key: true,
  },
  ultra: { ...noLimits(), api_keys: 1_000 },
  local: { ...noLimits(), api_keys: 1_000 },
}

function noLimits(): Limits {
  return {
    documents: null,
    bytes: null,
    passages: null,
    database_bytes: null,
    pages_per_day: null,
    upload_bytes: null,
    requests_per_minute: null,
    concurrent_requests: null,
    concurrent_jobs: null,
    api_keys: null,
    chat_tokens_per_day: null,
    own_chat_key: true,
  }
}

const limitSchema = z.int().min(0).nullable().optional()
/** Zero would be a tier that cannot be used at all. */
const rateSchema = z.int().min(1).nullable().optional()

export const limitsSchema = z.strictObject({
  documents: limitSchema,
  bytes: limitSchema,
  passages: limitSchema,
  database_bytes: limitSchema,
  pages_per_day: limitSchema,
  upload_bytes: limitSchema,
  requests_per_minute: rateSchema,
  concurrent_requests: rateSchema,
  concurrent_jobs: rateSchema,
  api_keys: limitSchema,
  chat_tokens_per_day: limitSchema,
  own_chat_key: z.boolean().optional(),
})

export const tierSchema = z.enum(tierNames)

export const overridesSchema = z.strictObject({
  tier: tierSchema.optional(),
  limits: limitsSchema.optional(),
})

const fileSchema = z.strictObject(
  Object.fromEntries(tierNames.map((name) => [name, limitsSchema])) as Record<
    Tier,
    typeof limitsSchema
  >,
)

export type TierTable = Readonly<Record<Tier, Limits>>

/** A tiers file that cannot be used; the message is one line that names the place. */
export class TiersError extends Error {}

/** @throws TiersError for a file that cannot be read, is not JSON, or says anything that is not a limit of a tier */
export function readTiersFile(path: string): TierTable {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new TiersError(`TIERS_FILE: ${path}: ${(error as NodeJS.ErrnoException).code ?? error}`)
  }
  return parseTiers(text, path)
}

/** A limit that a tier leaves out is the built-in one of that tier; no tier may be left out. */
export function parseTiers(text: string, name: string): TierTable {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const at = Number(/position (\d+)/.exec(String(error))?.[1] ?? text.length)
    throw new TiersError(`TIERS_FILE: ${name}:${lineAt(text, at)}: is not JSON`)
  }
  const parsed = fileSchema.safeParse(value)
  if (!parsed.success) throw new TiersError(`TIERS_FILE: ${name}:${faultOf(text, parsed.error)}`)
  const tiers = tierNames.map((tier) => [tier, merged(tiersDefault[tier], parsed.data[tier])])
  return Object.fromEntries(tiers) as TierTable
}

function faultOf(text: string, { issues }: z.ZodError): string {
  const [issue] = issues
  if (!issue) return '1: cannot be used'
  const keys = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const path = [...issue.path.map(String), ...keys]
  const isMissing =
    issue.code === 'invalid_type' && issue.path.length === 1 && issue.input === undefined
  const line = lineAt(text, placeOf(text, path))
  if (keys.length > 0) return `${line}: there is no \`${path.join('.')}\``
  return isMissing && !hasMember(text, path)
    ? `${line}: the tier \`${path.join('.')}\` is missing`
    : `${line}: \`${path.join('.')}\`: ${issue.message}`
}

function hasMember(text: string, [name]: string[]): boolean {
  return Object.hasOwn(JSON.parse(text) as object, name ?? '')
}

/** Where the member at the path stands; good enough for a message: names are looked for one after the other. */
function placeOf(text: string, path: readonly string[]): number {
  let at = 0
  for (const name of path) {
    const found = text.indexOf(JSON.stringify(name), at)
    if (found === -1) break
    at = found
  }
  return at
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length
}

/** The limits of every tenant at this moment; the table may be replaced while the server runs. */
export class Tiers {
  readonly #allowances: Allowances
  #table: TierTable
  /** By the operator's word and the tier, so that the same limits are the same object. */
  #overridden = new WeakMap<Overrides, Map<Tier, Limits>>()
  readonly #quotas = new WeakMap<Limits, Quota>()

  constructor(allowances: Allowances, table: TierTable = tiersDefault) {
    this.#allowances = allowances
    this.#table = table
  }

  replace(table: TierTable): void {
    this.#table = table
    this.#overridden = new WeakMap()
  }

  get table(): TierTable {
    return this.#table
  }

  /** The tier that counts: the operator's word, else what the last login said. */
  tierOf(tenant: TenantId): Tier {
    const allowance = this.#allowances.of(tenant)
    return allowance?.overrides?.tier ?? allowance?.tier ?? 'free'
  }

  limitsOf(tenant: TenantId): Limits {
    const tier = this.tierOf(tenant)
    const overrides = this.#allowances.of(tenant)?.overrides
    if (!overrides?.limits) return this.#table[tier]
    const known = this.#overridden.get(overrides) ?? new Map<Tier, Limits>()
    this.#overridden.set(overrides, known)
    const limits = known.get(tier) ?? merged(this.#table[tier], overrides.limits)
    known.set(tier, limits)
    return limits
  }

  quotaOf(tenant: TenantId): Quota {
    const limits = this.limitsOf(tenant)
    const quota = this.#quotas.get(limits) ?? storedOf(limits)
    this.#quotas.set(limits, quota)
    return quota
  }
}

/** Only what a shard holds the tenant to: the rest need not cross the thread. */
function storedOf({ documents, bytes, passages, database_bytes, pages_per_day }: Limits): Quota {
  return { documents, bytes, passages, database_bytes, pages_per_day }
}

function merged(base: Limits, over: NonNullable<Overrides['limits']>): Limits {
  const given = Object.entries(over).filter(([, value]) => value !== undefined)
  return { ...base, ...Object.fromEntries(given) }
}
