/** What is written down of what happens: for the composition root. */
import type { Log } from './base/log.ts'
import { AuditTrail } from './control/audit-trail.ts'
import type { Control } from './control/control.ts'
import type { TenantDirectoryOptions } from './control/tenant-directory.ts'
import { UsageMeter } from './control/usage-meter.ts'
import type { TenantId } from './tenancy/tenant-id.ts'

export interface Records {
  readonly usage: UsageMeter
  readonly audit: AuditTrail
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
): Records {
  const usage = new UsageMeter({
    write: (added) => control.record({ kind: 'usage', added }),
    isThere: (tenant) =>
      control.tenant(tenant) !== undefined && control.state(tenant)?.state !== 'deleting',
    storedOf,
    onFault: (error) => log.error({ err: error }, 'usage could not be written down'),
  })
  const audit = new AuditTrail({
    control,
    onFault: (error) => log.error({ err: error }, 'the audit could not be written'),
  })
  return {
    usage,
    audit,
    ask: (name, args) => control.ask(name, args),
    heard: {
      onDone: (tenant, done) => usage.observe(tenant, done),
      onErased: (tenant) => usage.forget(tenant),
    },
    close: () => usage.close(),
  }
}
