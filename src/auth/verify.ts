/** One token, verified with jose against the keys of one or more sources, and what is wrong with it in words that say no more than they may. */
import { decodeProtectedHeader } from 'jose/decode/protected_header'
import {
  JOSEError,
  JWSSignatureVerificationFailed,
  JWTClaimValidationFailed,
  JWTExpired,
  JWTInvalid,
} from 'jose/errors'
import { jwtVerify } from 'jose/jwt/verify'
import { Problem } from '../base/problem.ts'
import { isIssuerName } from '../tenancy/tenant-id.ts'
import type { Claims } from './claims.ts'
import { hasDuplicateNames } from './json-names.ts'
import type { KeySource, TokenHeader, VerificationKey } from './keys.ts'

export const clockToleranceS = 30
/** Explicit types (RFC 8725, section 3.11): a token made for something else, such as a logout, is no login. */
const types: ReadonlySet<unknown> = new Set([undefined, 'jwt', 'at+jwt'])

export type VerifiedClaims = Claims & { readonly exp: number }

/** A way of signing tokens that the operator configured. */
export interface TokenSource {
  readonly keys: KeySource
  /** Required `iss` and `aud`. */
  readonly issuer?: string | undefined
  readonly audience?: string | undefined
  /** The user ids of this source are hashed with this; undefined: they are the ones that name tenants. */
  readonly label?: string | undefined
}

export interface Verified {
  readonly claims: VerifiedClaims
  readonly source: TokenSource
  readonly key: VerificationKey
  /** What its user ids are hashed with; undefined for the configured issuer's. */
  readonly issuer: string | undefined
}

/**
 * @param sources tried in turn; a key only ever verifies the algorithms of its own kind
 * @throws Problem `unauthorized`, `token_expired`, or `overloaded` when a source cannot say which keys it has
 */
export async function verifyToken(
  token: string,
  sources: readonly TokenSource[],
  nowMs: number,
): Promise<Verified> {
  if (!isCanonical(token)) throw unverified()
  const header = headerOf(token)
  let unavailable: unknown
  for (const source of sources) {
    const keys = await Promise.try(() => source.keys.find(header)).catch((error: unknown) => {
      unavailable ??= error
      return []
    })
    for (const key of keys) {
      const claims = await verifyWith(token, key, source, nowMs)
      if (claims) return { claims, source, key, issuer: issuerOf(claims, source) }
    }
  }
  throw unavailable ?? unverified()
}

/** @returns undefined when another key may have signed it */
async function verifyWith(
  token: string,
  { key, algorithms }: VerificationKey,
  { issuer, audience }: TokenSource,
  nowMs: number,
): Promise<VerifiedClaims | undefined> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [...algorithms],
      clockTolerance: clockToleranceS,
      currentDate: new Date(nowMs),
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    })
    if (hasDuplicateNames(decoded(token, 1)))
      throw new Problem('unauthorized', 'The token says one of its claims twice.')
    return { ...payload, exp: checkTimes(payload, nowMs) }
  } catch (error) {
    if (error instanceof JWSSignatureVerificationFailed) return undefined
    throw asProblem(error)
  }
}

/** With no issuer configured nobody said which one names tenants: whoever names itself in the token gets names of its own. */
function issuerOf(claims: Claims, { issuer, label }: TokenSource): string | undefined {
  if (issuer !== undefined || label !== undefined || claims['iss'] === undefined) return label
  const { iss } = claims
  if (typeof iss !== 'string' || !isIssuerName(iss))
    throw new Problem('unauthorized', 'The token’s `iss` is missing or not acceptable.')
  return iss
}

/** One token has one spelling: spare bits in the last characters would make many, each remembered for itself. */
function isCanonical(token: string): boolean {
  return token
    .split('.')
    .every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)
}

/** Of the header only `alg`, `kid` and `typ` are looked at; keys or addresses of keys in it (`jwk`, `jku`, `x5u`, `x5c`) never. */
function headerOf(token: string): TokenHeader {
  try {
    const { alg, kid, typ } = decodeProtectedHeader(token)
    if (hasDuplicateNames(decoded(token, 0)) || !types.has(typeName(typ))) throw unverified()
    if (typeof alg !== 'string' || (kid !== undefined && typeof kid !== 'string'))
      throw unverified()
    return { alg, kid }
  } catch (error) {
    throw error instanceof Problem ? error : unverified(error)
  }
}

function typeName(typ: unknown): unknown {
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ
}

function decoded(token: string, part: 0 | 1): string {
  return Buffer.from(token.split('.')[part] ?? '', 'base64url').toString()
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
  if (error instanceof JWTExpired) return expired()
  if (error instanceof JWTClaimValidationFailed)
    return new Problem(
      'unauthorized',
      `The token’s \`${error.claim}\` is missing or not acceptable.`,
    )
  if (error instanceof JWTInvalid)
    return new Problem('unauthorized', 'The token’s content is not a set of claims.')
  if (error instanceof JOSEError) return unverified(error)
  return error
}

export function expired(): Problem {
  return new Problem('token_expired', 'The token has expired: get a new one.')
}

export function unverified(cause?: unknown): Problem {
  return new Problem(
    'unauthorized',
    'The token could not be verified: it is not one that was signed with this server’s key.',
    { cause },
  )
}
