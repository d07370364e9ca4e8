/** Keys, the operator's word and rate limits, over HTTP. */
import { expect, test } from 'vitest'
import { createKeyProof } from '../../src/auth/api-key.ts'
import { createAttempts } from '../../src/auth/attempts.ts'
import { createAuthenticator } from '../../src/auth/authenticator.ts'
import { createJwtProof } from '../../src/auth/jwt.ts'
import { createOperatorProof } from '../../src/auth/operator.ts'
import type { Principal } from '../../src/auth/principal.ts'
import { tiersDefault } from '../../src/control/tiers.ts'
import type { AppOptions } from '../../src/http/app.ts'
import { memoryControl } from './fakes.ts'
import { adminToken, jsonInit, problemOf, secret, startServer, tokenOf } from './harness.ts'

test('a key is shown once, listed without its secret, works with its scopes, and ends at once', async () => {
  const server = await start()
  const before = await server.as(
    'alice',
    '/v1/keys',
    jsonInit('POST', { name: ' x ', scopes: ['read'] }),
  )
  expect(before.status).toBe(201)
  const { key, ...shown } = (await before.json()) as Record<string, unknown>
  expect(shown).toMatchObject({ name: 'x', scopes: ['read'], expires_at: null, last_used_at: null })
  expect(String(key).startsWith(`${shown['prefix']}_`)).toBe(true)
  const withKey = (path: string, init: RequestInit = {}) =>
    fetch(server.url + path, {
      ...init,
      headers: { ...init.headers, Authorization: `Bearer ${key}` },
    })
  expect((await withKey('/v1/me')).status).toBe(200)
  expect((await withKey('/v1/documents/x', jsonInit('PATCH', { title: 't' }))).status).toBe(403)
  expect(await problemOf(await withKey('/v1/keys'))).toMatchObject({
    code: 'forbidden',
    detail: expect.stringMatching(/owner/),
  })
  const list = await (await server.as('alice', '/v1/keys')).text()
  expect(JSON.parse(list)).toMatchObject({ items: [{ id: shown['id'] }], next_cursor: null })
  expect(list).not.toContain(String(key).slice(13))
  const path = `/v1/keys/${shown['id']}`
  expect((await server.as('bob', path, { method: 'DELETE' })).status).toBe(404)
  expect((await server.as('alice', path, { method: 'DELETE' })).status).toBe(204)
  expect((await withKey('/v1/me')).status).toBe(401)
  expect(JSON.stringify(server.logged)).not.toContain(String(key).slice(13))
})

test.each<[string, object, number]>([
  ['an unknown scope', { scopes: ['everything'] }, 400],
  ['the operator’s scope', { scopes: ['admin'] }, 400],
  ['no scope at all', { scopes: [] }, 400],
  ['an end in the past', { expires_at: '2020-01-01T00:00:00Z' }, 400],
  ['an end that is no time', { expires_at: 'tomorrow' }, 400],
  ['an unknown field', { admin: true }, 400],
  ['a negative rate', { requests_per_minute: -1 }, 400],
  ['a scope its giver has not', { scopes: ['chat'] }, 403],
])('a key with %s is not given', async (_, body, status) => {
  const server = await start()
  const headers = {
    Authorization: `Bearer ${await tokenOf({ sub: 'alice', scope: 'read write' })}`,
    'Content-Type': 'application/json',
  }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  expect((await fetch(`${server.url}/v1/keys`, init)).status).toBe(status)
})

test('there are no more keys than the share, however many are asked for at once', async () => {
  const server = await start()
  server.tenant('alice').limits = { ...tiersDefault.local, api_keys: 3 }
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => server.as('alice', '/v1/keys', jsonInit('POST', {}))),
  )
  expect(answers.filter(({ status }) => status === 201).length).toBe(3)
  const refused = answers.find(({ status }) => status === 403)
  expect(refused && (await problemOf(refused))).toMatchObject({
    code: 'quota_exceeded',
    quota: { which: 'api_keys', used: 3, limit: 3 },
  })
})

test('the operator changes a tenant’s limits, and ends its logins', async () => {
  const server = await start()
  const operator = (path: string, init: RequestInit = {}) =>
    fetch(server.url + path, {
      ...init,
      headers: { ...init.headers, Authorization: `Bearer ${adminToken}` },
    })
  const path = '/admin/v1/tenants/alice/allowance'
  const changed = await operator(path, jsonInit('PUT', { tier: 'paid', limits: { documents: 5 } }))
  expect(await changed.json()).toMatchObject({ tier: 'paid', limits: { documents: 5 } })
  for (const wrong of [
    { tier: 'gold' },
    { limits: { documents: -1 } },
    { limits: { x: 1 } },
    { x: 1 },
  ])
    expect((await operator(path, jsonInit('PUT', wrong))).status).toBe(400)
  const back = await operator(path, jsonInit('PUT', {}))
  expect(await back.json()).toMatchObject({ tier: 'free', overrides: null })
  expect(await (await operator('/admin/v1/tiers')).json()).toEqual(tiersDefault)
  expect((await server.as('alice', '/admin/v1/tiers')).status).toBe(403)

  const now = Math.floor(Date.now() / 1000)
  const headers = {
    Authorization: `Bearer ${await tokenOf({ sub: 'alice', iat: now - 5, jti: 'j' })}`,
  }
  const other = { Authorization: `Bearer ${await tokenOf({ sub: 'alice', iat: now - 5 })}` }
  const me = async (who: Record<string, string>) =>
    (await fetch(`${server.url}/v1/me`, { headers: who })).status
  expect([await me(headers), await me(other)]).toEqual([200, 200])
  expect(
    (await operator('/admin/v1/revocations', jsonInit('POST', { token_id: 'j' }))).status,
  ).toBe(204)
  expect([await me(headers), await me(other)]).toEqual([401, 200])
  expect(
    (await operator('/admin/v1/revocations', jsonInit('POST', { user_id: 'alice' }))).status,
  ).toBe(204)
  expect([await me(headers), await me(other)]).toEqual([401, 401])
  for (const wrong of [{}, { token_id: 'j', expires_at: '2020-01-01T00:00:00Z' }])
    expect((await operator('/admin/v1/revocations', jsonInit('POST', wrong))).status).toBe(400)
})

test('a tenant’s requests are counted, said in the standard fields, and held', async () => {
  const clock = { ms: 0 }
  const limits = { requests_per_minute: 20, concurrent_requests: null }
  const server = await start({ limitsOf: () => limits, nowMs: () => clock.ms })
  const burst = await Promise.all(Array.from({ length: 50 }, () => server.as('alice', '/v1/me')))
  expect(burst.filter(({ status }) => status === 200).length).toBe(20)
  const refused = burst.filter(({ status }) => status === 429)
  for (const { headers } of refused) {
    expect(headers.get('retry-after')).toBe('61')
    expect(headers.get('ratelimit')).toBe('"tenant";r=0;t=61')
  }
  expect(burst[0]?.headers.get('ratelimit-policy')).toBe('"tenant";q=20;w=60')
  expect((await server.as('bob', '/v1/me')).headers.get('ratelimit')).toBe('"tenant";r=19;t=60')
  expect((await fetch(`${server.url}/healthz`)).headers.get('ratelimit')).toBeNull()
  clock.ms = 61_000
  expect((await server.as('alice', '/v1/me')).status).toBe(200)
})

test('a key has a limit of its own beside the tenant’s', async () => {
  const server = await start({
    limitsOf: () => ({ requests_per_minute: 100, concurrent_requests: null }),
  })
  const made = await server.as('alice', '/v1/keys', jsonInit('POST', { requests_per_minute: 2 }))
  const { key } = (await made.json()) as { key: string }
  const statuses = []
  for (let i = 0; i < 3; i++) {
    const answer = await fetch(`${server.url}/v1/me`, {
      headers: { Authorization: `Bearer ${key}` },
    })
    statuses.push([
      answer.status,
      answer.headers.get('ratelimit')?.split(';').slice(0, 2).join(';'),
    ])
  }
  expect(statuses).toEqual([
    [200, '"key";r=1'],
    [200, '"key";r=0'],
    [429, '"key";r=0'],
  ])
  expect((await server.as('alice', '/v1/me')).status).toBe(200)
})

test('an address is counted before anybody is asked who it is', async () => {
  const server = await start({ addressRequestsPerMinute: 3 })
  const statuses = []
  for (let i = 0; i < 5; i++) statuses.push((await fetch(`${server.url}/v1/me`)).status)
  expect(statuses).toEqual([401, 401, 401, 429, 429])
})

test('an address is counted at the doors that need no login too, but for those who watch over the server', async () => {
  const server = await start({ addressRequestsPerMinute: 4 })
  const ask = async (path: string, init?: RequestInit) =>
    (await fetch(server.url + path, init)).status
  const code = jsonInit('POST', { code: 'x' })
  const statuses = [
    await ask('/auth/methods'),
    await ask('/auth/sign-in'),
    await ask('/auth/link', code),
    await ask('/openapi.json'),
    await ask('/auth/methods'),
    await ask('/auth/callback'),
    await ask('/auth/link', code),
    await ask('/auth/sign-out', { method: 'POST' }),
  ]
  expect(statuses).toEqual([200, 404, 404, 200, 429, 429, 429, 429])
  expect([await ask('/healthz'), await ask('/readyz'), await ask('/metrics')]).toEqual([
    200, 200, 401,
  ])
})

test('so many at once and no more; whoever left makes room', async () => {
  const server = await start({
    limitsOf: () => ({ requests_per_minute: null, concurrent_requests: 2 }),
  })
  const gates = Promise.withResolvers<void>()
  const arrived: string[] = []
  server.tenant('alice').before = async (name) => {
    arrived.push(name)
    await gates.promise
  }
  const leaving = new AbortController()
  const first = server.as('alice', '/v1/me', { signal: leaving.signal }).catch(() => undefined)
  const second = server.as('alice', '/v1/me')
  await expect.poll(() => arrived.length).toBe(2)
  const third = await server.as('alice', '/v1/me')
  expect(third.headers.get('retry-after')).toBe('1')
  expect(await problemOf(third)).toMatchObject({ code: 'too_many_requests' })
  leaving.abort()
  await first
  const fourth = server.as('alice', '/v1/me')
  await expect.poll(() => arrived.length).toBe(3)
  gates.resolve()
  expect([(await second).status, (await fourth).status]).toEqual([200, 200])
})

test('failed credentials of an address are held; who has a good one is not locked out by them', async () => {
  const server = await start({}, 5)
  const statuses = []
  for (let i = 0; i < 8; i++)
    statuses.push(
      (await fetch(`${server.url}/v1/me`, { headers: { Authorization: `Bearer guess-${i}` } }))
        .status,
    )
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429])
  expect((await server.as('alice', '/v1/me')).status).toBe(200)
})

function start(given: Partial<AppOptions> = {}, failuresPerMinute = 1_000) {
  const control = memoryControl()
  const isRevoked = (principal: Principal) => control.revocations.isRevoked(principal)
  const proofs = [
    createKeyProof({
      keys: control.keys,
      tierOf: () => 'free',
      generationOf: () => 'g',
      isRevoked,
    }),
    createOperatorProof(adminToken),
    createJwtProof({ secret, isRevoked }),
  ]
  const attempts = createAttempts(failuresPerMinute)
  return startServer({
    ...control,
    authenticate: createAuthenticator(proofs, { attempts }),
    ...given,
  })
}
