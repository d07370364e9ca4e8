import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createJwtAuthenticator, type JwtOptions } from '../../src/auth/jwt.ts'
import { keyOfJwk } from '../../src/auth/keys.ts'
import { Problem } from '../../src/base/problem.ts'

interface Group {
  readonly comment: string
  readonly public?: Readonly<Record<string, unknown>>
  readonly private?: { readonly kty: string; readonly k?: string; readonly alg?: string }
  readonly tests: readonly {
    readonly tcId: number
    readonly comment: string
    readonly jws: unknown
    readonly result: 'valid' | 'invalid'
  }[]
}

const { CARREL_TEST_DATA: data = join(import.meta.dirname, '..', '..', '..', 'shared', 'data') } =
  process.env
const path = join(data, 'security', 'jws', 'wycheproof_json_web_signature_test.json')
const groups: readonly Group[] = existsSync(path)
  ? (JSON.parse(readFileSync(path, 'utf8')) as { testGroups: Group[] }).testGroups
  : []

/** The vectors sign "foo", which is no claims: an authentic signature is told so, any other that it could not be verified. */
const authentic = /not a set of claims/
const unverified = /could not be verified/

/** 367 and 370 are, byte for byte, the valid 357; 372 and 373 hold a character that RFC 7515, section 2, does not allow. */
const disagreed = new Map([
  // Signed with PS384 by a key that says PS256.
  [346, unverified],
  [350, unverified],
  [367, authentic],
  [370, authentic],
  [372, unverified],
  [373, unverified],
])

test.skipIf(groups.length === 0)('Wycheproof’s HMAC vectors (needs CARREL_TEST_DATA)', async () => {
  const seen = { valid: 0, invalid: 0 }
  for (const { private: key, tests } of groups) {
    if (key?.kty !== 'oct' || key.k === undefined) continue
    for (const { tcId, comment, jws, result } of tests) {
      const detail = await refusal(Buffer.from(key.k, 'base64url'), jws)
      const expected = disagreed.get(tcId) ?? (result === 'valid' ? authentic : unverified)
      expect.soft(detail, `${tcId} ${comment}`).toMatch(expected)
      seen[result]++
    }
  }
  expect(seen).toEqual({ valid: 10, invalid: 30 })
})

test.skipIf(groups.length === 0)('Wycheproof’s RSA and EC vectors never pass as HMAC', async () => {
  let count = 0
  for (const { private: key, tests } of groups) {
    if (key?.kty === 'oct') continue
    for (const { tcId, comment, jws } of tests) {
      expect.soft(await refusal(Buffer.alloc(32, 1), jws), `${tcId} ${comment}`).toMatch(unverified)
      count++
    }
  }
  expect(count).toBe(361)
})

/** What the suite calls valid and we refuse: hashes other than SHA-256, P-521. */
const otherAlgorithms = /^(?:RS|PS)(?:384|512)$|^ES521$/

test.skipIf(groups.length === 0)('Wycheproof’s RSA and EC vectors, by their own keys', async () => {
  const seen = { authentic: 0, refused: 0, noKey: 0 }
  for (const { public: jwk, tests } of groups) {
    if (jwk === undefined) continue
    const key = keyOfJwk(jwk)
    for (const { tcId, comment, jws, result } of tests) {
      if (typeof key === 'string') {
        const isOurs = result === 'valid' && !otherAlgorithms.test(String(jwk['alg']))
        expect.soft(isOurs, `${tcId} ${comment}: the key ${key}`).toBe(false)
        seen.noKey++
        continue
      }
      const detail = await refusalBy({ publicKey: JSON.stringify(jwk) }, jws)
      const isAuthentic = authentic.test(detail)
      const expected = disagreed.get(tcId) ?? (result === 'valid' ? authentic : unverified)
      expect.soft(detail, `${tcId} ${comment}`).toMatch(expected)
      seen[isAuthentic ? 'authentic' : 'refused']++
    }
  }
  expect(seen.authentic).toBeGreaterThan(10)
  expect(seen.authentic + seen.refused + seen.noKey).toBe(361)
})

function refusal(secret: Uint8Array, jws: unknown): Promise<string> {
  return refusalBy({ secret }, jws)
}

async function refusalBy(options: JwtOptions, jws: unknown): Promise<string> {
  const token = typeof jws === 'string' ? jws : JSON.stringify(jws)
  const authenticate = createJwtAuthenticator(options)
  const headers = { authorization: `Bearer ${token}` }
  const request = { method: 'GET', url: '/', headers, rawHeaders: [] }
  const outcome = await authenticate(request).catch((error: unknown) => error)
  if (!(outcome instanceof Problem)) throw new Error('not refused')
  // Not even a token: empty, or with what no token has in it.
  return /has to be `Bearer/.test(outcome.detail) ? 'could not be verified' : outcome.detail
}
