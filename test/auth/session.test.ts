/** Our own session tokens: how long they last, what they pass for, and whose they are. */
import { expect, test } from 'vitest'
import { createAttempts } from '../../src/auth/attempts.ts'
import { cookieNames } from '../../src/auth/cookies.ts'
import { createSessionProof, type SessionRules } from '../../src/auth/session-proof.ts'
import { SessionTokens } from '../../src/auth/session-token.ts'
import { SignIn } from '../../src/auth/sign-in.ts'
import { Problem } from '../../src/base/problem.ts'

const key = 'the server’s own key of thirty-two bytes'
const issuer = 'https://id.example'
const startMs = 1_800_000_000_000
let nowMs = startMs
const clock = () => nowMs
const tokens = new SessionTokens(key, 12, clock)
const rules: SessionRules = { provider: issuer, issuer, hasLinks: true }
const login = { by: issuer, claims: { sub: 'alice', iss: issuer } }
const link = { by: 'link', claims: { sub: 'alice' } }

function prover(given: Partial<SessionRules> = {}) {
  const { recall, prove } = createSessionProof(tokens, { ...rules, ...given }, clock)
  return async (token: string) => {
    const credential = { kind: 'login', token } as const
    try {
      return recall?.(credential) ?? (await prove?.(credential))
    } catch (error) {
      if (error instanceof Problem) return error.code
      throw error
    }
  }
}

test('a session lasts its hours, remembered or not, and a sign-in under way a quarter of one', async () => {
  nowMs = startMs
  const token = await tokens.sign(login)
  const sealed = await tokens.seal({ state: 's', nonce: 'n', verifier: 'v', to: '/' })
  const remembering = prover()
  nowMs += 15 * 60_000
  expect(await tokens.open(sealed)).toMatchObject({ state: 's', to: '/' })
  nowMs += 60_000
  await expect(tokens.open(sealed)).rejects.toMatchObject({ code: 'token_expired' })
  nowMs = startMs + 12 * 3_600_000 + 29_000
  for (const prove of [remembering, prover()])
    expect(await prove(token)).toMatchObject({
      tenant: 'alice',
      proof: 'login',
      issuedAtMs: startMs,
    })
  nowMs += 1_000
  for (const prove of [remembering, prover()]) expect(await prove(token)).toBe('token_expired')
})

test('it is nobody else’s token, and no other token is one', async () => {
  nowMs = startMs
  const token = await tokens.sign(login)
  const [head = '', body = ''] = token.split('.')
  const sealed = await tokens.seal({ state: 's', nonce: 'n', verifier: 'v', to: '/' })
  const others = [
    await new SessionTokens(`${key}.`, 12, clock).sign(login),
    sealed,
    `${head}.${body}.`,
    `${Buffer.from('{"alg":"none","typ":"carrel-session+jwt"}').toString('base64url')}.${body}.`,
    'x',
  ]
  for (const other of others) expect(await prover()(other)).toBe('unauthorized')
  await expect(tokens.open(token)).rejects.toMatchObject({ code: 'unauthorized' })
  const bearer = { kind: 'bearer', token } as const
  const { recall, prove } = createSessionProof(tokens, rules, clock)
  expect([recall?.(bearer), await prove?.(bearer)]).toEqual([undefined, undefined])
})

test('it counts as long as the settings trust who signed in by', async () => {
  nowMs = startMs
  const [byProvider, byLink] = [await tokens.sign(login), await tokens.sign(link)]
  expect(await prover({ provider: undefined })(byProvider)).toBe('unauthorized')
  expect(await prover({ provider: 'https://other.example' })(byProvider)).toBe('unauthorized')
  expect(await prover({ hasLinks: false })(byLink)).toBe('unauthorized')
  expect(await prover({ linkLabel: undefined })(byLink)).toMatchObject({ tenant: 'alice' })
  const apart = await Promise.all([
    prover()(byProvider),
    prover({ issuer: undefined })(byProvider),
    prover({ linkLabel: 'l' })(byLink),
  ])
  expect(new Set(apart.map((one) => (one as { tenant: string }).tenant)).size).toBe(3)
})

test('whoever signs in again right after their logins were ended is let in', async () => {
  nowMs = startMs + 123
  const endedAtMs = nowMs
  const prove = prover({ isRevoked: ({ issuedAtMs = 0 }) => issuedAtMs <= endedAtMs })
  expect(await prove(await tokens.sign(login))).toBe('unauthorized')
  nowMs += 1
  expect(await prove(await tokens.sign(login))).toMatchObject({ tenant: 'alice' })
})

test('signing out is remembered for as long as the session would have lasted', async () => {
  nowMs = startMs
  const revoked: [string, number][] = []
  const signIn = new SignIn({
    ...{ tokens, rules, cookies: cookieNames(true), publicOrigin: 'https://library.example' },
    attempts: createAttempts(1),
    claimsOf: (claims) => claims,
    revokeToken: async (...ended) => void revoked.push(ended),
  })
  const cookie = `__Host-crl_session=${await tokens.sign(login)}`
  const headers = { cookie, origin: 'https://library.example' }
  const request = { method: 'POST', url: '/', headers, rawHeaders: Object.entries(headers).flat() }
  expect((await signIn.end(request)).principal).toMatchObject({ userId: 'alice' })
  expect(revoked).toEqual([[expect.any(String), startMs + 12 * 3_600_000]])
})
