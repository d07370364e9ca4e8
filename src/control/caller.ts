/** Who asks for a tenant, and whether their login still counts after a deletion. */
import { Problem } from '../base/problem.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { Control } from './control.ts'
import type { Tier } from './limits.ts'

/** A principal, as far as it matters here. */
export interface Caller {
  readonly tenant: TenantId
  readonly userId: string
  readonly tier: Tier
  readonly proof?: string
  /** When the login was made, Unix milliseconds. */
  readonly issuedAtMs?: number
}

/** A deletion ends every login that came before it. @throws Problem `unauthorized` */
export function refuseEarlierLogin(control: Control, { tenant, proof, issuedAtMs }: Caller): void {
  const deletions = control.deletionsOf(tenant)
  // Without a login there is nothing to renew: the one user begins anew.
  if (deletions.length === 0 || proof === 'local') return
  const notBeforeMs = Math.max(...deletions.map((deletion) => deletion.notBeforeMs))
  if (issuedAtMs === undefined || issuedAtMs <= notBeforeMs)
    throw new Problem(
      'unauthorized',
      'This account was deleted: log in again to begin a new one. The new token has to say when it was issued (`iat`).',
    )
}
