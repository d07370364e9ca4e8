/** The operator, by ADMIN_TOKEN: may do what is the operator's, and has no library. */
import { hash, timingSafeEqual } from 'node:crypto'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { Prove } from './authenticator.ts'
import type { Principal } from './principal.ts'

const operator: Principal = {
  // No tenant can be called so: whoever took it for one would find nothing.
  tenant: '.operator' as TenantId,
  userId: 'operator',
  subject: '.operator' as TenantId,
  tier: 'local',
  scopes: new Set(['admin']),
  isOwner: false,
  proof: 'operator',
}

export function createOperatorProof(adminToken: string): Prove {
  return {
    recall: ({ kind, token }) =>
      kind === 'bearer' && isSameSecret(token, adminToken) ? operator : undefined,
  }
}

/** In the same time whatever they are: hashes have one length. */
export function isSameSecret(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'))
}
