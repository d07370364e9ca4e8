/**
 * The tokens in our own cookies: a login, and a sign-in that is under way. Signed with keys that are derived from one of the
 * server's own, one for each, so that neither passes for the other or for a token of anybody else's.
 */
import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { JWTExpired } from 'jose/errors'
import { SignJWT } from 'jose/jwt/sign'
import { jwtVerify } from 'jose/jwt/verify'
import { Problem } from '../base/problem.ts'
import type { Claims } from './claims.ts'
import { clockToleranceS, expired } from './verify.ts'

/** Explicit types (RFC 8725, section 3.11). */
const types = { session: 'carrel-session+jwt', pending: 'carrel-sign-in+jwt' } as const
type Kind = keyof typeof types

/** Browsers drop a cookie over 4,096 bytes, name and attributes included, and say nothing. */
const tokenBytesMax = 3_800
/** The way to the provider and back, a forgotten password included. */
export const pendingS = 15 * 60

/** Who signed in, and by what: `link`, or the issuer as the settings call it. */
export interface Login {
  readonly by: string
  readonly claims: Claims
}

export interface Session extends Login {
  readonly tokenId: string
  readonly issuedAtS: number
  readonly expiresAtS: number
}

/** What has to be known when somebody comes back from the provider. */
export interface PendingSignIn {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  /** A path of ours to go on to. */
  readonly to: string
}

export class SessionTokens {
  readonly sessionS: number
  readonly #keys: Readonly<Record<Kind, KeyObject>>
  readonly #nowMs: () => number

  /** @param sessionKey the server's own, for nothing else */
  constructor(sessionKey: string, sessionHours: number, nowMs: () => number = Date.now) {
    const keyOf = (kind: Kind) =>
      createSecretKey(Buffer.from(hkdfSync('sha256', sessionKey, '', types[kind], 32)))
    this.#keys = { session: keyOf('session'), pending: keyOf('pending') }
    this.sessionS = Math.round(sessionHours * 3600)
    this.#nowMs = nowMs
  }

  /** @throws Problem `forbidden` for claims that a cookie does not hold */
  async sign(login: Login): Promise<string> {
    // Not rounded to seconds: whoever signs in right after "end all logins" is let in.
    const iat = this.#nowMs() / 1000
    const claims = { ...login, jti: randomBytes(16).toString('hex'), iat, exp: iat + this.sessionS }
    const token = await this.#sign('session', claims)
    if (token.length > tokenBytesMax)
      throw new Problem(
        'forbidden',
        'What the identity provider says of this account is too long for a session: it should say less in the ID token.',
      )
    return token
  }

  /** @throws Problem `token_expired`, or `unauthorized` for what we did not sign as a session */
  async read(token: string): Promise<Session> {
    const payload = await this.#verify('session', token)
    // What follows is as we wrote it: nobody else has the key.
    const { by, claims, jti, iat, exp } = payload as Required<JWTPayload> & Login
    return { by, claims, tokenId: jti, issuedAtS: iat, expiresAtS: exp }
  }

  seal(pending: PendingSignIn): Promise<string> {
    return this.#sign('pending', { ...pending, exp: this.#nowMs() / 1000 + pendingS })
  }

  /** @throws Problem as `read` */
  async open(token: string): Promise<PendingSignIn> {
    return (await this.#verify('pending', token)) as unknown as PendingSignIn
  }

  #sign(kind: Kind, payload: JWTPayload): Promise<string> {
    return new SignJWT(payload)
      .setProtectedHeader({ alg: 'HS256', typ: types[kind] })
      .sign(this.#keys[kind])
  }

  async #verify(kind: Kind, token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, this.#keys[kind], {
        algorithms: ['HS256'],
        typ: types[kind],
        clockTolerance: clockToleranceS,
        currentDate: new Date(this.#nowMs()),
        requiredClaims: ['exp'],
      })
      return payload
    } catch (error) {
      if (error instanceof JWTExpired) throw expired()
      throw new Problem('unauthorized', 'The session is not one of this server’s: sign in again.')
    }
  }
}
