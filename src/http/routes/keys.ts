/** API keys of the caller's library: shown once, listed without their secret, taken away at once. */
import { z } from 'zod'
import { ordinaryScopes, type Principal, type Scope } from '../../auth/principal.ts'
import { Problem } from '../../base/problem.ts'
import type { ApiKey, ApiKeys } from '../../control/api-keys.ts'
import { checkShare } from '../../tenancy/quota.ts'
import type { TenantId } from '../../tenancy/tenant-id.ts'
import { type Route, route } from '../route.ts'
import { json, noContent } from '../wire.ts'

export interface KeyOptions {
  readonly keys: ApiKeys
  /** The present life of a tenant: a key is bound to it. */
  readonly generationOf: (tenant: TenantId) => string | undefined
}

export interface AdminKeyOptions extends Pick<KeyOptions, 'keys'> {
  /** The directory of a user that the operator names; undefined where nobody can be called so. */
  readonly tenantNamed: (user: string) => TenantId | undefined
}

const nameLengthMax = 100
const rateMax = 1_000_000
const keyScopes = ['read', 'write', 'chat'] as const

const keySchema = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string().describe('what the key begins with, to tell it from others'),
  scopes: z.array(z.enum(keyScopes)),
  requests_per_minute: z.int().nullable(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  last_used_at: z.iso.datetime().nullable().describe('to some five minutes'),
})
const newKeySchema = keySchema.extend({ key: z.string().describe('shown this once') })

const bodySchema = z.strictObject({
  name: z.string().trim().max(nameLengthMax).default(''),
  scopes: z
    .array(z.enum(keyScopes))
    .min(1)
    .optional()
    .describe('some of the caller’s; not given, all of them'),
  expires_at: z.iso.datetime({ offset: true }).nullable().default(null),
  requests_per_minute: z.int().min(1).max(rateMax).nullable().default(null),
})

export function keyRoutes({ keys, generationOf }: KeyOptions): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/keys',
      scope: 'read',
      owner: true,
      summary: 'The library’s API keys, without their secrets',
      reply: json(z.object({ items: z.array(keySchema), next_cursor: z.null() }), 'The keys.'),
      handle: ({ principal }) => ({
        items: keys.of(principal.tenant).map(view),
        next_cursor: null,
      }),
    }),
    route({
      method: 'post',
      path: '/v1/keys',
      scope: 'write',
      owner: true,
      summary: 'A new API key',
      audit: 'key.create',
      body: bodySchema,
      reply: json(newKeySchema, 'The key, with its secret this once.', 201),
      problems: ['quota_exceeded'],
      handle: async ({ principal, tenant, body }) => {
        const used = keys.countOf(tenant.id)
        checkShare('api_keys', { used, more: 1, limit: tenant.limits.api_keys })
        const { key, text } = await keys.add(
          {
            tenant: tenant.id,
            generation: generationOf(tenant.id) ?? '',
            userId: principal.userId,
            subject: principal.subject,
            name: body.name,
            scopes: scopesFor(principal, body.scopes),
            requestsPerMinute: body.requests_per_minute,
            expiresAtMs: expiryOf(body.expires_at),
          },
          Date.now(),
        )
        return { ...view(key), key: text }
      },
    }),
    route({
      method: 'delete',
      path: '/v1/keys/:id',
      scope: 'write',
      owner: true,
      summary: 'Take an API key away; it counts at once',
      audit: 'key.delete',
      params: z.object({ id: z.string() }),
      reply: noContent,
      problems: ['not_found'],
      handle: async ({ principal, params }) => {
        if (!(await keys.remove(principal.tenant, params.id)))
          throw new Problem('not_found', 'There is no such key in your library.')
        return undefined
      },
    }),
  ]
}

/** The operator sees whose keys there are and takes them away; making them is the owner's. */
export function adminKeyRoutes({ keys, tenantNamed }: AdminKeyOptions): Route[] {
  const named = (user: string): TenantId => {
    const tenant = tenantNamed(user)
    if (!tenant) throw new Problem('not_found', 'Nobody can be called so.')
    return tenant
  }
  const all = {
    path: '/admin/v1/tenants/:user_id/keys',
    scope: 'operator',
    params: z.object({ user_id: z.string().min(1).max(255) }),
    missing: 'There is no such key.',
  } as const
  return [
    route({
      ...all,
      method: 'get',
      summary: 'A library’s API keys, without their secrets',
      reply: json(z.object({ items: z.array(keySchema), next_cursor: z.null() }), 'The keys.'),
      handle: ({ params }) => ({
        items: keys.of(named(params.user_id)).map(view),
        next_cursor: null,
      }),
    }),
    route({
      ...all,
      path: '/admin/v1/tenants/:user_id/keys/:id',
      method: 'delete',
      summary: 'Take a library’s API key away; it counts at once',
      audit: 'key.delete',
      params: all.params.extend({ id: z.string().max(64) }),
      reply: noContent,
      problems: ['not_found'],
      handle: async ({ params }) => {
        if (!(await keys.remove(named(params.user_id), params.id)))
          throw new Problem('not_found', 'There is no such key in that library.')
        return undefined
      },
    }),
  ]
}

/** Nobody gives what they have not. */
function scopesFor({ scopes }: Principal, asked: readonly Scope[] | undefined): Scope[] {
  const given = asked ?? [...ordinaryScopes].filter((scope) => scopes.has(scope))
  const missing = given.filter((scope) => !scopes.has(scope))
  if (missing.length > 0)
    throw new Problem('forbidden', `You have not the scope \`${missing[0]}\` to give.`)
  return [...new Set(given)]
}

function expiryOf(text: string | null): number | null {
  if (text === null) return null
  const atMs = Date.parse(text)
  if (atMs <= Date.now())
    throw new Problem('invalid_request', 'The key would have expired already.', {
      errors: [{ path: 'expires_at', message: 'lies in the past' }],
    })
  return atMs
}

function view(key: ApiKey) {
  return {
    id: key.id,
    name: key.name,
    prefix: `crl_${key.prefix}`,
    scopes: key.scopes as (typeof keyScopes)[number][],
    requests_per_minute: key.requestsPerMinute,
    created_at: new Date(key.createdAtMs).toISOString(),
    expires_at: key.expiresAtMs === null ? null : new Date(key.expiresAtMs).toISOString(),
    last_used_at: key.lastUsedAtMs === null ? null : new Date(key.lastUsedAtMs).toISOString(),
  }
}
