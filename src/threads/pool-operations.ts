/** What can be done with a store as a whole rather than in it: close it, lend it to a snapshot, take it back. */
import type { Lease, Pool } from '../tenancy/pool.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { ShardContext } from './context.ts'
import type { Target } from './protocol.ts'

export interface PoolParts {
  readonly pool: Pool
  readonly context: ShardContext
  readonly leases: Map<TenantId, Lease[]>
  /** Whatever was noted to be done for the tenant later is forgotten, so that nobody opens it again. */
  readonly forget: (tenant: TenantId) => void
}

export const poolOperations = {
  /** @returns false when a snapshot still reads the store */
  'tenant.close': ({ pool, forget }: PoolParts, { tenant }: Target): boolean => {
    forget(tenant)
    return pool.close(tenant)
  },
  /** Until `snapshot.end` the store stays open and no original is removed. */
  'snapshot.begin': ({ pool, context, leases }: PoolParts, target: Target): boolean => {
    const lease = pool.lease(target.tenant, target)
    leases.set(target.tenant, [...(leases.get(target.tenant) ?? []), lease])
    context.heldOriginals.hold(target.tenant)
    return true
  },
  'snapshot.end': ({ context, leases }: PoolParts, { tenant }: Target): boolean => {
    const [lease, ...rest] = leases.get(tenant) ?? []
    // The thread was restarted meanwhile: nothing is held any more.
    if (!lease) return false
    if (rest.length > 0) leases.set(tenant, rest)
    else leases.delete(tenant)
    context.heldOriginals.release(lease.store)
    lease.release()
    return true
  },
} as const

export type PoolOperationName = keyof typeof poolOperations

export function isPoolOperationName(name: string): name is PoolOperationName {
  return Object.hasOwn(poolOperations, name)
}
