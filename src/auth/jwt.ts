/** JSON Web Tokens as a proof of identity: whose keys count for what, and tokens remembered until they expire. */
import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { Problem } from '../base/problem.ts'
import { createAuthenticator, type Prove } from './authenticator.ts'
import { type ClaimOptions, principalOf } from './claims.ts'
import type { Credential, CredentialOptions } from './credential.ts'
import { fixedKeys, type KeySource, publicKey, secretKey, type VerificationKey } from './keys.ts'
import type { Authenticate, Principal } from './principal.ts'
import { clockToleranceS, expired, type TokenSource, unverified, verifyToken } from './verify.ts'

/** A verification costs fifty microseconds, a look-up one. Some four megabytes when full. */
const cacheEntriesMax = 10_000

export interface JwtOptions extends ClaimOptions, CredentialOptions {
  /** HS256; at least 32 bytes. Verifies sessions too where `sessionSecret` is not given. */
  readonly secret?: string | Uint8Array | undefined
  /** PEM or JWK. */
  readonly publicKey?: string | undefined
  /** Keys of a key set. */
  readonly jwks?: KeySource | undefined
  /** Of `cf_session` tokens, which have an `id` and an `exp` and need say no more. */
  readonly sessionSecret?: string | Uint8Array | undefined
  /** The sessions' users are the same people as the tokens': their ids are not kept apart. */
  readonly sessionSameUsers?: boolean | undefined
  readonly issuer?: string | undefined
  readonly audience?: string | undefined
  /** Asked at every use, also of a remembered token. */
  readonly isRevoked?: ((principal: Principal) => boolean) | undefined
  readonly nowMs?: (() => number) | undefined
}

interface Remembered {
  readonly principal: Principal
  readonly expiresAtMs: number
  readonly keys: KeySource
  readonly key: VerificationKey
}

/** Authenticates by JWT alone. @throws Error when a key cannot be used */
export function createJwtAuthenticator(options: JwtOptions): Authenticate {
  return createAuthenticator([createJwtProof(options)], options)
}

/** Takes every credential but our own session for a token: put it last. @throws Error when a key cannot be used */
export function createJwtProof(options: JwtOptions): Prove {
  const { isRevoked, nowMs = Date.now } = options
  const sources = { bearer: bearerSources(options), session: sessionSources(options) }
  const cache = new LRUCache<string, Remembered>({ max: cacheEntriesMax })

  const admit = (principal: Principal): Principal => {
    if (isRevoked?.(principal))
      throw new Problem('unauthorized', 'This login was ended: log in again.')
    return principal
  }
  const recall = (credential: Credential): Principal | undefined => {
    const name = cacheKey(credential)
    const found = cache.get(name)
    if (!found) return undefined
    if (found.expiresAtMs <= nowMs()) {
      cache.delete(name)
      throw expired()
    }
    // A key that left its set takes along what it signed.
    if (!found.keys.isCurrent(found.key)) {
      cache.delete(name)
      return undefined
    }
    return admit(found.principal)
  }
  const prove = async (credential: Credential): Promise<Principal | undefined> => {
    if (credential.kind === 'login') return undefined
    const seenAtMs = nowMs()
    const trusted = sources[credential.kind]
    if (trusted.length === 0) throw unverified()
    const { claims, source, key, issuer } = await verifyToken(credential.token, trusted, seenAtMs)
    const proof = credential.kind === 'bearer' ? 'jwt' : 'session'
    const made = principalOf(claims, { proof, issuer }, options)
    // An issuer whose clock is ahead must not carry a token past a revocation that came after it.
    const principal =
      made.issuedAtMs === undefined
        ? made
        : { ...made, issuedAtMs: Math.min(made.issuedAtMs, seenAtMs) }
    const expiresAtMs = (claims.exp + clockToleranceS) * 1000
    cache.set(cacheKey(credential), { principal, expiresAtMs, keys: source.keys, key })
    return admit(principal)
  }
  return { recall, prove }
}

/** By its hash, so that no token lies in memory; by its kind, because the keys may differ. */
function cacheKey({ kind, token }: Credential): string {
  return kind + hash('sha256', token, 'base64')
}

/**
 * The first way configured (key set, public key, secret) is the issuer that names tenants. Another one beside it does so
 * only where JWT_ISSUER says that both are one.
 */
function bearerSources(options: JwtOptions): TokenSource[] {
  const { secret, issuer, audience } = options
  const found: [string, KeySource][] = []
  if (options.jwks) found.push(['jwks', options.jwks])
  if (options.publicKey !== undefined)
    found.push(['public-key', fixedKeys([publicKey(options.publicKey)])])
  if (secret !== undefined) found.push(['secret', fixedKeys([secretKey(secret)])])
  return found.map(([name, keys], at) => ({
    keys,
    issuer,
    audience,
    label: at === 0 || issuer !== undefined ? undefined : own(name),
  }))
}

/** Without a key of their own, sessions are tokens of JWT_SECRET like others, and have to say as much. */
function sessionSources(options: JwtOptions): TokenSource[] {
  const { secret, sessionSecret, sessionSameUsers } = options
  const tokens = bearerSources(options)
  if (sessionSecret === undefined) return secret === undefined ? [] : tokens.slice(-1)
  const isAlone = tokens.length === 0 || sessionSameUsers === true
  const keys = fixedKeys([secretKey(sessionSecret)])
  return [{ keys, label: isAlone ? undefined : own('heimdall') }]
}

/** A name that no token can give itself: issuers with control characters are refused. */
function own(source: string): string {
  return `\u0001${source}`
}
