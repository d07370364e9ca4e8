/** What is written down of what happens: for the composition root. */
import type { Log } from './base/log.ts'
import type { Config } from './config.ts'
import type { AuditAction } from './control/audit-actions.ts'
import { AuditTrail } from './control/audit-trail.ts'
import type { Control } from './control/control.ts'
import type { Heard } from './control/heard.ts'
import { RequestLines } from './control/request-lines.ts'
import type { SnapshotsOptions } from './control/snapshots.ts'
import type { Tiers } from './control/tiers.ts'
import { UsageMeter } from './control/usage-meter.ts'
import type { Usage } from './library/usage.ts'
import { type Notices, openNotices } from './notices.ts'
import type { TenantId } from './tenancy/tenant-id.ts'

export interface Records {
  readonly usage: UsageMeter
  readonly audit: AuditTrail
  readonly requests: Pick<RequestLines, 'note'> | undefined
  readonly ask: Control['ask']
  /** What the tenants' directory tells. */
  readonly heard: Heard
  readonly onSignInFailed: (address: string) => void
  /** The tiers file was taken over. */
  readonly onTiers: () => void
  readonly notices: Notices
  /** What the care of whole libraries tells. */
  readonly told: Notices['told'] & Pick<SnapshotsOptions, 'onScheduled'>
  /** Writes what is not yet written. While the shards are there. */
  readonly close: () => Promise<void>
}

/** @param usageOf what a library uses now */
export function openRecords(
  config: Config,
  log: Log,
  { control, tiers }: { control: Control; tiers: Tiers },
  usageOf: (tenant: TenantId) => Promise<Usage>,
): Records {
  const notices = openNotices(config, log, control, tiers)
  const isThere = (tenant: TenantId): boolean =>
    control.tenant(tenant) !== undefined && control.state(tenant)?.state !== 'deleting'
  const usage = new UsageMeter({
    before: control.chatTokens,
    write: (added) => control.record({ kind: 'usage', added }),
    isThere,
    storedOf: async (tenant) => {
      const used = await usageOf(tenant)
      notices.used(tenant, used)
      return used.bytes
    },
    onFault: (error) => log.error({ err: error }, 'usage could not be written down'),
  })
  const audit = new AuditTrail({
    control,
    onFault: (error) => log.error({ err: error }, 'the audit could not be written'),
  })
  const requests = config.REQUEST_LOG_MONTHS > 0 ? openRequests(log, control, isThere) : undefined
  /** What the server did by itself. */
  const byServer = (action: AuditAction, tenant: TenantId | null, target?: string): void =>
    void audit.note({
      action,
      tenant,
      actor: { kind: 'server' },
      via: 'server',
      target: target ?? null,
      address: null,
      outcome: 'ok',
    })
  return {
    onSignInFailed: (address) => audit.signInFailed(address),
    onTiers: () => byServer('tiers.change', null),
    notices,
    told: {
      ...notices.told,
      onScheduled: ({ tenant, name, error }) => {
        if (error === undefined) byServer('snapshot.create', tenant, name)
      },
    },
    usage,
    audit,
    requests,
    ask: (name, args) => control.ask(name, args),
    heard: {
      onMade: notices.made,
      onDone: (tenant, done) => {
        usage.observe(tenant, done)
        notices.done(tenant, done)
      },
      onErased: (tenant) => {
        usage.forget(tenant)
        notices.left(tenant)
        requests?.left()
      },
    },
    close: async () => {
      await notices.sender.close()
      await usage.close()
      await requests?.close()
    },
  }
}

function openRequests(
  log: Log,
  control: Control,
  isThere: (tenant: TenantId) => boolean,
): RequestLines {
  return new RequestLines({
    write: (lines) => control.writeRequests(lines),
    isThere,
    isLeaving: () => control.states().some(([, { state }]) => state === 'deleting'),
    onLost: (lines, error) =>
      log.error({ lines, err: error }, 'lines of the request log were lost'),
  })
}
