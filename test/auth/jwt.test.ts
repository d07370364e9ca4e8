import { createHmac, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { createJwtAuthenticator } from '../../src/auth/jwt.ts'
import { secretFault } from '../../src/auth/keys.ts'
import type { AuthRequest } from '../../src/auth/principal.ts'
import { Problem } from '../../src/base/problem.ts'

const secret = 'a secret of at least thirty-two bytes'
const nowMs = 1_800_000_000_000
const now = nowMs / 1000
const good = { sub: 'alice', iat: now, exp: now + 60 }

test('the user, the tier and the scopes come from the claims', async () => {
  const token = await sign({ ...good, tier: 'paid', scope: 'read openid chat', jti: 'one' })
  expect(await authenticate(token)).toEqual({
    tenant: 'alice',
    userId: 'alice',
    subject: 'alice',
    tier: 'paid',
    scopes: new Set(['read', 'chat']),
    isOwner: true,
    proof: 'jwt',
    tokenId: 'one',
    issuedAtMs: nowMs,
  })
})

test.each<[string, Record<string, unknown>, string]>([
  ['user_id', { user_id: 'u' }, 'u'],
  ['sub', { sub: 'u' }, 'u'],
  ['id', { id: 'u' }, 'u'],
  ['all three, the same', { user_id: 'u', sub: 'u', id: 'u' }, 'u'],
])('the user may be in %s', async (_, claims, userId) => {
  const principal = await authenticate(await sign({ exp: now + 60, ...claims }))
  expect(principal.userId).toBe(userId)
})

test.each<[string, Record<string, unknown>, RegExp]>([
  ['two users', { ...good, id: 'bob' }, /different users in `sub` and `id`/],
  ['no user', { exp: now + 60 }, /names no user/],
  ['a number for a user', { ...good, sub: undefined, id: 7 }, /not text/],
  ['an object for a user', { exp: now + 60, sub: { $ne: '' } }, /not text|`sub`/],
  ['text and a number', { ...good, id: 7 }, /not text/],
  ['null for a user', { ...good, id: null }, /not text/],
  ['an empty user', { ...good, sub: '' }, /cannot be used/],
  ['a user with a control character', { ...good, sub: 'a\u0000b' }, /cannot be used/],
  ['a user of 256 bytes', { ...good, sub: 'é'.repeat(128) }, /cannot be used/],
  ['no exp', { sub: 'alice' }, /`exp`/],
  ['text for an exp', { ...good, exp: String(now + 60) }, /`exp`/],
  ['an infinite exp', { sub: 'alice', exp: Number.POSITIVE_INFINITY }, /`exp`/],
  ['an iat in the future', { ...good, iat: now + 31 }, /`iat`/],
  ['text for an iat', { ...good, iat: 'now' }, /`iat`/],
  ['an nbf in the future', { ...good, nbf: now + 31 }, /`nbf`/],
  ['scopes of another kind', { ...good, scope: 7 }, /scopes/],
])('a token with %s is refused', async (_, claims, words) => {
  const problem = await refusal(signRaw(claims))
  expect(problem.code).toBe('unauthorized')
  expect(problem.detail).toMatch(words)
})

test('a payload that is no object, or not encoded, is refused', async () => {
  const unencoded = signRaw(good, { alg: 'HS256', crit: ['b64'], b64: false })
  expect((await refusal(unencoded)).code).toBe('unauthorized')
  expect((await refusal(signRaw([1]))).detail).toMatch(/set of claims/)
})

test('clocks may differ by thirty seconds and no more', async () => {
  for (const claims of [{ exp: now - 29 }, { iat: now + 30 }, { nbf: now + 30 }])
    expect(await authenticate(await sign({ ...good, ...claims }))).toMatchObject({
      userId: 'alice',
    })
  expect((await refusal(await sign({ ...good, exp: now - 30 }))).code).toBe('token_expired')
})

test('an expired token is told apart from a wrong one, whoever asks', async () => {
  const problem = await refusal(await sign({ ...good, exp: now - 3600 }))
  expect(problem.code).toBe('token_expired')
  const forged = await sign({ ...good, exp: now - 3600 }, 'another secret of thirty-two bytes!!')
  expect((await refusal(forged)).code).toBe('unauthorized')
})

test.each<[string, () => string | Promise<string>]>([
  ['of another key', () => sign(good, 'another secret of thirty-two bytes!!')],
  ['without a signature', async () => `${(await sign(good)).split('.').slice(0, 2).join('.')}.`],
  ['with alg none', () => unsigned({ alg: 'none' })],
  ['with alg None', () => unsigned({ alg: 'None' })],
  ['without alg', () => unsigned({})],
  ['with HS384 and the right key', () => signRaw(good, { alg: 'HS384' }, 'sha384')],
  ['with HS512 and the right key', () => signRaw(good, { alg: 'HS512' }, 'sha512')],
  ['with crit', () => signRaw(good, { alg: 'HS256', crit: ['x'], x: 1 })],
  ['signed by RSA', () => new SignJWT(good).setProtectedHeader({ alg: 'RS256' }).sign(rsa())],
  ['of five parts', () => 'a.b.c.d.e'],
  ['that is nothing like one', () => 'hello'],
])('a token %s is refused and nothing said about it', async (_, make) => {
  const problem = await refusal(await make())
  expect(problem.code).toBe('unauthorized')
  expect(problem.detail).toBe(
    'The token could not be verified: it is not one that was signed with this server’s key.',
  )
})

test('a changed bit anywhere is noticed', async () => {
  const token = await sign(good)
  const authenticator = createJwtAuthenticator({ secret, nowMs: () => nowMs })
  await authenticator(bearer(token))
  await fc.assert(
    fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...'AZaz09-_'), async (at, char) => {
      fc.pre(token[at] !== char && token[at] !== '.')
      const forged = token.slice(0, at) + char + token.slice(at + 1)
      await expect(authenticator(bearer(forged))).rejects.toThrow(Problem)
    }),
  )
})

test('whatever stands in the Authorization header, the answer is a problem or a principal', async () => {
  const authenticator = createJwtAuthenticator({ secret, nowMs: () => nowMs })
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      for (const value of [text, `Bearer ${text}`, `Bearer ${btoa(encodeURI(text))}.e30.x`])
        await expect(authenticator(requestOf({ authorization: value }))).rejects.toThrow(Problem)
    }),
  )
})

test('issuer and audience count where they are configured', async () => {
  const options = { issuer: 'https://id.example', audience: 'carrel' }
  const token = await sign({ ...good, iss: 'https://id.example', aud: ['other', 'carrel'] })
  expect(await authenticate(token, options)).toMatchObject({ userId: 'alice' })
  for (const claims of [
    {},
    { iss: 'https://evil.example', aud: 'carrel' },
    { iss: 'https://id.example' },
  ])
    expect((await refusal(await sign({ ...good, ...claims }), options)).detail).toMatch(
      /`(iss|aud)`/,
    )
})

test('a configured user claim is the only one that counts', async () => {
  const token = await sign({ ...good, id: 'bob' })
  expect((await authenticate(token, { userClaim: 'id' })).userId).toBe('bob')
  expect((await refusal(token, { userClaim: 'constructor' })).detail).toMatch(/names no user/)
  expect((await refusal(token, { userClaim: '__proto__' })).detail).toMatch(/names no user/)
})

test.each<[Record<string, unknown>, string]>([
  [{}, 'free'],
  [{ tier: 'ultra' }, 'ultra'],
  [{ plan: 'premium' }, 'premium'],
  [{ tier: 'paid', plan: 'ultra' }, 'paid'],
  [{ tier: 'local' }, 'free'],
  [{ tier: 'gold' }, 'free'],
  [{ tier: ['ultra'] }, 'free'],
])('%j is of tier %s', async (claims, tier) => {
  expect((await authenticate(await sign({ ...good, ...claims }))).tier).toBe(tier)
})

test.each<[Record<string, unknown>, string[]]>([
  [{}, ['read', 'write', 'chat']],
  [{ scope: '' }, []],
  [{ scope: 'openid' }, []],
  [{ scopes: ['read', 7, 'admin'] }, ['read']],
  [{ scope: 'read admin' }, ['read']],
])('%j gives the scopes %j', async (claims, scopes) => {
  expect([...(await authenticate(await sign({ ...good, ...claims }))).scopes]).toEqual(scopes)
})

test('admin comes from a token only where the operator says so', async () => {
  const token = await sign({ ...good, scope: 'read admin' })
  const { scopes } = await authenticate(token, { adminFromToken: true })
  expect([...scopes]).toEqual(['read', 'admin'])
})

test('a user called local does not walk into the library of local mode', async () => {
  const { tenant } = await authenticate(await sign({ ...good, sub: 'local' }))
  expect(tenant).toMatch(/^_[a-z2-7]{52}$/)
})

test('a remembered token still expires, and is still asked about', async () => {
  let time = nowMs
  let isRevoked = false
  const authenticator = createJwtAuthenticator({
    secret,
    nowMs: () => time,
    isRevoked: () => isRevoked,
  })
  const request = bearer(await sign(good))
  const first = await authenticator(request)
  expect(await authenticator(request)).toBe(first)
  isRevoked = true
  await expect(authenticator(request)).rejects.toMatchObject({ code: 'unauthorized' })
  isRevoked = false
  time = nowMs + 90_000
  await expect(authenticator(request)).rejects.toMatchObject({ code: 'token_expired' })
  time = nowMs
  expect(await authenticator(request)).toEqual(first)
})

test('a session is verified with its own key, and is no bearer token', async () => {
  const sessionSecret = 'the session secret is another one, as long'
  const options = { secret, sessionSecret, nowMs: () => nowMs }
  const authenticator = createJwtAuthenticator(options)
  const token = await sign({ id: 'alice', exp: now + 60 }, sessionSecret)
  expect(await authenticator(requestOf({ 'x-cf-session': token }))).toMatchObject({
    userId: 'alice',
    proof: 'session',
  })
  await expect(authenticator(bearer(token))).rejects.toMatchObject({ code: 'unauthorized' })
})

test('a short secret does not start', () => {
  expect(secretFault('x'.repeat(31))).toMatch(/32 bytes/)
  expect(secretFault('x'.repeat(32))).toBeUndefined()
  expect(() => createJwtAuthenticator({ secret: 'short' })).toThrow(/32 bytes/)
  expect(() => createJwtAuthenticator({ secret, sessionSecret: 'short' })).toThrow(/32 bytes/)
})

function authenticate(token: string, options = {}) {
  return createJwtAuthenticator({ secret, nowMs: () => nowMs, ...options })(bearer(token))
}

async function refusal(token: string, options = {}): Promise<Problem> {
  const outcome = await authenticate(token, options).catch((error: unknown) => error)
  if (outcome instanceof Problem) return outcome
  throw new Error(`not refused: ${JSON.stringify(outcome)}`)
}

function bearer(token: string): AuthRequest {
  return requestOf({ authorization: `Bearer ${token}` })
}

function requestOf(headers: Record<string, string>): AuthRequest {
  return { method: 'GET', url: '/', headers, rawHeaders: Object.entries(headers).flat() }
}

function sign(claims: Record<string, unknown>, key = secret): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(key))
}

/** Signs what a library would refuse to. `Infinity` becomes `1e999`, which JSON reads as infinity. */
function signRaw(claims: unknown, header: object = { alg: 'HS256' }, hash = 'sha256'): string {
  const payload = JSON.stringify(claims, (_, value) =>
    value === Number.POSITIVE_INFINITY ? 'INFINITE' : value,
  ).replace('"INFINITE"', '1e999')
  const input = `${encode(JSON.stringify(header))}.${encode(payload)}`
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

function unsigned(header: object): string {
  return `${encode(JSON.stringify(header))}.${encode(JSON.stringify(good))}.`
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}

function rsa() {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
}
