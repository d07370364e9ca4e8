/** What is told of tenants, to who keeps records. */
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { Done } from './document-events.ts'
import type { TenantRecord } from './tenants.ts'

export interface Heard {
  /** A tenant came for the first time. */
  readonly onMade: (record: TenantRecord) => void
  /** An operation that may have changed something was done. */
  readonly onDone: (tenant: TenantId, done: Done) => void
  /** The last trace of a tenant is gone. */
  readonly onErased: (tenant: TenantId) => void
}
