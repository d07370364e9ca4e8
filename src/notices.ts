/** What the operator's systems are told by webhook, from everywhere it happens: for the composition root. */
import type { Log } from './base/log.ts'
import type { QuotaShare } from './base/problem.ts'
import type { Config } from './config.ts'
import type { Control } from './control/control.ts'
import type { Done } from './control/document-events.ts'
import type { LifecycleOptions } from './control/lifecycle.ts'
import { QuotaWatch } from './control/quota-watch.ts'
import type { SnapshotsOptions } from './control/snapshots.ts'
import type { TenantRecord } from './control/tenants.ts'
import type { Tiers } from './control/tiers.ts'
import type { WebhookEvent } from './control/webhooks.ts'
import type { WebhookRouteOptions } from './http/routes/webhooks.ts'
import { WebhookSender } from './http/webhook-sender.ts'
import type { Usage } from './library/usage.ts'
import type { TenantId } from './tenancy/tenant-id.ts'

export interface Notices {
  readonly webhooks: WebhookRouteOptions['webhooks']
  readonly sender: WebhookSender
  readonly made: (record: TenantRecord) => void
  readonly done: (tenant: TenantId, done: Done) => void
  /** Looks at what a library uses now. */
  readonly used: (tenant: TenantId, usage: Usage) => void
  readonly refused: (tenant: TenantId, quota: QuotaShare) => void
  readonly left: (tenant: TenantId) => void
  readonly told: Required<Pick<LifecycleOptions, 'onErasing' | 'onSuspended'>> &
    Required<Pick<SnapshotsOptions, 'onMade'>>
}

export function openNotices(config: Config, log: Log, control: Control, tiers: Tiers): Notices {
  const isPrivate = config.WEBHOOKS_PRIVATE
  const { webhooks } = control
  const sender = new WebhookSender({
    webhooks,
    control,
    onFault: (error) => log.error({ err: error }, 'webhooks could not be written down or read'),
    ...(isPrivate && { isAllowed: () => true }),
  })
  const tell = (type: WebhookEvent, tenant: TenantId, data: object = {}): void => {
    const user_id = control.tenant(tenant)?.userId ?? null
    void sender.notify(type, tenant, { tenant, user_id, ...data })
  }
  const watch = new QuotaWatch(tell)
  return {
    webhooks: { all: webhooks, sender, isPrivate },
    sender,
    made: ({ id }) => tell('tenant.created', id),
    done: (tenant, { operation, result }) => {
      if (operation === 'ingest.finish' && result)
        tell('document.ready', tenant, { document_id: result.id, pages: result.pages })
      if (operation === 'ingest.fail' && result)
        tell('document.failed', tenant, {
          document_id: result.id,
          code: result.error?.code ?? null,
        })
    },
    used: (tenant, usage) => {
      const { documents, bytes, passages, database_bytes, pages_per_day } = usage
      const used = { documents, bytes, passages, database_bytes, pages_per_day }
      watch.look(tenant, used, tiers.quotaOf(tenant))
    },
    refused: (tenant, { which, used, limit }) => watch.refused(tenant, { which, used, limit }),
    left: (tenant) => watch.forget(tenant),
    told: {
      // Of the deletion alone nothing is taken back by it.
      onErasing: ({ id, userId, generation }) =>
        sender.notify('tenant.deleted', '', { tenant: id, user_id: userId, generation }),
      onSuspended: (tenant) => tell('tenant.suspended', tenant),
      onMade: (tenant, snapshot, error) =>
        error === undefined
          ? tell('snapshot.made', tenant, { snapshot })
          : tell('snapshot.failed', tenant),
    },
  }
}
