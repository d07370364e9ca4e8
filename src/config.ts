/** The settings: one schema, read once from the environment. The only reader of `process.env`. */
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import { storesByDescriptors } from './base/descriptors.ts'
import { apiKey, checkPublicKey, decimal, endpointUrl, flag, integer } from './config-fields.ts'
import { secretFields } from './config-secrets.ts'
import { signInFault, signInFields } from './config-sign-in.ts'
import { telemetryFields } from './config-telemetry.ts'
import { defaultSnapshotsDirectory } from './tenancy/layout.ts'
import { parseRetention } from './tenancy/retention.ts'

const cores = availableParallelism()
/** More than this one main thread does not keep busy. */
const shardsMax = 8

/** A core is left for the main thread and the readers. Of two it takes a part: feeding a searching shard is a sixth of the shard's own work. */
export function shardsFor(cores: number): number {
  return Math.min(shardsMax, Math.max(cores - 1, Math.min(cores, 2)))
}

const schema = z.object({
  DATA_DIR: z.string().min(1).default('./data').describe('where everything is kept'),
  SNAPSHOTS_DIR: z
    .string()
    .min(1)
    .optional()
    .describe('where snapshots are kept, for example on another disk; without it in DATA_DIR'),
  SNAPSHOT_HOURS: decimal(0, 8_760)
    .default(0)
    .describe('a changed library is copied when its last snapshot is this old; 0 never'),
  SNAPSHOT_KEEP: z
    .string()
    .default('last=3,hourly=24,daily=7,weekly=4,monthly=6')
    .refine((text) => parseRetention(text) !== undefined, 'is not such as `last=3,daily=7`')
    .describe('snapshots that are kept: the last few, the newest of so many hours, days …'),
  SNAPSHOT_BYTES_MAX: integer(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('of all snapshots together: the oldest go first, never a library’s newest'),
  REQUEST_LOG_MONTHS: integer(0, 120)
    .default(3)
    .describe('months that the request log is kept, the present one included; 0 writes none'),
  HOST: z.string().min(1).default('127.0.0.1').describe('address to listen on'),
  PORT: integer(0, 65_535).default(8080).describe('port to listen on; 0 takes a free one'),
  JWT_SECRET: z
    .string()
    .refine(
      (secret) => Buffer.byteLength(secret) >= 32,
      'needs at least 32 bytes (RFC 7518, section 3.2)',
    )
    .optional()
    .describe('HS256 key; without any key the server is in local mode'),
  JWT_PUBLIC_KEY: z
    .string()
    .superRefine(checkPublicKey)
    .optional()
    .describe('PEM or JWK that verifies RS256, PS256, ES256 or EdDSA tokens'),
  JWT_JWKS_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('address of the key set that verifies tokens'),
  JWT_ISSUER: z.string().min(1).optional().describe('required `iss`'),
  JWT_AUDIENCE: z.string().min(1).optional().describe('required `aud`'),
  JWT_USER_CLAIM: z.string().min(1).optional().describe('the claim that names the user'),
  JWT_TIER_CLAIM: z.string().min(1).optional().describe('the claim that names the tier'),
  JWT_TENANT_CLAIM: z.string().min(1).optional().describe('the claim that names a shared library'),
  JWT_ADMIN: flag().describe('whether a token with the scope `admin` is the operator’s'),
  ...signInFields,
  HEIMDALL_SESSION_SECRET: z
    .string()
    .refine((secret) => Buffer.byteLength(secret) >= 32, 'needs at least 32 bytes')
    .optional()
    .describe('HS256 key of `cf_session` tokens, where it is not JWT_SECRET'),
  HEIMDALL_SAME_USERS: flag().describe(
    'whether `cf_session` users are the same people as the tokens’',
  ),
  HEIMDALL_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('asked for the tier of `cf_session` users'),
  HEIMDALL_ADMIN_TOKEN: z.string().min(1).optional().describe('bearer for HEIMDALL_URL'),
  HEIMDALL_PRODUCT: z
    .string()
    .min(1)
    .default('carrel')
    .describe('what Heimdall calls this product'),
  ADMIN_TOKEN: z
    .string()
    .refine((token) => Buffer.byteLength(token) >= 24, 'needs at least 24 bytes')
    .optional()
    .describe('lets its bearer read /metrics and use /admin/v1'),
  WEBHOOKS_PRIVATE: flag().describe(
    'whether webhooks may be at private addresses, and without TLS',
  ),
  ...secretFields,
  TIERS_FILE: z.string().min(1).optional().describe('JSON with the limits of each tier'),
  ADDRESS_REQUESTS_PER_MINUTE: integer(1, 10_000_000)
    .optional()
    .describe('requests from one address; behind a proxy only with TRUST_PROXY'),
  ADDRESS_FAILED_LOGINS_PER_MINUTE: integer(1, 1_000_000)
    .default(600)
    .describe('credentials that fail from one address, then 429'),
  SHARDS: integer(1, 64).default(shardsFor(cores)).describe('threads that own tenants'),
  POOL_MAX: integer(1, 100_000).default(256).describe('open stores per shard'),
  POOL_IDLE_MS: integer(100, 86_400_000)
    .default(60_000)
    .describe('an unused store closes after this'),
  EXTRACTORS: integer(1, 64)
    .default(Math.max(1, cores - 1))
    .describe('documents read at once'),
  EXTRACT_MEMORY_BYTES_MAX: integer(320 * 2 ** 20, 64 * 2 ** 30)
    .default(768 * 2 ** 20)
    .describe('memory of one reader process'),
  EXTRACT_CPU_MS_MAX: integer(1_000, 86_400_000)
    .default(300_000)
    .describe('processor time for one document'),
  OCR: z
    .enum(['off', 'tesseract'])
    .default('off')
    .describe('reads pages that are pictures, with the `tesseract` of the system'),
  OCR_LANGUAGES: z
    .string()
    .regex(
      /^[A-Za-z][\w-]*(?:\/[\w-]+)?(?:\+[A-Za-z][\w-]*(?:\/[\w-]+)?)*$/,
      'names languages as tesseract does, joined by +: eng+deu',
    )
    .default('eng')
    .describe('languages of such pages, as `tesseract` names them, joined by `+`'),
  UPLOAD_BYTES_MAX: integer(1, 64 * 2 ** 30)
    .default(512 * 2 ** 20)
    .describe('one uploaded file'),
  UPLOAD_EXPIRY_MS: integer(1_000, 30 * 86_400_000)
    .default(86_400_000)
    .describe('a resumable upload is given up so long after its last byte'),
  FROM_URL: z
    .enum(['on', 'off'])
    .default('off')
    .describe('whether users may have files fetched from web addresses'),
  BM25_K1: decimal(0, 10).default(1.2).describe('how fast repeated words stop counting'),
  BM25_B: decimal(0, 1).default(0.75).describe('how much long passages are held back'),
  TITLE_WEIGHT: decimal(0, 20).default(1.5).describe('a word in the title counts as so many'),
  SECTION_WEIGHT: decimal(0, 20).default(1.25).describe('a word in a heading counts as so many'),
  KEYWORD_SHARE: decimal(0, 1)
    .default(0.7)
    .describe('what the words decide in a hybrid search; the meaning has the rest'),
  VECTOR_CACHE_BYTES_MAX: integer(0, 64 * 2 ** 30)
    .default(64 * 2 ** 20)
    .describe('memory per shard for vectors searched lately'),
  CHAT_URL: z
    .url()
    .optional()
    .describe('an OpenAI-compatible chat endpoint; without it answers are quotes'),
  CHAT_MODEL: z.string().min(1).max(200).optional().describe('the model that is asked there'),
  CHAT_API_KEY: z.string().min(1).optional().describe('sent to it as a bearer token'),
  CHAT_CONTEXT_TOKENS: integer(1_000, 1_000_000)
    .default(6_000)
    .describe('tokens of passages and history that a question brings along'),
  EMBEDDINGS_URL: endpointUrl
    .optional()
    .describe('an OpenAI-compatible endpoint that makes the vectors; without it the built-in one'),
  EMBEDDINGS_MODEL: z.string().min(1).optional().describe('the model to ask it for'),
  EMBEDDINGS_API_KEY: apiKey.optional().describe('sent to it as a bearer token'),
  EMBEDDINGS_QUERY_PREFIX: z
    .string()
    .optional()
    .describe('what the model reads before a question; `none` for nothing, by its family without'),
  EMBEDDINGS_DOCUMENT_PREFIX: z.string().optional().describe('the same before a passage'),
  EMBEDDINGS_TIMEOUT_MS: integer(100, 3_600_000)
    .default(120_000)
    .describe('for one batch of passages, to the last byte of the answer'),
  EMBEDDINGS_QUERY_TIMEOUT_MS: integer(10, 60_000)
    .default(1_500)
    .describe('a search goes on by words alone when a question has no vector by then'),
  RERANK_URL: endpointUrl.optional().describe('a rerank endpoint that orders the best hits anew'),
  RERANK_MODEL: z.string().min(1).optional().describe('the model to ask it for, if it has several'),
  RERANK_API_KEY: apiKey.optional().describe('sent to it as a bearer token'),
  RERANK_TIMEOUT_MS: integer(10, 60_000)
    .default(2_000)
    .describe('a search answers in its own order when there is none by then'),
  RERANK_HITS: integer(1, 100).default(50).describe('hits that are ordered anew'),
  PUBLIC_URL: z.url().optional().describe('where browsers reach the server, behind a proxy'),
  TRUST_PROXY: z.string().min(1).optional().describe('proxies whose X-Forwarded-For is believed'),
  ...telemetryFields,
})

/** Settings that say nothing without another. */
const needs = [
  ['EMBEDDINGS_URL', 'EMBEDDINGS_MODEL'],
  ['EMBEDDINGS_MODEL', 'EMBEDDINGS_URL'],
  ['EMBEDDINGS_API_KEY', 'EMBEDDINGS_URL'],
  ['RERANK_MODEL', 'RERANK_URL'],
  ['RERANK_API_KEY', 'RERANK_URL'],
] as const

export type Config = Readonly<z.infer<typeof schema> & { SNAPSHOTS_DIR: string }>

/** A setting that cannot be used; the message is one line that names it. */
export class ConfigError extends Error {}

/**
 * Reads the settings. Empty values count as not set.
 * @param env the environment
 * @param keyOf gives the key that a server without `JWT_SECRET` keeps in its directory, and is told whether there is no
 * login without it; not given, or undefined: local mode, or links alone
 * @returns checked settings, `DATA_DIR` absolute, `POOL_MAX` within the descriptor limit
 * @throws ConfigError naming the first bad setting
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
  keyOf?: (dataDir: string, isNeeded: boolean) => string | undefined,
): Config {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => (env[name] ? [[name, env[name]]] : [])),
  )
  const parsed = schema.safeParse(given)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new ConfigError(`${issue?.path.join('.')}: ${issue?.message}`)
  }
  const DATA_DIR = resolve(parsed.data.DATA_DIR)
  const JWT_SECRET =
    parsed.data.JWT_SECRET ??
    (hasIssuer(parsed.data) ? undefined : keyOf?.(DATA_DIR, !hasLogin(parsed.data)))
  const SNAPSHOTS_DIR = resolve(parsed.data.SNAPSHOTS_DIR ?? defaultSnapshotsDirectory(DATA_DIR))
  const config = { ...parsed.data, DATA_DIR, SNAPSHOTS_DIR, JWT_SECRET }
  if (config.HEIMDALL_URL !== undefined && config.HEIMDALL_ADMIN_TOKEN === undefined)
    throw new ConfigError('HEIMDALL_ADMIN_TOKEN: is needed where HEIMDALL_URL is set')
  if (!hasLogin(config) && !isLoopback(config.HOST))
    throw new ConfigError(
      `HOST: ${config.HOST} is reachable by others, and without JWT_SECRET there is no login; set JWT_SECRET or listen on 127.0.0.1`,
    )
  const fault = signInFault(config)
  if (fault !== undefined) throw new ConfigError(fault)
  if (config.CHAT_URL !== undefined && config.CHAT_MODEL === undefined)
    throw new ConfigError('CHAT_MODEL: name the model that CHAT_URL is to be asked for')
  for (const [name, needed] of needs)
    if (config[name] !== undefined && config[needed] === undefined)
      throw new ConfigError(`${name}: needs ${needed}, which is not set`)
  return {
    ...config,
    POOL_MAX: Math.min(config.POOL_MAX, storesByDescriptors(config.SHARDS)),
  }
}

/** The named variables that are set: for what is no setting of the server, and for programs that it starts. */
export function environmentOf(
  names: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])))
}

type Login = Pick<
  Config,
  | 'JWT_SECRET'
  | 'JWT_PUBLIC_KEY'
  | 'JWT_JWKS_URL'
  | 'HEIMDALL_SESSION_SECRET'
  | 'OIDC_ISSUER'
  | 'SIGN_IN_LINKS'
>

/** Whether anybody has to prove who they are; without any key, provider or links the server is in local mode. */
export function hasLogin(config: Login): boolean {
  return hasIssuer(config) || config.SIGN_IN_LINKS === 'on'
}

/** Whether somebody is configured who says by name who people are. */
function hasIssuer(config: Login): boolean {
  const { JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL, HEIMDALL_SESSION_SECRET, OIDC_ISSUER } = config
  return [JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL, HEIMDALL_SESSION_SECRET, OIDC_ISSUER].some(
    (key) => key !== undefined,
  )
}

/** Reads a `.env` file in the working directory, if there is one; what is set already stays. */
export function loadEnvFile(path = '.env'): void {
  try {
    process.loadEnvFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** Every setting with its default and its meaning: what the documentation lists. */
export function describeSettings(): { name: string; fallback: string; meaning: string }[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const fallback = field.safeParse(undefined)
    return {
      name,
      fallback: fallback.success && fallback.data !== undefined ? String(fallback.data) : '',
      meaning: field.description ?? '',
    }
  })
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}
