/** Tokens and keys for tests of identity. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import type { AuthRequest, Principal } from '../../src/auth/principal.ts'
import { Problem } from '../../src/base/problem.ts'

export const nowMs = 1_800_000_000_000
export const now = nowMs / 1000
export const good = { sub: 'alice', iat: now, exp: now + 3_600 }

export interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  rsaShort: generateKeyPairSync('rsa', { modulusLength: 1024 }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ec384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ed: generateKeyPairSync('ed25519'),
} satisfies Record<string, Pair>

export function pemOf({ publicKey }: Pair): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString()
}

export function jwkOf({ publicKey }: Pair, more: object = {}): object {
  return { ...publicKey.export({ format: 'jwk' }), ...more }
}

export function signed(
  claims: Record<string, unknown>,
  key: KeyObject | Uint8Array,
  header: { alg: string } & Record<string, unknown>,
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key)
}

export function bearer(token: string): AuthRequest {
  return requestOf({ authorization: `Bearer ${token}` })
}

export function requestOf(headers: Record<string, string>): AuthRequest {
  return { method: 'GET', url: '/', headers, rawHeaders: Object.entries(headers).flat() }
}

/** The problem that a request ends with. @throws when it is let in */
export async function refusal(answer: Promise<Principal>): Promise<Problem> {
  const outcome = await answer.catch((error: unknown) => error)
  if (outcome instanceof Problem) return outcome
  throw new Error(`not refused: ${JSON.stringify(outcome)}`)
}
