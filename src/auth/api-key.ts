/** An API key as a proof of identity: of one tenant, with the scopes and the end it was given. */
import { Problem } from '../base/problem.ts'
import { type ApiKey, type ApiKeys, isApiKey } from '../control/api-keys.ts'
import type { Tier } from '../control/limits.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { Prove } from './authenticator.ts'
import type { Principal, Scope } from './principal.ts'
import { expired } from './verify.ts'

export interface KeyProofOptions {
  readonly keys: ApiKeys
  readonly tierOf: (tenant: TenantId) => Tier
  /** The present life of the tenant; a key of an earlier one opens nothing. */
  readonly generationOf: (tenant: TenantId) => string | undefined
  readonly isRevoked?: (principal: Principal) => boolean
  readonly nowMs?: () => number
}

export function createKeyProof(options: KeyProofOptions): Prove {
  const { keys, generationOf, isRevoked, nowMs = Date.now } = options
  return {
    recall: ({ kind, token }) => {
      if (kind !== 'bearer' || !isApiKey(token)) return undefined
      const key = keys.find(token)
      if (!key || generationOf(key.tenant) !== key.generation) throw unknownKey()
      if (key.expiresAtMs !== null && key.expiresAtMs <= nowMs()) throw expired()
      const principal = principalOf(key, options.tierOf(key.tenant))
      if (isRevoked?.(principal)) throw unknownKey()
      keys.used(key, nowMs())
      return principal
    },
  }
}

function principalOf(key: ApiKey, tier: Tier): Principal {
  return {
    tenant: key.tenant,
    userId: key.userId,
    subject: key.subject,
    tier,
    scopes: new Set(key.scopes as Scope[]),
    isOwner: false,
    proof: 'key',
    issuedAtMs: key.createdAtMs,
    key: { id: key.id, requestsPerMinute: key.requestsPerMinute },
  }
}

function unknownKey(): Problem {
  return new Problem(
    'unauthorized',
    'The API key is not one of this server’s, or it was taken away.',
  )
}
