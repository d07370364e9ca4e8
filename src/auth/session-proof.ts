/** Our own session as a proof of identity: the same user and directory as a token of the same issuer. */
import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { Problem } from '../base/problem.ts'
import type { Prove } from './authenticator.ts'
import { type ClaimOptions, principalOf } from './claims.ts'
import type { Principal } from './principal.ts'
import type { Session, SessionTokens } from './session-token.ts'
import { clockToleranceS, expired } from './verify.ts'

const cacheEntriesMax = 10_000

export interface SessionRules extends ClaimOptions {
  /** The issuer that names tenants. */
  readonly issuer?: string | undefined
  /** The provider as the settings call it; without one, or with another, its sessions do not count. */
  readonly provider?: string | undefined
  /** Whether those who came by a link may stay. */
  readonly hasLinks: boolean
  /** What the ids of links are hashed with; undefined: they name tenants. */
  readonly linkLabel?: string | undefined
  /** Asked at every use. */
  readonly isRevoked?: ((principal: Principal) => boolean) | undefined
}

/** @throws Problem `unauthorized` when it no longer counts, or its claims say nobody */
export function principalOfSession(session: Session, rules: SessionRules): Principal {
  const { by, claims, tokenId, issuedAtS } = session
  const isTrusted = by === 'link' ? rules.hasLinks : by === rules.provider
  if (!isTrusted) throw ended()
  const made = principalOf(
    { ...claims, jti: tokenId, iat: issuedAtS },
    { proof: 'login', issuer: labelOf(session, rules) },
    rules,
  )
  if (rules.isRevoked?.(made)) throw ended()
  return made
}

/** As for a token: bare are the ids of the issuer that the settings name, and all others go with their issuer. */
function labelOf({ by, claims }: Session, { issuer, linkLabel }: SessionRules): string | undefined {
  if (by === 'link') return linkLabel
  const { iss } = claims
  return iss === issuer ? undefined : String(iss)
}

export function createSessionProof(
  tokens: SessionTokens,
  rules: SessionRules,
  nowMs: () => number = Date.now,
): Prove {
  const cache = new LRUCache<string, Session>({ max: cacheEntriesMax })
  const admit = (session: Session): Principal => {
    if ((session.expiresAtS + clockToleranceS) * 1000 <= nowMs()) throw expired()
    return principalOfSession(session, rules)
  }
  return {
    recall: ({ kind, token }) => {
      const session = kind === 'login' ? cache.get(hash('sha256', token, 'base64')) : undefined
      return session && admit(session)
    },
    prove: async ({ kind, token }) => {
      if (kind !== 'login') return undefined
      const session = await tokens.read(token)
      cache.set(hash('sha256', token, 'base64'), session)
      return admit(session)
    },
  }
}

function ended(): Problem {
  return new Problem('unauthorized', 'This login was ended: sign in again.')
}
