/** Usage and audit over HTTP. Usage: counted in memory, written every few seconds, read by its user, its group's owner and the operator. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAuthenticator } from '../../src/auth/authenticator.ts'
import { createJwtAuthenticator, createJwtProof } from '../../src/auth/jwt.ts'
import { createOperatorProof } from '../../src/auth/operator.ts'
import { makeDirectory } from '../../src/base/fs.ts'
import { AuditTrail } from '../../src/control/audit-trail.ts'
import { Control } from '../../src/control/control.ts'
import type { UsageAdded } from '../../src/control/usage.ts'
import { UsageMeter } from '../../src/control/usage-meter.ts'
import { controlDbPath, serverDirectory } from '../../src/tenancy/layout.ts'
import { groupTenantOf, type TenantId } from '../../src/tenancy/tenant-id.ts'
import { keptDirectory } from '../helpers.ts'
import {
  adminToken,
  documentsOf,
  form,
  jsonInit,
  problemOf,
  secret,
  startServer,
  tokenOf,
} from './harness.ts'

const dataDir = keptDirectory()
const clock = { ms: Date.parse('2026-11-21T10:00:00Z') }
const alice = 'alice' as TenantId
const group = groupTenantOf('house') as TenantId
const stored = { bytes: 1_000 }
let control: Control
let usage: UsageMeter
let audit: AuditTrail
let isDiskFull = false

const open = async (): Promise<void> => {
  control = await Control.open(controlDbPath(dataDir))
  audit = new AuditTrail({ control, onFault: (error) => expect(error).toBeUndefined() })
  usage = new UsageMeter({
    write: async (added) => {
      if (isDiskFull) throw new Error('no space')
      await control.record({ kind: 'usage', added })
    },
    isThere: (tenant) => control.tenant(tenant) !== undefined,
    storedOf: async () => stored.bytes,
    onFault: () => undefined,
    nowMs: () => clock.ms,
  })
}
const days = (tenant: TenantId, user: string | null = null) =>
  control.ask('usage.days', { tenant, user, from: '2026-11-01', to: '2026-12-31' })
const read = (pages: number) =>
  ({
    operation: 'ingest.append',
    args: { batch: { pages: Array(pages).fill({}) } },
    result: true,
  }) as unknown as Parameters<UsageMeter['observe']>[1]
const made = { operation: 'documents.create' } as Parameters<UsageMeter['observe']>[1]

beforeAll(async () => {
  makeDirectory(serverDirectory(dataDir))
  await open()
  for (const [id, userId] of [
    [alice, 'alice'],
    [group, 'house'],
  ] as const)
    await control.addTenant({ id, userId, generation: 'g', atMs: 1 })
})
afterAll(() => control.close())

test('what was counted is exact after a restart, day by day, and the bytes are those seen last', async () => {
  for (let i = 0; i < 1_000; i++) {
    usage.request({ tenant: alice, userId: 'alice' }, i % 4 === 0)
    if (i % 100 === 0) await usage.flush()
  }
  usage.chatTokens({ tenant: alice, userId: 'alice' }, { prompt_tokens: 70, completion_tokens: 9 })
  usage.chatTokens({ tenant: alice, userId: 'alice' }, null)
  usage.worked(alice, 0.25)
  usage.observe(alice, read(12))
  usage.observe(alice, made)
  clock.ms += 86_400_000
  usage.request({ tenant: alice, userId: 'alice' }, false)
  await usage.close()
  await control.close()
  await open()
  expect(await days(alice)).toEqual([
    {
      day: '2026-11-22',
      requests: 1,
      searches: 0,
      pages_read: 0,
      chat_tokens_in: 0,
      chat_tokens_out: 0,
      seconds: 0,
      bytes_stored: 1_000,
    },
    {
      day: '2026-11-21',
      requests: 1_000,
      searches: 250,
      pages_read: 12,
      chat_tokens_in: 70,
      chat_tokens_out: 9,
      seconds: 0.25,
      bytes_stored: null,
    },
  ])
})

test('what could not be written is written later, once; a tenant that is not there leaves nothing', async () => {
  const before = (await days(alice))[0]?.requests ?? 0
  isDiskFull = true
  for (let i = 0; i < 5; i++) {
    usage.request({ tenant: alice, userId: 'alice' }, false)
    usage.request({ tenant: '.operator' as TenantId, userId: 'operator' }, false)
    await usage.flush()
  }
  isDiskFull = false
  await usage.flush()
  await usage.flush()
  expect((await days(alice))[0]?.requests).toBe(before + 5)
  const all = await control.ask('usage.all', {
    tenant: null,
    from: '2026-01-01',
    to: '2026-12-31',
    limit: 100,
  })
  expect(new Set(all.map(({ tenant }) => tenant))).toEqual(new Set([alice]))
})

test('everybody sees their own; the owner of a group who used how much; the operator all, also as CSV', async () => {
  const server = await startServer({
    usage,
    ask: (name, args) => control.ask(name, args),
    authenticate: createJwtAuthenticator({ secret, tenantClaim: 'tenant_id' }),
  })
  const get = async (path: string, claims: Record<string, unknown>) => {
    const token = await tokenOf(claims)
    return fetch(server.url + path, { headers: { Authorization: `Bearer ${token}` } })
  }
  const range = 'from=2026-11-01&to=2026-11-30'
  const ann = { sub: 'ann', tenant_id: 'house', role: 'owner' }
  const ben = { sub: '=ben', tenant_id: 'house', role: 'viewer' }
  for (let i = 0; i < 3; i++) await get('/v1/me', ben)
  await get('/v1/me', ann)
  usage.observe(group, read(5))
  const owner = await (await get(`/v1/usage?${range}`, ann)).json()
  expect(owner).toMatchObject({ items: [{ requests: 4, pages_read: 5 }] })
  expect(
    owner.users.map((one: { user_id: string; requests: number }) => [one.user_id, one.requests]),
  ).toEqual([
    ['=ben', 3],
    ['ann', 1],
    [null, 0],
  ])
  const own = await (await get(`/v1/usage?${range}`, ben)).json()
  expect(own).toMatchObject({ items: [{ requests: 3, pages_read: 0 }] })
  expect(own.users).toBeUndefined()
  expect((await get(`/v1/usage?from=2020-01-01`, ann)).status).toBe(400)
  expect((await get(`/v1/usage?from=yesterday`, ann)).status).toBe(400)

  const admin = (path: string) =>
    fetch(server.url + path, { headers: { Authorization: `Bearer ${adminToken}` } })
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: { items: { day: string; user_id: string }[]; next_cursor: string | null } = await (
      await admin(
        `/admin/v1/usage?${range}&limit=1${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      )
    ).json()
    seen.push(...page.items.map(({ day, user_id }) => `${day} ${user_id}`))
    cursor = page.next_cursor
  }
  expect(seen.toSorted()).toEqual(['2026-11-21 alice', '2026-11-22 alice', '2026-11-22 house'])
  const csv = await admin(`/admin/v1/usage?${range}&format=csv`)
  expect(csv.headers.get('content-type')).toMatch(/^text\/csv/)
  expect((await csv.text()).split('\r\n')).toEqual([
    'day,tenant,user_id,requests,searches,pages_read,bytes_stored,chat_tokens_in,chat_tokens_out,seconds',
    '2026-11-21,alice,alice,1000,250,12,,70,9,0.25',
    expect.stringMatching(new RegExp(`^2026-11-22,${group},house,\\d+,0,5,,0,0,0$`)),
    expect.stringMatching(/^2026-11-22,alice,alice,\d+,0,0,1000,0,0,0$/),
    '',
  ])
  expect((await admin(`/admin/v1/usage?cursor=x`)).status).toBe(400)
  expect(await problemOf(await get('/admin/v1/usage', ann))).toMatchObject({ code: 'forbidden' })
  const refused = await server.as('alice', '/v1/usage', jsonInit('POST', {}))
  expect(refused.status).toBe(405)
})

test('what is done is in the audit before it is answered, what is only read is not', async () => {
  const before = (await audit.check()).rows
  const server = await startServer({
    usage,
    audit,
    ask: (name, args) => control.ask(name, args),
    authenticate: createAuthenticator(
      [createOperatorProof(adminToken), createJwtProof({ secret, tenantClaim: 'tenant_id' })],
      { attempts: { failed: (address) => audit.signInFailed(address) } },
    ),
  })
  const rows = async () => {
    const page = { before: Number.MAX_SAFE_INTEGER, limit: 100, action: null }
    return (await control.ask('audit.all', page)).filter(({ seq }) => seq > before)
  }
  const upload = {
    method: 'POST',
    body: form([
      ['a.txt', 'a'],
      ['b.txt', 'b'],
    ]),
  }
  const [one] = await documentsOf(await server.as('alice', '/v1/documents', upload))
  expect((await rows()).length).toBe(2)
  await server.as('alice', '/v1/me')
  await server.as('alice', '/v1/documents')
  await server.as('alice', `/v1/documents/${one?.id}`, { method: 'DELETE' })
  await server.as('alice', `/v1/documents/${one?.id}`, { method: 'DELETE' })
  await server.as('alice', '/v1/documents/alice%40example.org', { method: 'DELETE' })
  const made = await (await server.as('alice', '/v1/keys', jsonInit('POST', {}))).json()
  const operator = { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' }
  const path = '/admin/v1/tenants/alice/allowance'
  await fetch(server.url + path, { method: 'PUT', headers: operator, body: '{"tier":"paid"}' })
  await fetch(`${server.url}/v1/me`, { headers: { Authorization: 'Bearer guess' } })
  await expect.poll(async () => (await rows()).length).toBe(8)
  const seen = (await rows()).map(({ action, outcome, via, user, target }) =>
    [action, outcome, via, user, target].join(' '),
  )
  expect(seen.toReversed()).toEqual([
    expect.stringMatching(/^document.upload ok jwt alice doc_/),
    expect.stringMatching(/^document.upload ok jwt alice doc_/),
    `document.delete ok jwt alice ${one?.id}`,
    `document.delete not_found jwt alice ${one?.id}`,
    // What a caller wrote is not kept: no e-mail address gets in here.
    'document.delete not_found jwt alice ',
    `key.create ok jwt alice ${made.id}`,
    'allowance.change ok operator  ',
    'sign_in unauthorized credential  ',
  ])
  const own = await (await server.as('alice', '/v1/audit?limit=3')).json()
  expect(own.items.map((row: { action: string }) => row.action)).toEqual([
    'allowance.change',
    'key.create',
    'document.delete',
  ])
  expect(own.items[0]).toMatchObject({ actor: 'operator', address: null, user: null })
  expect(own.items[1]).toMatchObject({ user: 'alice', address: expect.stringMatching(/127.0.0.1/) })
  const next = await (await server.as('alice', `/v1/audit?cursor=${own.next_cursor}`)).json()
  expect(next).toMatchObject({ items: { length: 4 }, next_cursor: null })
  expect(await (await server.as('bob', '/v1/audit')).json()).toMatchObject({ items: [] })
  const admin = (query: string) =>
    fetch(`${server.url}/admin/v1/audit${query}`, { headers: operator })
  expect((await (await admin('?user_id=alice')).json()).items.length).toBe(7)
  expect((await (await admin('?action=sign_in')).json()).items.length).toBe(1)
  expect((await admin('?action=nonsense')).status).toBe(400)
  expect(await (await admin('/check')).json()).toMatchObject({
    rows: before + 8,
    faults: [],
    names: [],
  })
  expect((await server.as('alice', '/admin/v1/audit/check')).status).toBe(403)
})

test('a deletion takes the counts along, also those not yet written', async () => {
  usage.request({ tenant: alice, userId: 'alice' }, false)
  await control.endDeletion(alice, 'g', 'x')
  usage.forget(alice)
  usage.request({ tenant: alice, userId: 'alice' }, false)
  await usage.flush()
  expect(await days(alice)).toEqual([])
})

test('what waits for the disk does not grow with time', async () => {
  const written: UsageAdded[][] = []
  let isOut = true
  const meter = new UsageMeter({
    write: async (added) => {
      if (isOut) throw new Error('no space')
      written.push([...added])
    },
    isThere: () => true,
    storedOf: async () => 0,
    onFault: () => undefined,
    nowMs: () => clock.ms,
  })
  for (let i = 0; i < 50; i++) {
    meter.request({ tenant: alice, userId: 'a' }, true)
    await meter.flush()
  }
  isOut = false
  await meter.close()
  expect(written).toEqual([[expect.objectContaining({ requests: 50, searches: 50 })]])
})
