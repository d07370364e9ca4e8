import { expect, test } from 'vitest'
import { createLocalAuthenticator } from '../../src/auth/local.ts'
import { scopes } from '../../src/auth/principal.ts'
import { Problem } from '../../src/base/problem.ts'
import { tiersDefault } from '../../src/control/tiers.ts'
import { routeTable } from '../../src/http/app.ts'
import { adminToken, documentOf, form, problemOf, startServer, tokenOf } from './harness.ts'

test('no address but the public ones answers without a token, nor with a wrong one', async () => {
  const server = await startServer()
  const table = routeTable(server.options)
  expect(table.length).toBeGreaterThan(12)
  const isPublic = table.filter(({ scope }) => scope === 'public').map(({ path }) => path)
  expect(isPublic.toSorted()).toEqual([
    '/auth/callback',
    '/auth/link',
    '/auth/methods',
    '/auth/sign-in',
    '/auth/sign-out',
    '/healthz',
    '/metrics',
    '/openapi.json',
    '/readyz',
    '/v1/uploads',
  ])
  for (const { method, path, scope } of table) {
    if (scope === 'public') continue
    const url = server.url + path.replaceAll(/:\w+/g, 'x')
    for (const headers of [{}, { Authorization: 'Bearer wrong' }, { Cookie: 'cf_session=wrong' }]) {
      const response = await fetch(url, { method: method.toUpperCase(), headers })
      expect([path, response.status]).toEqual([path, 401])
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
      expect(await problemOf(response)).toMatchObject({ code: 'unauthorized' })
    }
  }
})

test('no address does what the token’s scopes do not allow', async () => {
  const server = await startServer()
  for (const { method, path, scope } of routeTable(server.options)) {
    if (scope === 'public') continue
    const others = scopes.filter((other) => other !== scope).join(' ')
    const headers = { Authorization: `Bearer ${await tokenOf({ sub: 'alice', scope: others })}` }
    const url = server.url + path.replaceAll(/:\w+/g, 'x')
    const response = await fetch(url, { method: method.toUpperCase(), headers })
    const problem = await problemOf(response)
    expect([path, problem.status, problem.detail]).toEqual([
      path,
      403,
      scope === 'operator'
        ? 'This is for the operator: send ADMIN_TOKEN.'
        : `This needs the scope \`${scope}\`, which the credential lacks.`,
    ])
  }
  expect(server.tenant('alice').calls).toEqual([])
})

test('an expired token is told apart, so that a client gets a new one', async () => {
  const server = await startServer()
  const headers = { Authorization: `Bearer ${await tokenOf({ sub: 'a', exp: 1 })}` }
  const response = await fetch(`${server.url}/v1/me`, { headers })
  expect(response.headers.get('www-authenticate')).toMatch(/error="invalid_token"/)
  expect(await problemOf(response)).toMatchObject({ code: 'token_expired', status: 401 })
})

test('every answer carries the standing headers and names no software', async () => {
  const server = await startServer()
  const upload = { method: 'POST', body: form([['a.txt', 'text']]) }
  const { id } = await documentOf(await server.as('alice', '/v1/documents', upload))
  const answers = [
    await fetch(`${server.url}/healthz`),
    await fetch(`${server.url}/nothing`),
    await fetch(`${server.url}/v1/me`),
    await fetch(`${server.url}/metrics`, { headers: { Authorization: `Bearer ${adminToken}` } }),
    await server.as('alice', '/v1/me'),
    await server.as('alice', `/v1/documents/${id}/original`, { headers: { Range: 'bytes=9-' } }),
    await server.as('alice', `/v1/documents/${id}`, { method: 'DELETE' }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 404, 401, 200, 200, 416, 204])
  for (const { headers } of answers) {
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'private, no-store',
      vary: 'Authorization',
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000',
    })
    expect(headers.get('x-powered-by')).toBeNull()
  }
  expect(answers[0]?.headers.get('etag')).toBeNull()
})

test('a sane request id is kept, any other replaced', async () => {
  const server = await startServer()
  const idFor = async (given: string) => {
    const headers = { 'X-Request-Id': given }
    return (await fetch(`${server.url}/healthz`, { headers })).headers.get('x-request-id')
  }
  expect(await idFor('4bf92f35-77b3.A_')).toBe('4bf92f35-77b3.A_')
  for (const bad of ['a b', 'x'.repeat(129), '{"a":1}', ''])
    expect(await idFor(bad)).toMatch(/^[0-9a-f-]{36}$/)
})

test('one line a request: the pattern and not the address, and no token', async () => {
  const server = await startServer()
  await server.as('alice', '/v1/documents/doc_secret?private=1')
  expect(server.logged).toHaveLength(1)
  expect(server.logged[0]).toMatchObject({
    method: 'GET',
    route: '/v1/documents/:id',
    status: 404,
    tenant: 'alice',
    request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    ms: expect.any(Number),
    bytes: expect.any(Number),
  })
  expect(JSON.stringify(server.logged)).not.toMatch(/secret|private|Bearer|eyJ/)
})

test('an unforeseen fault is 500 without a word, and one log line with the stack', async () => {
  const server = await startServer()
  server.tenant('alice').before = () => {
    throw new Error('the password is swordfish')
  }
  const problem = await problemOf(await server.as('alice', '/v1/me'))
  expect(problem).toMatchObject({ status: 500, code: 'internal' })
  expect(JSON.stringify(problem)).not.toContain('swordfish')
  const faults = server.logged.filter((line) => line.level === 50)
  expect(faults).toHaveLength(1)
  expect(faults[0]).toMatchObject({
    request_id: problem.request_id,
    route: '/v1/me',
    err: { message: 'the password is swordfish', stack: expect.stringContaining('app.test.ts') },
  })
})

test('a problem from below keeps its code, its sentence and its Retry-After', async () => {
  const server = await startServer()
  server.tenant('alice').before = () => {
    throw new Problem('too_many_requests', 'One at a time.', { retryAfterS: 0.2 })
  }
  const response = await server.as('alice', '/v1/me')
  expect(response.headers.get('retry-after')).toBe('1')
  expect(await problemOf(response)).toMatchObject({
    type: 'urn:carrel:problem:too_many_requests',
    title: 'Too many requests',
    status: 429,
    detail: 'One at a time.',
    code: 'too_many_requests',
  })
})

test('an address there is not is 404, a method there is not 405 with those there are', async () => {
  const server = await startServer()
  for (const path of ['/', '/v1', '/v1/nothing', '/v1/documents/x/y', '/v2/me'])
    expect(await problemOf(await fetch(server.url + path))).toMatchObject({ code: 'not_found' })
  const put = await fetch(`${server.url}/v1/documents/x`, { method: 'PUT' })
  expect(put.headers.get('allow')).toBe('DELETE, GET, HEAD, PATCH')
  expect(await problemOf(put)).toMatchObject({ status: 405, title: 'Method not allowed' })
  expect((await fetch(`${server.url}/v1/search`, { method: 'OPTIONS' })).status).toBe(405)
  const encoded = await server.as('alice', '/v1/documents/%ff')
  expect(await problemOf(encoded)).toMatchObject({ code: 'invalid_request' })
})

test('me: who, what tier, what is used', async () => {
  const server = await startServer()
  server.tenant('alice').limits = { ...tiersDefault.local, documents: 10, passages: 5 }
  const token = await tokenOf({ sub: 'alice', scope: 'read' })
  const headers = { Authorization: `Bearer ${token}` }
  expect(await (await fetch(`${server.url}/v1/me`, { headers })).json()).toMatchObject({
    user_id: 'alice',
    tier: 'free',
    scopes: ['read'],
    quota: {
      documents: { used: 0, limit: 10 },
      bytes: { used: 0, limit: null },
      passages: { used: 0, limit: 5 },
    },
    limits: { upload_bytes: null, requests_per_minute: null },
    vectors: { embedder: 'builtin', searched: null, pending: 0, fault: null },
  })
})

test('a token in the address is refused before it could work', async () => {
  const server = await startServer()
  const response = await fetch(`${server.url}/v1/me?access_token=${await tokenOf({ sub: 'a' })}`)
  expect(await problemOf(response)).toMatchObject({ code: 'invalid_request' })
  expect(JSON.stringify(server.logged)).not.toContain('access_token')
})

test('ready or not', async () => {
  let ready = true
  const server = await startServer({ readiness: () => ({ ready, checks: { shards: 'ok' } }) })
  expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok' })
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  ready = false
  const response = await fetch(`${server.url}/readyz`)
  expect([response.status, await response.json()]).toEqual([
    503,
    { ready: false, checks: { shards: 'ok' } },
  ])
})

test('with a login only the operator’s token opens the metrics', async () => {
  const server = await startServer()
  await server.as('alice', '/v1/me')
  await fetch(`${server.url}/anything/at/all`)
  const metrics = (token?: string) =>
    fetch(`${server.url}/metrics`, { headers: token ? { Authorization: `Bearer ${token}` } : {} })
  expect((await metrics()).status).toBe(401)
  expect((await metrics('guess')).status).toBe(401)
  expect((await metrics(await tokenOf({ sub: 'alice', scope: 'admin' }))).status).toBe(403)
  const response = await metrics(adminToken)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
  const text = await response.text()
  expect(text).toContain('http_requests_total{route="/v1/me",method="GET",status="200"} 1')
  expect(text).toContain('http_requests_total{route="unmatched",method="GET",status="404"} 1')
  expect(text).toContain('http_request_duration_seconds_count{route="/v1/me"} 1')
  expect(text).not.toContain('anything')
})

test('without an operator’s token nobody reads the metrics of a server with a login', async () => {
  const server = await startServer({ adminToken: undefined })
  const headers = { Authorization: 'Bearer undefined' }
  expect((await fetch(`${server.url}/metrics`, { headers })).status).toBe(401)
})

test('local mode: no login from this machine, nothing for other sites', async () => {
  const server = await startServer({
    authenticate: createLocalAuthenticator(),
    adminToken: undefined,
  })
  const me = await fetch(`${server.url}/v1/me`)
  expect(await me.json()).toMatchObject({ user_id: 'local', tier: 'local' })
  expect((await fetch(`${server.url}/metrics`)).status).toBe(200)
  const origin = { Origin: 'https://evil.example' }
  expect((await fetch(`${server.url}/v1/me`, { headers: origin })).status).toBe(403)
  expect((await fetch(`${server.url}/metrics`, { headers: origin })).status).toBe(403)
})
