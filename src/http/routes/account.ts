/** The caller's own account. */
import { z } from 'zod'
import { type Principal, scopes } from '../../auth/principal.ts'
import type { EndpointFaultKind } from '../../rag/endpoint-fault.ts'
import type { TenantId } from '../../tenancy/tenant-id.ts'
import { type Route, route } from '../route.ts'
import { json } from '../wire.ts'

/** What a principal may have in all; null where there is no limit. */
export interface Quota {
  readonly documents: number | null
  readonly bytes: number | null
  readonly passages: number | null
}

export interface EmbedderStatus {
  readonly kind: 'builtin' | 'remote'
  /** What vectors of this library wait for. */
  readonly faultOf: (tenant: TenantId) => EndpointFaultKind | undefined
}

export interface AccountOptions {
  readonly quotaOf?: ((principal: Principal) => Quota) | undefined
  /** Who makes the vectors; the built-in embedder when not given. */
  readonly embedder?: EmbedderStatus | undefined
}

const builtin: EmbedderStatus = { kind: 'builtin', faultOf: () => undefined }
const unlimited: Quota = { documents: null, bytes: null, passages: null }
const share = z.object({ used: z.int(), limit: z.int().nullable() })

const accountSchema = z.object({
  user_id: z.string(),
  tier: z.enum(['free', 'paid', 'premium', 'ultra', 'local']),
  scopes: z.array(z.enum(scopes)),
  quota: z.object({ documents: share, bytes: share, passages: share }),
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

export function accountRoutes({
  quotaOf = () => unlimited,
  embedder = builtin,
}: AccountOptions): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/me',
      scope: 'read',
      summary: 'Who am I, and how much of my share is used',
      reply: json(accountSchema, 'The account.'),
      handle: async ({ principal, tenant, signal }) => {
        const used = await tenant.call('account.show', {}, { signal })
        const limit = quotaOf(principal)
        return {
          user_id: principal.userId,
          tier: principal.tier,
          scopes: [...principal.scopes],
          quota: {
            documents: { used: used.documents, limit: limit.documents },
            bytes: { used: used.bytes, limit: limit.bytes },
            passages: { used: used.passages, limit: limit.passages },
          },
          vectors: {
            embedder: embedder.kind,
            ...used.vectors,
            fault: embedder.faultOf(tenant.id) ?? null,
          },
        }
      },
    }),
  ]
}
