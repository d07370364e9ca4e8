/** The audit: one's own part of it, and for the operator all of it. */
import { z } from 'zod'
import { Problem } from '../../base/problem.ts'
import type { AuditView } from '../../control/audit.ts'
import { auditActions } from '../../control/audit-actions.ts'
import type { Control } from '../../control/control.ts'
import type { AuditingOptions } from '../auditing.ts'
import { type Route, route } from '../route.ts'
import { json } from '../wire.ts'

export interface AuditRouteOptions extends AuditingOptions {
  readonly ask: Control['ask']
}

const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.coerce.number().int().min(1).optional().describe('`next_cursor` of the page before'),
}

const fields = {
  seq: z.int(),
  at: z.iso.datetime(),
  action: z.string(),
  user: z.string().nullable().describe('who did it; null for who is no user, or was deleted'),
  actor: z.string().describe('`operator`, `server`, `nobody`, `unknown`, or a user’s pseudonym'),
  via: z.string().describe('how they proved it: `jwt`, `key:<id>`, `operator`, `command` …'),
  target: z.string().nullable().describe('the id of what it was done to'),
  address: z.string().nullable().describe('where it came from'),
  outcome: z.string().describe('`ok`, `begun`, or the code of the problem'),
}
const listOf = <T extends z.ZodRawShape>(shape: T) =>
  z.object({ items: z.array(z.object(shape)), next_cursor: z.string().nullable() })

const checkSchema = z.object({
  rows: z.int(),
  head: z.object({ seq: z.int(), hash: z.string() }),
  faults: z.array(z.object({ seq: z.int(), what: z.string() })),
  names: z.array(z.string()).describe('pseudonyms that another name was put behind'),
})

export function auditRoutes({ ask, audit, tenantNamed }: AuditRouteOptions): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/audit',
      scope: 'read',
      summary: 'What happened to the account, the newest first; its owner sees what everybody did',
      query: z.strictObject(pageQuery),
      reply: json(listOf(fields), 'A page of it.'),
      handle: async ({ principal, query: { limit, cursor } }) => {
        const { tenant, userId, subject, isOwner } = principal
        const user = subject !== tenant && !isOwner ? userId : null
        const before = cursor ?? Number.MAX_SAFE_INTEGER
        const rows = await ask('audit.own', { tenant, user, isOwn: true, before, limit })
        return page(rows, limit, ({ tenant: _, ...row }) => row)
      },
    }),
    route({
      method: 'get',
      path: '/admin/v1/audit',
      scope: 'operator',
      summary: 'Everything that was audited, the newest first',
      query: z.strictObject({
        ...pageQuery,
        user_id: z.string().min(1).max(255).optional(),
        action: z.enum(auditActions).optional(),
      }),
      reply: json(
        listOf({
          ...fields,
          tenant: z.string().nullable().describe('the library; null if erased'),
        }),
        'A page of it.',
      ),
      handle: async ({ query: { limit, cursor, user_id, action = null } }) => {
        const before = cursor ?? Number.MAX_SAFE_INTEGER
        if (user_id === undefined)
          return page(await ask('audit.all', { before, limit, action }), limit, (row) => row)
        const tenant = tenantNamed(user_id)
        if (!tenant) throw new Problem('not_found', 'Nobody can be called so.')
        const rows = await ask('audit.own', { tenant, user: null, isOwn: false, before, limit })
        return page(rows, limit, (row) => row)
      },
    }),
    route({
      method: 'get',
      path: '/admin/v1/audit/check',
      scope: 'operator',
      summary: 'Reads the whole audit and names every row that was tampered with',
      reply: json(checkSchema, 'What was found; nothing in `faults` and `names` is good.'),
      handle: () => audit.check(),
    }),
  ]
}

function page<T>(
  rows: readonly AuditView[],
  limit: number,
  show: (row: AuditView & { at: never }) => T,
) {
  const items = rows.map((row) =>
    show({ ...row, at: new Date(row.at).toISOString() as never }),
  ) as (Omit<T, 'at'> & { at: string })[]
  const last = rows.length === limit ? rows.at(-1) : undefined
  return { items, next_cursor: last ? String(last.seq) : null }
}
