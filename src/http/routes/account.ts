/** The caller's own account. */
import { z } from 'zod'
import { type Principal, scopes } from '../../auth/principal.ts'
import { type Route, route } from '../route.ts'
import { json } from '../wire.ts'

/** What a principal may have in all; null where there is no limit. */
export interface Quota {
  readonly documents: number | null
  readonly bytes: number | null
  readonly passages: number | null
}

export interface AccountOptions {
  readonly quotaOf?: ((principal: Principal) => Quota) | undefined
}

const unlimited: Quota = { documents: null, bytes: null, passages: null }
const share = z.object({ used: z.int(), limit: z.int().nullable() })

const accountSchema = z.object({
  user_id: z.string(),
  tier: z.enum(['free', 'paid', 'premium', 'ultra', 'local']),
  scopes: z.array(z.enum(scopes)),
  quota: z.object({ documents: share, bytes: share, passages: share }),
})

export function accountRoutes({ quotaOf = () => unlimited }: AccountOptions): Route[] {
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
        }
      },
    }),
  ]
}
