/** Webhooks: signed, again and again for a day, to public addresses only, looked at and replayed. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook as Verifier } from 'standardwebhooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeDirectory } from '../../src/base/fs.ts'
import { Control } from '../../src/control/control.ts'
import { QuotaWatch } from '../../src/control/quota-watch.ts'
import { WebhookSender } from '../../src/http/webhook-sender.ts'
import { controlDbPath, serverDirectory } from '../../src/tenancy/layout.ts'
import { unlimitedQuota } from '../../src/tenancy/quota.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { keptDirectory } from '../helpers.ts'
import { adminToken, jsonInit, startServer } from './harness.ts'

const dataDir = keptDirectory()
const hour = 3_600_000
const clock = { ms: Date.now() }
const received: { request: IncomingMessage; body: string }[] = []
let status = 200
let endpoint: Server
let url: string
let control: Control
let sender: WebhookSender

const senderWith = (given: Partial<ConstructorParameters<typeof WebhookSender>[0]> = {}) =>
  new WebhookSender({
    webhooks: control.webhooks,
    control,
    isAllowed: () => true,
    onFault: (error) => expect(error).toBeUndefined(),
    nowMs: () => clock.ms,
    ...given,
  })
const waiting = async () =>
  (await control.ask('webhooks.due', { nowMs: Number.MAX_SAFE_INTEGER, limit: 1_000 })).due
const dead = () => control.ask('webhooks.dead', { limit: 1_000 })

beforeAll(async () => {
  makeDirectory(serverDirectory(dataDir))
  control = await Control.open(controlDbPath(dataDir))
  sender = senderWith()
  endpoint = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (status === 200) received.push({ request, body: Buffer.concat(chunks).toString() })
    response.writeHead(status, { Location: 'http://127.0.0.1/' }).end()
  })
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/hook`
})
afterAll(async () => {
  await sender.close()
  await control.close()
  endpoint.close()
})

test('an endpoint that is down for a hundred deliveries and then up gets each, signed', async () => {
  const hook = await control.webhooks.add(url, ['document.ready', 'tenant.deleted'], clock.ms)
  status = 503
  for (let n = 0; n < 100; n++)
    await sender.notify('document.ready', 'alice', { document_id: `doc_${n}` })
  await sender.notify('quota.near', 'alice', {})
  for (let tries = 0; tries < 5; tries++) {
    await sender.pump()
    clock.ms += hour
  }
  expect(received).toEqual([])
  expect((await waiting()).map(({ attempts }) => attempts)).toEqual(Array(100).fill(5))
  // What waits outlives the process.
  await sender.close()
  await control.close()
  control = await Control.open(controlDbPath(dataDir))
  sender = senderWith()
  status = 200
  clock.ms += hour
  await sender.pump()
  expect(await waiting()).toEqual([])
  const verifier = new Verifier(hook.secret)
  const ids = received.map(({ request, body }) => {
    const headers = request.headers as Record<string, string>
    // The library has no clock to set: it looks whether the time is within five minutes of now.
    const realNow = Date.now
    Date.now = () => clock.ms
    try {
      const payload = verifier.verify(body, headers) as {
        type: string
        data: { document_id: string }
      }
      expect(payload.type).toBe('document.ready')
      expect(() => verifier.verify(`${body} `, headers)).toThrow()
      return payload.data.document_id
    } finally {
      Date.now = realNow
    }
  })
  expect(ids.toSorted()).toEqual(Array.from({ length: 100 }, (_, n) => `doc_${n}`).toSorted())
  expect(new Set(received.map(({ request }) => request.headers['webhook-id'])).size).toBe(100)
})

test('after a day it is given up, can be looked at, and replayed', async () => {
  received.length = 0
  status = 301
  await sender.notify('document.ready', 'alice', { document_id: 'doc_late' })
  await sender.notify('document.ready', 'bob', { document_id: 'doc_bob' })
  const beganAtMs = clock.ms
  let tries = 0
  for (; (await waiting()).length > 0; tries++) {
    await sender.pump()
    clock.ms += 8 * hour
  }
  expect(tries).toBe(11)
  expect(clock.ms - beganAtMs).toBeGreaterThan(24 * hour)
  expect(await dead()).toMatchObject([
    { attempts: 11, fault: 'answered with status 301' },
    { attempts: 11 },
  ])
  // Who is deleted takes along what waits and what was given up.
  await control.endDeletion('bob' as TenantId, 'g', 'x')
  expect((await dead()).length).toBe(1)
  status = 200
  await sender.replay(null, null)
  await sender.pump()
  expect(received.map(({ body }) => JSON.parse(body).data)).toEqual([{ document_id: 'doc_late' }])
  expect(await dead()).toEqual([])
})

test('nothing is sent to a private address, whatever its name says today', async () => {
  received.length = 0
  const names: Record<string, string[]> = { 'hooks.example': ['127.0.0.1'] }
  const guarded = senderWith({ isAllowed: undefined, resolve: async (name) => names[name] ?? [] })
  const { id } = await control.webhooks.add('https://hooks.example/x', ['tenant.created'], 1)
  const { id: literal } = await control.webhooks.add(
    'https://169.254.169.254/x',
    ['tenant.created'],
    1,
  )
  await guarded.notify('tenant.created', 'carol', {})
  await guarded.pump()
  const left = await waiting()
  expect(left.map(({ attempts }) => attempts)).toEqual([1, 1])
  expect(received).toEqual([])
  await control.webhooks.remove(id)
  await control.webhooks.remove(literal)
  expect(await waiting()).toEqual([])
  await guarded.close()
})

test('the operator makes, lists and removes them; the secret is shown once', async () => {
  const server = await startServer({
    ask: (name, args) => control.ask(name, args),
    webhooks: { all: control.webhooks, sender, isPrivate: false },
  })
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${server.url}/admin/v1/${path}`, {
      ...init,
      headers: { ...init.headers, Authorization: `Bearer ${adminToken}` },
    })
  for (const wrong of [
    { url: 'http://example.org/' },
    { url: 'ftp://example.org/' },
    { url: 'https://a:b@example.org/' },
    { url: 'https://example.org/', events: ['nothing'] },
    { url: 'https://example.org/', events: [] },
  ])
    expect((await ask('webhooks', jsonInit('POST', wrong))).status).toBe(400)
  const init = jsonInit('POST', { url: 'https://example.org/hook', events: ['tenant.deleted'] })
  const made = await (await ask('webhooks', init)).json()
  expect(made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  const list = await (await ask('webhooks')).text()
  expect(JSON.parse(list).items).toContainEqual(expect.objectContaining({ id: made.id }))
  expect(list).not.toContain('whsec_')
  expect((await ask('webhook-deliveries')).status).toBe(200)
  expect((await ask('webhook-deliveries/replay', jsonInit('POST', {}))).status).toBe(204)
  expect((await ask(`webhooks/${made.id}`, { method: 'DELETE' })).status).toBe(204)
  expect((await ask(`webhooks/${made.id}`, { method: 'DELETE' })).status).toBe(404)
  expect((await server.as('alice', '/admin/v1/webhooks')).status).toBe(403)
})

test('a share is said to be near and over once, and again after it was less', () => {
  const said: string[] = []
  const watch = new QuotaWatch((event, tenant, { which, used }) =>
    said.push(`${event} ${tenant} ${which} ${used}`),
  )
  const alice = 'alice' as TenantId
  const look = (documents: number) =>
    watch.look(
      alice,
      { documents, bytes: 1, passages: 1, database_bytes: 1, pages_per_day: 0 },
      { ...unlimitedQuota, documents: 100 },
    )
  for (const documents of [10, 80, 85, 79, 81, 100, 100, 90, 70, 95]) look(documents)
  watch.refused(alice, { which: 'api_keys', used: 20, limit: 20 })
  watch.refused(alice, { which: 'api_keys', used: 20, limit: 20 })
  expect(said).toEqual([
    'quota.near alice documents 80',
    'quota.over alice documents 100',
    'quota.near alice documents 95',
    'quota.over alice api_keys 20',
  ])
})
