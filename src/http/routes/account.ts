/** The caller's own account. */
import { z } from 'zod'
import { scopes } from '../../auth/principal.ts'
import { tierNames } from '../../control/limits.ts'
import type { UsageCounters } from '../../control/usage-meter.ts'
import type { EndpointFaultKind } from '../../rag/endpoint-fault.ts'
import type { TenantId } from '../../tenancy/tenant-id.ts'
import { type Route, route } from '../route.ts'
import { json } from '../wire.ts'

export interface EmbedderStatus {
  readonly kind: 'builtin' | 'remote'
  /** What vectors of this library wait for. */
  readonly faultOf: (tenant: TenantId) => EndpointFaultKind | undefined
}

export interface AccountOptions {
  /** Who makes the vectors; the built-in embedder when not given. */
  readonly embedder?: EmbedderStatus | undefined
  readonly usage: UsageCounters
}

const builtin: EmbedderStatus = { kind: 'builtin', faultOf: () => undefined }
const limit = z.int().nullable()
const share = z.object({ used: z.int(), limit: limit.describe('null is no limit') })

const accountSchema = z.object({
  user_id: z.string(),
  tier: z.enum(tierNames),
  scopes: z.array(z.enum(scopes)),
  quota: z.object({
    documents: share,
    bytes: share.describe('of originals'),
    passages: share,
    database_bytes: share.describe('of the databases, without room that is free again'),
    pages_per_day: share.describe('read today, UTC'),
    chat_tokens_per_day: share.describe(
      'of chat models today, UTC; with a key of its own a library is not held to it',
    ),
  }),
  limits: z.object({
    upload_bytes: limit.describe('one file'),
    requests_per_minute: limit,
    concurrent_requests: limit,
    concurrent_jobs: limit.describe('documents read at once'),
    api_keys: limit,
    own_chat_key: z.boolean().describe('whether `PUT /v1/me/chat-key` is open to it'),
  }),
  vectors: z.object({
    embedder: z.enum(['builtin', 'remote']).describe('who makes vectors'),
    searched: z
      .enum(['builtin', 'remote'])
      .nullable()
      .describe('whose are searched; null while words alone are'),
    pending: z.int().describe('passages without a vector of the embedder; found by their words'),
    fault: z.string().nullable().describe('why the endpoint makes none at the moment'),
  }),
})

export function accountRoutes({ embedder = builtin, usage }: AccountOptions): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/me',
      scope: 'read',
      summary: 'Who am I, and how much of my share is used',
      reply: json(accountSchema, 'The account.'),
      handle: async ({ principal, tenant, signal }) => {
        const { vectors, ...used } = await tenant.call('account.show', {}, { signal })
        const { limits } = tenant
        const shareOf = (name: keyof typeof used) => ({ used: used[name], limit: limits[name] })
        return {
          user_id: principal.userId,
          tier: tenant.tier,
          scopes: [...principal.scopes],
          quota: {
            documents: shareOf('documents'),
            bytes: shareOf('bytes'),
            passages: shareOf('passages'),
            database_bytes: shareOf('database_bytes'),
            pages_per_day: shareOf('pages_per_day'),
            chat_tokens_per_day: {
              used: usage.chatTokensToday(tenant.id),
              limit: limits.chat_tokens_per_day,
            },
          },
          limits: {
            upload_bytes: limits.upload_bytes,
            requests_per_minute: limits.requests_per_minute,
            concurrent_requests: limits.concurrent_requests,
            concurrent_jobs: limits.concurrent_jobs,
            api_keys: limits.api_keys,
            own_chat_key: limits.own_chat_key,
          },
          vectors: {
            embedder: embedder.kind,
            ...vectors,
            fault: embedder.faultOf(tenant.id) ?? null,
          },
        }
      },
    }),
  ]
}
