/** The operator's word on who may come in and how much: tiers, one tenant's limits, logins ended. */
import { z } from 'zod'
import { Problem } from '../../base/problem.ts'
import type { Allowances } from '../../control/allowances.ts'
import { tierNames } from '../../control/limits.ts'
import type { Revocations } from '../../control/revocations.ts'
import { limitsSchema, overridesSchema, type Tiers } from '../../control/tiers.ts'
import { parseTenantId, type TenantId, tenantOf } from '../../tenancy/tenant-id.ts'
import { type Route, route } from '../route.ts'
import { json, noContent } from '../wire.ts'

export interface AccessOptions {
  readonly tiers: Tiers
  readonly allowances: Allowances
  readonly revocations: Revocations
}

const nameLengthMax = 1_024

const revocationSchema = z.union([
  z.strictObject({
    token_id: z.string().min(1).max(nameLengthMax).describe('the token’s `jti`'),
    expires_at: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('the token’s own end, after which it is forgotten; without it never'),
  }),
  z.strictObject({
    user_id: z.string().min(1).max(nameLengthMax),
    issuer: z.string().max(nameLengthMax).optional().describe('where it is not the configured one'),
  }),
])

const allowanceSchema = z.object({
  tier: z.enum(tierNames).describe('that counts'),
  limits: limitsSchema.describe('in force'),
  overrides: overridesSchema.nullable(),
})

const userParams = z.object({ user_id: z.string() })

export function accessRoutes({ tiers, allowances, revocations }: AccessOptions): Route[] {
  const show = (tenant: TenantId) => ({
    tier: tiers.tierOf(tenant),
    limits: tiers.limitsOf(tenant),
    overrides: allowances.of(tenant)?.overrides ?? null,
  })
  const allowance = { path: '/admin/v1/tenants/:user_id/allowance', params: userParams } as const
  return [
    route({
      method: 'get',
      path: '/admin/v1/tiers',
      scope: 'admin',
      summary: 'The limits of every tier',
      reply: json(z.record(z.enum(tierNames), limitsSchema), 'By tier; null is no limit.'),
      handle: () => tiers.table,
    }),
    route({
      ...allowance,
      method: 'get',
      scope: 'admin',
      summary: 'What one tenant may use',
      reply: json(allowanceSchema, 'The tier, the limits, and what the operator decided.'),
      handle: ({ params }) => show(tenantNamed(params.user_id)),
    }),
    route({
      ...allowance,
      method: 'put',
      scope: 'admin',
      summary: 'Another tier, or single limits, for one tenant; an empty object takes them back',
      audit: 'allowance.change',
      body: overridesSchema,
      reply: json(allowanceSchema, 'As it is now, without a restart.'),
      handle: async ({ params, body }) => {
        const tenant = tenantNamed(params.user_id)
        await allowances.override(tenant, Object.keys(body).length === 0 ? null : body)
        return show(tenant)
      },
    }),
    route({
      method: 'post',
      path: '/admin/v1/revocations',
      scope: 'admin',
      summary: 'End one token, or all that a user had until now, keys included',
      audit: 'revocation.create',
      body: revocationSchema,
      reply: noContent,
      handle: async ({ body }) => {
        const revocation =
          'token_id' in body
            ? { kind: 'token' as const, name: body.token_id, expiresAtMs: endOf(body.expires_at) }
            : { kind: 'user' as const, name: subjectOf(body) }
        await revocations.revoke({ ...revocation, atMs: Date.now() })
        return undefined
      },
    }),
  ]
}

/** By the user's id, or by the directory's name where it is a hash. */
function tenantNamed(name: string): TenantId {
  const tenant = (name.startsWith('_') ? parseTenantId(name) : undefined) ?? tenantOf(name)
  if (!tenant) throw new Problem('not_found', 'No tenant can be called so.')
  return tenant
}

/** @throws Problem `invalid_request` for one that has passed: the revocation would be forgotten at once */
function endOf(iso: string | undefined): number | undefined {
  if (iso === undefined) return undefined
  const endMs = Date.parse(iso)
  if (endMs > Date.now()) return endMs
  throw new Problem('invalid_request', 'Nothing was ended: `expires_at` has passed.', {
    errors: [{ path: 'expires_at', message: 'has passed' }],
  })
}

function subjectOf({
  user_id,
  issuer,
}: {
  user_id: string
  issuer?: string | undefined
}): TenantId {
  if (issuer === undefined) return tenantNamed(user_id)
  const subject = tenantOf(user_id, issuer)
  if (!subject) throw new Problem('not_found', 'No user can be called so.')
  return subject
}
