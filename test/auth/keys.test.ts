/** Public keys: each verifies the algorithms of its kind, and nothing else passes for it. */
import { expect, test } from 'vitest'
import { createJwtAuthenticator } from '../../src/auth/jwt.ts'
import { keyOfJwk, publicKey } from '../../src/auth/keys.ts'
import { bearer, good, jwkOf, nowMs, pairs, pemOf, refusal, requestOf, signed } from './tokens.ts'

const secret = 'a secret of at least thirty-two bytes'
const secretBytes = new TextEncoder().encode(secret)
const base = { nowMs: () => nowMs }
const unverified = /could not be verified/

test.each([
  ['RS256', pairs.rsa],
  ['PS256', pairs.rsa],
  ['ES256', pairs.ec],
  ['EdDSA', pairs.ed],
] as const)('%s, by PEM, by PEM in one line and by JWK', async (alg, pair) => {
  const token = await signed(good, pair.privateKey, { alg })
  const pem = pemOf(pair)
  for (const key of [pem, pem.replaceAll('\n', '\\n'), JSON.stringify(jwkOf(pair))]) {
    const authenticate = createJwtAuthenticator({ ...base, publicKey: key })
    expect(await authenticate(bearer(token))).toMatchObject({ tenant: 'alice', proof: 'jwt' })
  }
})

test('an algorithm of another kind never passes: the public key is no secret, whoever signs with it', async () => {
  const key = pemOf(pairs.rsa)
  const authenticate = createJwtAuthenticator({ ...base, publicKey: key, secret })
  for (const asSecret of [key, key.trim(), JSON.stringify(jwkOf(pairs.rsa))]) {
    const token = await signed(good, new TextEncoder().encode(asSecret), { alg: 'HS256' })
    expect((await refusal(authenticate(bearer(token)))).detail).toMatch(unverified)
  }
  for (const [alg, pair] of [
    ['RS512', pairs.rsa],
    ['PS384', pairs.rsa],
    ['ES256', pairs.ec],
    ['EdDSA', pairs.ed],
  ] as const) {
    const token = await signed(good, pair.privateKey, { alg })
    expect((await refusal(authenticate(bearer(token)))).detail).toMatch(unverified)
  }
})

test('several ways at once: each key counts for its own tokens, the second kind has names of its own', async () => {
  const options = { ...base, publicKey: pemOf(pairs.ec), secret }
  const byKey = await signed(good, pairs.ec.privateKey, { alg: 'ES256' })
  const bySecret = await signed(good, secretBytes, { alg: 'HS256' })
  const authenticate = createJwtAuthenticator(options)
  expect((await authenticate(bearer(byKey))).tenant).toBe('alice')
  expect((await authenticate(bearer(bySecret))).tenant).toMatch(/^_/)
  const one = createJwtAuthenticator({ ...options, issuer: 'https://id' })
  for (const [key, alg] of [
    [pairs.ec.privateKey, 'ES256'],
    [secretBytes, 'HS256'],
  ] as const)
    expect(
      (await one(bearer(await signed({ ...good, iss: 'https://id' }, key, { alg })))).tenant,
    ).toBe('alice')
})

test('keys that a token brings along are not looked at', async () => {
  const authenticate = createJwtAuthenticator({ ...base, publicKey: pemOf(pairs.rsa) })
  const other = pairs.ec
  for (const extra of [
    { jwk: jwkOf(other) },
    { jku: 'http://127.0.0.1:1/jwks' },
    { x5u: 'http://127.0.0.1:1/cert' },
    { kid: '../../../../etc/passwd' },
    { kid: "' OR 1=1 --" },
  ]) {
    const token = await signed(good, other.privateKey, { alg: 'ES256', ...extra })
    expect((await refusal(authenticate(bearer(token)))).detail).toMatch(unverified)
  }
})

test.each([
  ['a private key', pairs.rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }), /private/],
  ['a private JWK', JSON.stringify(pairs.ec.privateKey.export({ format: 'jwk' })), /private/],
  ['a secret', JSON.stringify({ kty: 'oct', k: 'AAAA' }), /secret/],
  ['a short RSA key', pemOf(pairs.rsaShort), /2048/],
  [
    'an RSA key that anybody signs with',
    JSON.stringify({ ...jwkOf(pairs.rsa), e: 'AQ' }),
    /the exponent 1$/,
  ],
  ['another curve', pemOf(pairs.ec384), /P-256/],
  ['nonsense', 'hello', /neither/],
  ['broken JSON', '{', /neither/],
])('%s is not taken for a public key', (_, text, words) => {
  expect(() => publicKey(String(text))).toThrow(words)
})

test('a JWK may narrow what it verifies, and nothing widens it', () => {
  expect(keyOfJwk(jwkOf(pairs.rsa, { alg: 'PS256' }))).toMatchObject({ algorithms: ['PS256'] })
  for (const more of [
    { alg: 'HS256' },
    { alg: 'none' },
    { alg: 'RS512' },
    { use: 'enc' },
    { key_ops: ['encrypt'] },
    { key_ops: 'verify' },
  ])
    expect(typeof keyOfJwk(jwkOf(pairs.rsa, more))).toBe('string')
})

test.each([
  ['a logout token', { alg: 'HS256', typ: 'logout+jwt' }],
  ['a typ of another kind', { alg: 'HS256', typ: 7 }],
  ['a kid that is no text', { alg: 'HS256', kid: { $ne: '' } }],
])('%s is refused', async (_, header) => {
  const token = await signed(good, secretBytes, header as { alg: string })
  const authenticate = createJwtAuthenticator({ ...base, secret })
  expect((await refusal(authenticate(bearer(token)))).detail).toMatch(unverified)
})

test.each(['JWT', 'jwt', 'at+jwt', 'application/at+jwt'])('typ %s is a login', async (typ) => {
  const token = await signed(good, secretBytes, { alg: 'HS256', typ })
  const authenticate = createJwtAuthenticator({ ...base, secret })
  expect((await authenticate(bearer(token))).userId).toBe('alice')
})

test('a Heimdall session needs no issuer; its users are others than the tokens’ unless the operator says they are the same', async () => {
  const sessionSecret = 'the session secret is another one, as long'
  const session = await signed(
    { id: 'alice', exp: good.exp },
    new TextEncoder().encode(sessionSecret),
    { alg: 'HS256' },
  )
  const request = requestOf({ 'x-cf-session': session })
  const alone = createJwtAuthenticator({ ...base, sessionSecret, issuer: 'https://id' })
  expect(await alone(request)).toMatchObject({ tenant: 'alice', proof: 'session' })
  expect((await refusal(alone(bearer(session)))).detail).toMatch(unverified)
  const beside = createJwtAuthenticator({ ...base, secret, sessionSecret })
  expect((await beside(request)).tenant).toMatch(/^_/)
  const same = createJwtAuthenticator({ ...base, secret, sessionSecret, sessionSameUsers: true })
  expect((await same(request)).tenant).toBe('alice')
  // With the tokens' own key a session has to say as much as a token.
  const shared = createJwtAuthenticator({ ...base, secret, issuer: 'https://id' })
  const bare = await signed({ id: 'alice', exp: good.exp }, secretBytes, { alg: 'HS256' })
  expect((await refusal(shared(requestOf({ 'x-cf-session': bare })))).detail).toMatch(/`iss`/)
})
