/** Tenants, for the operator: looked at, held back, let go, deleted. */
import { z } from 'zod'
import type { Lifecycle } from '../../control/lifecycle.ts'
import { type Route, route } from '../route.ts'
import { confirmSchema, json, listQuerySchema, receiptSchema, refuseUnconfirmed } from '../wire.ts'

export interface AdminTenantsOptions {
  readonly lifecycle: Lifecycle
}

const restMsDefault = 15 * 60_000
const userIdCharsMax = 255

export const tenantSchema = z.object({
  user_id: z.string(),
  tenant: z.string().describe('the name of its directory'),
  state: z.enum([
    'active',
    'read_only',
    'suspended',
    'at_rest',
    'restoring',
    'migrating',
    'deleting',
  ]),
  until: z.iso.datetime().nullable().describe('when the state ends by itself'),
  generation: z.string(),
  created_at: z.iso.datetime(),
})

const tenantParams = z.object({ user_id: z.string().min(1).max(userIdCharsMax) })

const stateSchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.enum(['active', 'read_only', 'suspended']) }),
  z.strictObject({
    state: z.literal('at_rest'),
    seconds: z
      .int()
      .min(1)
      .max(86_400)
      .default(restMsDefault / 1000)
      .describe('until it opens again by itself'),
  }),
])

const one = {
  path: '/admin/v1/tenants/:user_id',
  scope: 'operator',
  params: tenantParams,
  missing: 'There is no such library.',
  problems: ['not_found', 'conflict'],
} as const

export function adminTenantRoutes({ lifecycle }: AdminTenantsOptions): Route[] {
  return [
    route({
      method: 'get',
      path: '/admin/v1/tenants',
      scope: 'operator',
      summary: 'Every library there is, by the name of its directory',
      query: listQuerySchema,
      reply: json(
        z.object({ items: z.array(tenantSchema), next_cursor: z.string().nullable() }),
        'A page of them.',
      ),
      handle: ({ query: { limit, cursor } }) => {
        const { items, next } = lifecycle.list(limit, cursor)
        return { items, next_cursor: next }
      },
    }),
    route({
      ...one,
      method: 'get',
      summary: 'One library',
      reply: json(tenantSchema, 'The library.'),
      handle: ({ params }) => lifecycle.show(lifecycle.find(params.user_id).id),
    }),
    healthRoute(lifecycle),
    route({
      ...one,
      path: '/admin/v1/tenants/:user_id/state',
      method: 'put',
      summary: 'Hold a library back (read-only, suspended, at rest) or let it go (active)',
      audit: 'tenant.state',
      body: stateSchema,
      reply: json(tenantSchema, 'The library, in its new state.'),
      handle: ({ params, body }) => {
        const { id } = lifecycle.find(params.user_id)
        switch (body.state) {
          case 'active':
            return lifecycle.resume(id)
          case 'read_only':
            return lifecycle.readOnly(id)
          case 'suspended':
            return lifecycle.suspend(id)
          case 'at_rest':
            return lifecycle.rest(id, body.seconds * 1000)
        }
      },
    }),
    route({
      ...one,
      method: 'delete',
      summary: 'Delete a library with everything that belongs to it',
      audit: 'account.delete',
      isAuditedFirst: true,
      body: confirmSchema,
      reply: json(receiptSchema, 'It is gone; keep the receipt.'),
      handle: ({ params, body }) => {
        const { id, userId } = lifecycle.find(params.user_id)
        refuseUnconfirmed(body.confirm, userId)
        return lifecycle.delete(id)
      },
    }),
  ]
}

function healthRoute(lifecycle: Lifecycle): Route {
  return route({
    ...one,
    path: '/admin/v1/tenants/:user_id/health',
    method: 'get',
    summary: 'Whether a library can be opened and read',
    reply: json(
      z.object({ problem: z.object({ code: z.string(), detail: z.string() }).nullable() }),
      'What is wrong with it, or null.',
    ),
    handle: async ({ params }) => {
      const problem = await lifecycle.health(lifecycle.find(params.user_id).id)
      return { problem: problem && { code: problem.code, detail: problem.detail } }
    },
  })
}
