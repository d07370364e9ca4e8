/** JSON Web Tokens signed with a shared secret (HS256): verified with jose, then remembered until they expire. */
import { createSecretKey, hash, type KeyObject } from 'node:crypto'
import { errors, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import { Problem } from '../base/problem.ts'
import { type ClaimOptions, type Claims, principalOf } from './claims.ts'
import { type Credential, type CredentialOptions, readCredential } from './credential.ts'
import type { Authenticate, Principal } from './principal.ts'

/** RFC 7518, section 3.2: a key at least as long as the hash. */
const secretBytesMin = 32
/** Bound to the kind of key: a secret verifies HMACs and nothing else (RFC 8725, section 3.1). */
const algorithms = ['HS256']
const clockToleranceS = 30
/** A verification costs fifty microseconds, a look-up one. Some four megabytes when full. */
const cacheEntriesMax = 10_000

export interface JwtOptions extends ClaimOptions, CredentialOptions {
  /** Verifies bearer tokens, and sessions where `sessionSecret` is not given. At least 32 bytes. */
  readonly secret: string | Uint8Array
  readonly sessionSecret?: string | Uint8Array | undefined
  readonly issuer?: string | undefined
  readonly audience?: string | undefined
  /** Asked at every use, also of a remembered token. */
  readonly isRevoked?: ((principal: Principal) => boolean) | undefined
  readonly nowMs?: (() => number) | undefined
}

/** One way of proving who is calling. Undefined means "not one of mine": the next one is asked. */
export type Prove = (credential: Credential) => Promise<Principal | undefined>

type VerifiedClaims = Claims & { readonly exp: number }

interface Verified {
  readonly principal: Principal
  readonly expiresAtMs: number
}

/** @returns what is wrong with a signing secret, or undefined when it is long enough */
export function secretFault(secret: string | Uint8Array): string | undefined {
  return Buffer.byteLength(secret) < secretBytesMin
    ? `needs at least ${secretBytesMin} bytes (RFC 7518, section 3.2)`
    : undefined
}

/** Authenticates by JWT alone. @throws Error when a secret is too short */
export function createJwtAuthenticator(options: JwtOptions): Authenticate {
  return createAuthenticator([createJwtProof(options)], options)
}

/** Reads the request's credential and asks each proof in turn. */
export function createAuthenticator(
  proofs: readonly Prove[],
  options: CredentialOptions = {},
): Authenticate {
  return async (request) => {
    const credential = readCredential(request, options)
    if (!credential)
      throw new Problem(
        'unauthorized',
        'This needs a login: send a token as `Authorization: Bearer <token>`.',
      )
    for (const prove of proofs) {
      const principal = await prove(credential)
      if (principal) return principal
    }
    throw unverified()
  }
}

/** Takes every credential for a token: put it last. @throws Error when a secret is too short */
export function createJwtProof(options: JwtOptions): Prove {
  const { isRevoked, nowMs = Date.now } = options
  const bearerKey = keyOf(options.secret)
  const keys = {
    bearer: bearerKey,
    session: options.sessionSecret === undefined ? bearerKey : keyOf(options.sessionSecret),
  }
  const cache = new LRUCache<string, Verified>({ max: cacheEntriesMax })
  return async ({ kind, token }) => {
    // By its hash, so that no token lies in memory; by its kind, because the keys may differ.
    const cacheKey = kind + hash('sha256', token, 'base64')
    let verified = cache.get(cacheKey)
    if (!verified) {
      const claims = await verify(token, keys[kind], options, nowMs())
      const principal = principalOf(claims, kind === 'bearer' ? 'jwt' : 'session', options)
      verified = { principal, expiresAtMs: (claims.exp + clockToleranceS) * 1000 }
      cache.set(cacheKey, verified)
    } else if (verified.expiresAtMs <= nowMs()) {
      cache.delete(cacheKey)
      throw expired()
    }
    if (isRevoked?.(verified.principal))
      throw new Problem('unauthorized', 'This login was ended: log in again.')
    return verified.principal
  }
}

function keyOf(secret: string | Uint8Array): KeyObject {
  const fault = secretFault(secret)
  if (fault !== undefined) throw new Error(`The secret ${fault}.`)
  return createSecretKey(Buffer.from(secret))
}

async function verify(
  token: string,
  key: KeyObject,
  { issuer, audience }: JwtOptions,
  nowMs: number,
): Promise<VerifiedClaims> {
  if (!isCanonical(token)) throw unverified()
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms,
      clockTolerance: clockToleranceS,
      currentDate: new Date(nowMs),
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    })
    return { ...payload, exp: checkTimes(payload, nowMs) }
  } catch (error) {
    throw asProblem(error)
  }
}

/** One token has one spelling: spare bits in the last characters would make many, each remembered for itself. */
function isCanonical(token: string): boolean {
  return token
    .split('.')
    .every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)
}

/** What jose lets pass: no `exp`, `1e999` (which JSON reads as infinity), and an `iat` in the future. @returns `exp`, in seconds */
function checkTimes({ exp, iat }: { exp?: number; iat?: number }, nowMs: number): number {
  if (exp === undefined || !Number.isFinite(exp))
    throw new Problem('unauthorized', 'The token’s `exp` is missing or not a finite number.')
  if (iat !== undefined && !(iat * 1000 <= nowMs + clockToleranceS * 1000))
    throw new Problem('unauthorized', 'The token’s `iat` lies in the future.')
  return exp
}

/** Before the signature is verified nothing is said about the token; after it, what is wrong with its claims. */
function asProblem(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return expired()
  if (error instanceof errors.JWTClaimValidationFailed)
    return new Problem(
      'unauthorized',
      `The token’s \`${error.claim}\` is missing or not acceptable.`,
    )
  if (error instanceof errors.JWTInvalid)
    return new Problem('unauthorized', 'The token’s content is not a set of claims.')
  if (error instanceof errors.JOSEError) return unverified(error)
  return error
}

function expired(): Problem {
  return new Problem('token_expired', 'The token has expired: get a new one.')
}

function unverified(cause?: unknown): Problem {
  return new Problem(
    'unauthorized',
    'The token could not be verified: it is not one that was signed with this server’s key.',
    { cause },
  )
}
