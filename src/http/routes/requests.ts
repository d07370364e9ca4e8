/** The request log, for the operator. */
import { z } from 'zod'
import { Problem } from '../../base/problem.ts'
import type { Control } from '../../control/control.ts'
import type { AuditingOptions } from '../auditing.ts'
import { type Route, route } from '../route.ts'
import { json } from '../wire.ts'

export interface RequestsRouteOptions extends Pick<AuditingOptions, 'tenantNamed'> {
  readonly ask: Control['ask']
}

const rowSchema = z.object({
  seq: z.int(),
  at: z.iso.datetime(),
  request_id: z.string(),
  tenant: z.string().describe('empty where nobody with a library asked'),
  method: z.string(),
  route: z.string().describe('the pattern, never the address'),
  status: z.int(),
  ms: z.number(),
  bytes: z.int(),
})

export function requestsRoutes({ ask, tenantNamed }: RequestsRouteOptions): Route[] {
  return [
    route({
      method: 'get',
      path: '/admin/v1/requests',
      scope: 'operator',
      summary: 'The request log of one month, the newest first',
      query: z.strictObject({
        month: z
          .string()
          .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'is not such as 2026-11')
          .optional()
          .describe('in UTC; the present one'),
        user_id: z.string().min(1).max(255).optional(),
        limit: z.coerce.number().int().min(1).max(1_000).default(100),
        cursor: z.coerce.number().int().min(1).optional(),
      }),
      reply: json(
        z.object({ items: z.array(rowSchema), next_cursor: z.string().nullable() }),
        'A page of it.',
      ),
      handle: async ({ query: { user_id, limit, cursor, ...query } }) => {
        const tenant = user_id === undefined ? null : tenantNamed(user_id)
        if (tenant === undefined) throw new Problem('not_found', 'Nobody can be called so.')
        const month = query.month ?? new Date().toISOString().slice(0, 7)
        const before = cursor ?? Number.MAX_SAFE_INTEGER
        const rows = await ask('requests.page', { month, tenant, before, limit })
        const last = rows.length === limit ? rows.at(-1) : undefined
        return {
          items: rows.map((row) => ({ ...row, at: new Date(row.at).toISOString() })),
          next_cursor: last ? String(last.seq) : null,
        }
      },
    }),
  ]
}
