/** Every route with every scope and every kind of credential, from the route table: a new route is in it by itself. */
import { expect, test } from 'vitest'
import { createKeyProof } from '../../src/auth/api-key.ts'
import { createAuthenticator } from '../../src/auth/authenticator.ts'
import { createJwtProof } from '../../src/auth/jwt.ts'
import { createOperatorProof } from '../../src/auth/operator.ts'
import { type Scope, scopes } from '../../src/auth/principal.ts'
import { routeTable } from '../../src/http/app.ts'
import type { Route } from '../../src/http/route.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { operations } from '../../src/threads/operations.ts'
import { memoryControl } from './fakes.ts'
import {
  adminToken,
  documentOf,
  form,
  secret,
  startServer,
  type TestServer,
  tokenOf,
} from './harness.ts'

const keyScopes = ['read', 'write', 'chat'] as const

test('each route lets in who has its scope, and nobody else', async () => {
  const { server, keyOf } = await start()
  const seen = { passed: 0, refused: 0 }
  for (const route of protectedRoutes(server))
    for (const scope of scopes) {
      const byToken = await tokenOf({ sub: 'alice', scope })
      const credentials = [byToken]
      if (scope !== 'admin') credentials.push(await keyOf('alice', [scope]))
      for (const credential of credentials) {
        const may = scope === route.scope && !(route.owner && credential !== byToken)
        const status = await statusOf(server, route, credential)
        const place = `${route.method} ${route.path} with ${scope}`
        expect([place, [401, 403].includes(status)]).toEqual([place, !may])
        seen[may ? 'passed' : 'refused']++
      }
    }
  expect(seen.passed).toBeGreaterThan(15)
  expect(seen.refused).toBeGreaterThan(seen.passed)
})

test('an expired token or key, a key taken away and no credential at all open nothing', async () => {
  const { server, keyOf, keys } = await start()
  const gone = await keyOf('alice', [...keyScopes])
  const [key] = keys.of('alice' as TenantId)
  await keys.remove('alice' as TenantId, key?.id ?? '')
  const credentials = [
    await tokenOf({ sub: 'alice', exp: 1, scope: scopes.join(' ') }),
    await keyOf('alice', [...keyScopes], Date.now() - 1),
    gone,
    `crl_aaaaaaaa_${'a'.repeat(52)}`,
    'x',
  ]
  for (const route of protectedRoutes(server))
    for (const credential of credentials)
      expect([route.path, await statusOf(server, route, credential)]).toEqual([route.path, 401])
  expect(server.tenant('alice').calls).toEqual([])
})

test('a read-only key or token writes nothing, whatever it asks for', async () => {
  const { server, keyOf } = await start()
  const upload = { method: 'POST', body: form([['a.txt', 'text']]) }
  const { id } = await documentOf(await server.as('alice', '/v1/documents', upload))
  const tenant = server.tenant('alice')
  const before = structuredClone([...tenant.documents])
  tenant.calls.length = 0
  const touched: string[] = []
  tenant.before = (name) => void touched.push(name)
  for (const credential of [
    await keyOf('alice', ['read']),
    await tokenOf({ sub: 'alice', scope: 'read' }),
  ])
    for (const route of protectedRoutes(server)) {
      const status = await statusOf(server, route, credential, id)
      if (route.method !== 'get' && route.scope !== 'read')
        expect([route.path, status]).toEqual([route.path, 403])
    }
  expect(tenant.calls.length).toBeGreaterThan(5)
  for (const name of touched) expect([name, accessOf(name)]).toEqual([name, 'read'])
  expect([...tenant.documents]).toEqual(before)
  expect(server.options.keys.of('alice' as TenantId).length).toBe(1)
})

test('another tenant’s key gets what an unknown id gets, and touches nobody else’s library', async () => {
  const { server, keyOf } = await start()
  const upload = { method: 'POST', body: form([['a.txt', 'text']]) }
  const { id } = await documentOf(await server.as('alice', '/v1/documents', upload))
  server.tenant('alice').calls.length = 0
  const credentials = [
    await keyOf('bob', [...keyScopes]),
    await tokenOf({ sub: 'bob' }),
    adminToken,
  ]
  for (const credential of credentials)
    for (const route of protectedRoutes(server)) {
      const foreign = await answerOf(server, route, credential, id)
      // The others take no id that could be somebody else's.
      if (!route.path.includes(':') && route.path !== '/mcp') continue
      const unknown = await answerOf(server, route, credential, 'doc_unknown')
      expect([route.path, comparable(foreign)]).toEqual([route.path, comparable(unknown)])
    }
  expect(server.tenant('alice').calls).toEqual([])
  expect(server.tenant('alice').documents.size).toBe(1)
})

test('the operator’s token opens the operator’s routes and no library', async () => {
  const { server } = await start()
  for (const route of protectedRoutes(server)) {
    const status = await statusOf(server, route, adminToken)
    expect([route.path, status === 403]).toEqual([
      route.path,
      !['admin', 'operator'].includes(route.scope),
    ])
  }
})

async function start() {
  const control = memoryControl()
  const { keys } = control
  const proofs = [
    createKeyProof({ keys, tierOf: () => 'free', generationOf: () => 'g' }),
    createOperatorProof(adminToken),
    createJwtProof({ secret, adminFromToken: true }),
  ]
  const server = await startServer({ ...control, authenticate: createAuthenticator(proofs) })
  const keyOf = async (
    user: string,
    given: readonly Scope[],
    expiresAtMs: number | null = null,
  ): Promise<string> => {
    const tenant = user as TenantId
    const key = { tenant, subject: tenant, generation: 'g', userId: user, name: '', expiresAtMs }
    return (await keys.add({ ...key, scopes: given, requestsPerMinute: null }, Date.now())).text
  }
  return { server, keyOf, keys }
}

function protectedRoutes({ options }: TestServer): Route[] {
  return routeTable(options).filter(({ scope }) => scope !== 'public')
}

async function answerOf(server: TestServer, route: Route, token: string, id = 'x') {
  const method = route.method.toUpperCase()
  const path = route.path.replaceAll(/:\w+/g, (name) => (name === ':number' ? '1' : id))
  const response = await fetch(server.url + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(method !== 'GET' && { body: JSON.stringify(bodyOf(route, id)) }),
  })
  const { status, headers } = response
  // A stream of events has no end of its own.
  if (headers.get('content-type')?.startsWith('text/event-stream')) {
    await response.body?.cancel()
    return { status, text: 'a stream' }
  }
  return { status, text: await response.text() }
}

/** What says enough to be answered where an empty body does not: `/mcp` names its document there. */
function bodyOf({ path }: Route, id: string): object {
  if (path !== '/mcp') return {}
  const params = { name: 'get_document', arguments: { document_id: id } }
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
}

async function statusOf(server: TestServer, route: Route, token: string, id?: string) {
  return (await answerOf(server, route, token, id)).status
}

/** Without what differs from one answer to the next. */
function comparable({ status, text }: { status: number; text: string }): unknown {
  return { status, text: text.replaceAll(/"(request_id|took_ms)":("[^"]*"|[\d.]+)/g, '') }
}

function accessOf(name: string): string | undefined {
  return Object.hasOwn(operations, name)
    ? operations[name as keyof typeof operations].access
    : 'not an operation'
}

test('what takes a whole library along, or away, is its owner’s alone', async () => {
  const { server } = await start()
  const owned = protectedRoutes(server).filter(({ owner }) => owner)
  const names = owned.map(({ method, path }) => `${method} ${path}`)
  expect(names).toEqual(expect.arrayContaining(['get /v1/export', 'delete /v1/me']))
})
