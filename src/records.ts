/** What is written down of what happens: for the composition root. */
import type { Log } from './base/log.ts'
import { AuditTrail } from './control/audit-trail.ts'
import type { Control } from './control/control.ts'
import { RequestLines } from './control/request-lines.ts'
import type { TenantDirectoryOptions } from './control/tenant-directory.ts'
import { UsageMeter } from './control/usage-meter.ts'
import type { TenantId } from './tenancy/tenant-id.ts'

export interface Records {
  readonly usage: UsageMeter
  readonly audit: AuditTrail
  readonly requests: Pick<RequestLines, 'note'> | undefined
  readonly ask: Control['ask']
  /** What the tenants' directory tells. */
  readonly heard: Required<Pick<TenantDirectoryOptions, 'onDone' | 'onErased'>>
  /** Writes what is not yet written. While the shards are there. */
  readonly close: () => Promise<void>
}

export function openRecords(
  log: Log,
  control: Control,
  storedOf: (tenant: TenantId) => Promise<number>,
  hasRequests: boolean,
): Records {
  const isThere = (tenant: TenantId): boolean =>
    control.tenant(tenant) !== undefined && control.state(tenant)?.state !== 'deleting'
  const usage = new UsageMeter({
    write: (added) => control.record({ kind: 'usage', added }),
    isThere,
    storedOf,
    onFault: (error) => log.error({ err: error }, 'usage could not be written down'),
  })
  const audit = new AuditTrail({
    control,
    onFault: (error) => log.error({ err: error }, 'the audit could not be written'),
  })
  const requests = hasRequests ? openRequests(log, control, isThere) : undefined
  return {
    usage,
    audit,
    requests,
    ask: (name, args) => control.ask(name, args),
    heard: {
      onDone: (tenant, done) => usage.observe(tenant, done),
      onErased: (tenant) => {
        usage.forget(tenant)
        requests?.left()
      },
    },
    close: async () => {
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
