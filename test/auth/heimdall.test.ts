/** Heimdall's tiers, against a server that answers, hangs, fails and lies. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { Heimdall, type HeimdallOptions } from '../../src/auth/heimdall.ts'
import type { Principal } from '../../src/auth/principal.ts'
import type { Tier } from '../../src/control/limits.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'

interface Asked {
  readonly path: string | undefined
  readonly authorization: string | undefined
  readonly body: unknown
}

type Answer = (response: ServerResponse, path: string | undefined) => void

const tierAnswer =
  (tier: unknown): Answer =>
  (response) =>
    void response.end(JSON.stringify({ tier }))

test('a new user is told to Heimdall, then asked about; five minutes long the answer is remembered', async () => {
  const { heimdall, asked, clock } = await start(tierAnswer('paid'))
  expect(await heimdall.tierOf(user('u1'))).toBe('paid')
  expect(asked).toEqual([
    {
      path: '/admin/provision',
      authorization: 'Bearer admin-token',
      body: { directus_user_id: 'u1', product: 'carrel', tier: 'free' },
    },
    {
      path: '/admin/cloud/resolve',
      authorization: 'Bearer admin-token',
      body: { directus_user_id: 'u1', product: 'carrel' },
    },
  ])
  clock.ms += 299_000
  expect(heimdall.tierOf(user('u1'))).toBe('paid')
  expect(asked.length).toBe(2)
})

test('after five minutes the tier is asked for beside the requests, not on their way', async () => {
  const world = await start(tierAnswer('paid'))
  await world.heimdall.tierOf(user('u1'))
  world.answer = tierAnswer('ultra')
  world.clock.ms += 300_000
  expect(world.heimdall.tierOf(user('u1'))).toBe('paid')
  await expect.poll(() => world.heimdall.tierOf(user('u1'))).toBe('ultra')
  expect(world.asked.map(({ path }) => path)).toEqual([
    '/admin/provision',
    '/admin/cloud/resolve',
    '/admin/cloud/resolve',
  ])
})

test.each<[string, Answer]>([
  ['fails', (response) => void response.writeHead(500).end()],
  ['sends nonsense', (response) => void response.end('<html>')],
  ['names a tier there is not', tierAnswer('gold')],
  ['names the tier of local mode', tierAnswer('local')],
  ['names no tier', tierAnswer(undefined)],
  ['cuts the line', (response) => void response.destroy()],
  [
    'sends its caller elsewhere',
    (response) => void response.writeHead(307, { location: '/' }).end(),
  ],
  ['sends too much', (response) => void response.end('x'.repeat(100_000))],
])(
  'an outage in which it %s: users keep their tier, whoever was never known is free',
  async (_, fault) => {
    const world = await start(tierAnswer('premium'))
    await world.heimdall.tierOf(user('known'))
    world.answer = fault
    world.clock.ms += 300_000
    expect(world.heimdall.tierOf(user('known'))).toBe('premium')
    await expect.poll(() => world.heimdall.status()).toMatch(/last known tier/)
    expect(world.heimdall.tierOf(user('known'))).toBe('premium')
    expect(await world.heimdall.tierOf(user('new'))).toBe('free')
    world.answer = tierAnswer('paid')
    world.clock.ms += 60_000
    await expect.poll(() => world.heimdall.tierOf(user('known'))).toBe('paid')
    await expect.poll(() => world.heimdall.tierOf(user('new'))).toBe('paid')
    expect(world.heimdall.status()).toBe('ok')
  },
)

test('one that hangs holds a new user for a bounded time, once, and known users not at all', async () => {
  const world = await start(() => undefined, { waitMs: 20 })
  expect(await world.heimdall.tierOf(user('new'))).toBe('free')
  await expect.poll(() => world.asked.length).toBe(1)
  expect(world.heimdall.tierOf(user('kept'))).toBe('ultra')
  await expect.poll(() => world.asked.length).toBe(2)
  for (let i = 0; i < 100; i++) expect(world.heimdall.tierOf(user('kept'))).toBe('ultra')
  expect(world.asked.length).toBe(2)
})

test('many users in an outage ask a few at a time', async () => {
  const world = await start(() => undefined, { waitMs: 1 })
  const tiers = await Promise.all(
    Array.from({ length: 500 }, (_, i) => world.heimdall.tierOf(user(`u${i}`))),
  )
  expect(new Set(tiers)).toEqual(new Set(['free']))
  await expect.poll(() => world.asked.length).toBe(8)
})

function user(id: string): Principal {
  return {
    tenant: id as TenantId,
    subject: id as TenantId,
    userId: id,
    tier: 'free',
    scopes: new Set(['read']),
    isOwner: true,
    proof: 'session',
  }
}

async function start(answer: Answer, options: Partial<HeimdallOptions> = {}) {
  const asked: Asked[] = []
  const clock = { ms: 1_000_000 }
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const body: unknown = JSON.parse(await text(request))
    asked.push({ path: request.url, authorization: request.headers.authorization, body })
    world.answer(response, request.url)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const world = {
    answer,
    asked,
    clock,
    heimdall: new Heimdall({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      adminToken: 'admin-token',
      product: 'carrel',
      lastTierOf: (tenant): Tier | undefined => (tenant === 'kept' ? 'ultra' : undefined),
      isKnown: (tenant) => tenant === 'kept',
      nowMs: () => clock.ms,
      ...options,
    }),
  }
  return world
}
