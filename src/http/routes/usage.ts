/** What was used, by day: one's own, and for the operator everybody's, also as CSV. */
import { once } from 'node:events'
import type { Response } from 'express'
import { z } from 'zod'
import { Problem } from '../../base/problem.ts'
import type { Control } from '../../control/control.ts'
import type { UsageRow } from '../../control/usage.ts'
import { csvLine, csvNames, rounded } from '../../control/usage-csv.ts'
import type { UsageCounters } from '../../control/usage-meter.ts'
import type { AuditingOptions } from '../auditing.ts'
import { answered, type Route, route } from '../route.ts'
import { json } from '../wire.ts'

export interface UsageRouteOptions extends Pick<AuditingOptions, 'tenantNamed'> {
  readonly usage: UsageCounters
  readonly ask: Control['ask']
}

const daysMax = 366
const daysDefault = 30
const dayMs = 86_400_000
const usersMax = 1_000
const rowsMax = 1_000
const csvPage = 1_000

const rangeFields = {
  from: z.iso.date().optional().describe(`the first day, UTC; ${daysDefault} days ago`),
  to: z.iso.date().optional().describe('the last day; today'),
}
const rangeSchema = z.strictObject(rangeFields)

const counts = {
  requests: z.int(),
  searches: z.int(),
  pages_read: z.int().describe('of documents, into the library'),
  chat_tokens_in: z.int(),
  chat_tokens_out: z.int(),
  seconds: z.number().describe('of threads working on the library; not the reading of documents'),
}
const stored = z.int().nullable().describe('bytes of originals, as last seen on or before the day')
const dayRow = z.object({ day: z.iso.date(), ...counts, bytes_stored: stored })

const ownSchema = z.object({
  from: z.iso.date(),
  to: z.iso.date(),
  items: z.array(dayRow).describe('the newest day first; days without any use are left out'),
  users: z
    .array(z.object({ user_id: z.string().nullable(), ...counts }))
    .optional()
    .describe('of a shared library, for its owner; null is what the server did for the library'),
})

const allSchema = z.object({
  items: z.array(dayRow.extend({ tenant: z.string(), user_id: z.string() })),
  next_cursor: z.string().nullable(),
})

export function usageRoutes(options: UsageRouteOptions): Route[] {
  const { usage, ask } = options
  return [
    route({
      method: 'get',
      path: '/v1/usage',
      scope: 'read',
      summary: 'What was used, by day; the owner of a shared library sees who used how much',
      query: rangeSchema,
      reply: json(ownSchema, 'The days.'),
      handle: async ({ principal, query }) => {
        const range = rangeOf(query)
        const { tenant, userId, subject, isOwner } = principal
        const isShared = subject !== tenant
        // Of a shared library everybody but its owner sees what they used themselves.
        const user = isShared && !isOwner ? userId : null
        await usage.flush()
        const items = (await ask('usage.days', { tenant, user, ...range })).map(rounded)
        if (!isShared || !isOwner) return { ...range, items }
        const users = await ask('usage.users', { tenant, ...range, limit: usersMax })
        const named = users.map((one) => ({ ...rounded(one), user_id: one.user_id || null }))
        return { ...range, items, users: named }
      },
    }),
    adminRoute(options),
  ]
}

function adminRoute({ usage, ask, tenantNamed }: UsageRouteOptions): Route {
  return route({
    method: 'get',
    path: '/admin/v1/usage',
    scope: 'operator',
    summary: 'What every library used, by day; with `format=csv` all of it, without pages',
    query: z.strictObject({
      ...rangeFields,
      user_id: z.string().min(1).max(255).optional().describe('a user, or the name of a directory'),
      format: z.enum(['json', 'csv']).default('json'),
      limit: z.coerce.number().int().min(1).max(rowsMax).default(100),
      cursor: z.string().max(256).optional(),
    }),
    reply: { ...json(allSchema, 'A page of them, by day.'), mediaType: 'text/csv' },
    handle: async ({ query, response, signal }) => {
      const { user_id, limit, cursor, format } = query
      const tenant = user_id === undefined ? null : tenantNamed(user_id)
      if (tenant === undefined) throw new Problem('not_found', 'Nobody can be called so.')
      const asked = { ...rangeOf(query), tenant }
      await usage.flush()
      if (format === 'csv') {
        await sendCsv(response, signal, (after) =>
          ask('usage.all', { ...asked, after, limit: csvPage }),
        )
        return answered
      }
      const items = await ask('usage.all', { ...asked, after: placeOf(cursor), limit })
      const last = items.length === limit ? items.at(-1) : undefined
      return { items: items.map(rounded), next_cursor: last ? `${last.day} ${last.tenant}` : null }
    },
  })
}

function rangeOf({ from, to }: { from?: string | undefined; to?: string | undefined }) {
  const last = to ?? new Date().toISOString().slice(0, 10)
  const first =
    from ?? new Date(Date.parse(last) - (daysDefault - 1) * dayMs).toISOString().slice(0, 10)
  const days = (Date.parse(last) - Date.parse(first)) / dayMs + 1
  if (days < 1 || days > daysMax)
    throw new Problem(
      'invalid_request',
      `From \`from\` to \`to\` are ${days} days: ask for 1 to ${daysMax}.`,
      {
        errors: [{ path: 'from', message: `must lie up to ${daysMax - 1} days before \`to\`` }],
      },
    )
  return { from: first, to: last }
}

function placeOf(cursor: string | undefined): readonly [string, string] | undefined {
  if (cursor === undefined) return undefined
  const [, day, tenant] = /^(\d{4}-\d\d-\d\d) (\S+)$/.exec(cursor) ?? []
  if (day === undefined || tenant === undefined)
    throw new Problem('invalid_request', 'The cursor is not one that a list gave.', {
      errors: [{ path: 'cursor', message: 'is none of ours' }],
    })
  return [day, tenant]
}

async function sendCsv(
  response: Response,
  signal: AbortSignal,
  page: (after: readonly [string, string] | undefined) => Promise<readonly UsageRow[]>,
): Promise<void> {
  let rows = await page(undefined)
  response.setHeader('Content-Type', 'text/csv; charset=utf-8; header=present')
  response.setHeader('Content-Disposition', 'attachment; filename="carrel-usage.csv"')
  response.write(csvNames)
  while (rows.length > 0 && !signal.aborted) {
    if (!response.write(rows.map(csvLine).join(''))) await once(response, 'drain', { signal })
    const last = rows.at(-1)
    rows = last && rows.length === csvPage ? await page([last.day, last.tenant]) : []
  }
  response.end()
}
