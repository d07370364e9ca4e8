/** Usage, audit and webhooks for the command line, with the files of a server that does not run. */
import type { RecordsOperator } from './cli-records.ts'
import type { Context } from './context.ts'
import type { AuditView } from './control/audit.ts'
import type { AuditAction } from './control/audit-actions.ts'
import type { Unopened } from './control/sealed-rows.ts'
import { checkUrl, webhookEvents } from './control/webhooks.ts'

/** Does something and writes it down. */
type Audit = <T>(
  action: AuditAction,
  user: null,
  work: () => Promise<T>,
  target?: string | null,
) => Promise<T>

export function localRecords(
  { records, care: { lifecycle }, sealing }: Context,
  audited: Audit,
): RecordsOperator {
  const { all, sender, isPrivate } = records.notices.webhooks
  const named = (user: string | undefined) => (user === undefined ? null : lifecycle.nameOf(user))
  return {
    usage: async (user, range) => {
      const args = { ...range, tenant: named(user), limit: Number.MAX_SAFE_INTEGER }
      return records.ask('usage.all', args)
    },
    audit: async (user, limit) => {
      const page = { before: Number.MAX_SAFE_INTEGER, limit }
      const tenant = named(user)
      return tenant === null
        ? records.ask('audit.all', { ...page, action: null })
        : records.ask('audit.own', { ...page, tenant, user: null, isOwn: false })
    },
    auditCheck: () => records.audit.check(),
    webhooks: async () => all.list().map(({ secret: _, ...webhook }) => webhook),
    webhookAdd: (url, events = webhookEvents) =>
      audited('webhook.create', null, async () => {
        checkUrl(url, isPrivate)
        const known = webhookEvents.filter((event) => events.includes(event))
        if (known.length === 0 || known.length < events.length)
          throw new RangeError(`--events takes some of ${webhookEvents.join(',')}`)
        return all.add(url, known, Date.now())
      }),
    webhookRemove: (id) =>
      audited('webhook.delete', null, async () => {
        if (!(await all.remove(id))) throw new RangeError('there is no such webhook')
      }),
    webhookDead: () => records.ask('webhooks.dead', { limit: Number.MAX_SAFE_INTEGER }),
    webhookReplay: (message) =>
      audited('webhook.replay', null, () => sender.replay(null, message ?? null)),
    unopenedSecrets: () => sealing.unopened(),
    rotateSecrets: () => audited('secrets.rotate', null, () => sealing.rotate()),
  }
}

/** The same, asked of the server that runs. */
export function remoteRecords(
  ask: <T>(method: string, path: string, body?: unknown) => Promise<T>,
  pages: <T>(path: string, limitMax?: number) => Promise<T[]>,
): RecordsOperator {
  const userIn = (user: string | undefined): string =>
    user === undefined ? '' : `user_id=${encodeURIComponent(user)}`
  return {
    usage: (user, { from, to }) => pages(`/usage?from=${from}&to=${to}&${userIn(user)}`),
    audit: async (user, limit) =>
      (await pages<Omit<AuditView, 'at'> & { at: string }>(`/audit?${userIn(user)}`, limit)).map(
        (row) => ({ ...row, at: Date.parse(row.at), tenant: row.tenant }),
      ),
    auditCheck: () => ask('GET', '/audit/check'),
    webhooks: async () => (await ask<{ items: object[] }>('GET', '/webhooks')).items,
    webhookAdd: (url, events) => ask('POST', '/webhooks', { url, ...(events && { events }) }),
    webhookRemove: (id) => ask('DELETE', `/webhooks/${encodeURIComponent(id)}`),
    webhookDead: () => pages('/webhook-deliveries'),
    webhookReplay: (message) =>
      ask('POST', '/webhook-deliveries/replay', { ...(message && { message }) }),
    unopenedSecrets: async () => (await ask<{ unopened: Unopened[] }>('GET', '/secrets')).unopened,
    rotateSecrets: () => ask('POST', '/secrets/rotate'),
  }
}
