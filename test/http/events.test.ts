/** Streams of events: order, resuming, limits, ends; over tenants in memory. */
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { readEvents, type ServerEvent } from '../../bench/lib/event-source.ts'
import { createJwtAuthenticator } from '../../src/auth/jwt.ts'
import type { Authenticate } from '../../src/auth/principal.ts'
import { Problem } from '../../src/base/problem.ts'
import { EventStreams } from '../../src/http/event-streams.ts'
import { problemOf, secret, startServer, type TestServer, tokenOf } from './harness.ts'
import type { MemoryTenant } from './memory-tenant.ts'

const authenticate = createJwtAuthenticator({ secret })

function happen(tenant: MemoryTenant, id: string): void {
  const args = { id }
  tenant.events.observe(tenant.id, { operation: 'documents.delete', args, result: null })
}

async function open(server: TestServer, user: string, lastId?: string) {
  const response = await server.as(user, '/v1/events', {
    headers: lastId === undefined ? {} : { 'Last-Event-ID': lastId },
  })
  if (!response.body) throw new Error('a stream has a body')
  expect(response.status).toBe(200)
  return { response, events: readEvents(response.body) }
}

async function next(events: AsyncGenerator<ServerEvent>): Promise<ServerEvent> {
  const { value, done } = await events.next()
  if (done) throw new Error('the stream ended')
  return value
}

test('what happens is told, to its tenant alone, and the answer is not to be kept back', async () => {
  const server = await startServer()
  const [alice, bob] = [await open(server, 'alice'), await open(server, 'bob')]
  expect(Object.fromEntries(alice.response.headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'private, no-store, no-transform',
    'x-accel-buffering': 'no',
  })
  happen(server.tenant('alice'), 'doc_a')
  happen(server.tenant('bob'), 'doc_b')
  const told = await next(alice.events)
  expect(told.event).toBe('document')
  expect(JSON.parse(told.data)).toEqual({
    id: 'doc_a',
    status: 'deleted',
    progress: null,
    error: null,
  })
  expect(JSON.parse((await next(bob.events)).data)).toMatchObject({ id: 'doc_b' })
})

test('a client that comes back is told what it missed; an id that nobody knows gets `reset`', async () => {
  const server = await startServer()
  const tenant = server.tenant('alice')
  const first = await open(server, 'alice')
  happen(tenant, 'doc_1')
  const { id } = await next(first.events)
  await first.events.return(undefined)
  happen(tenant, 'doc_2')
  happen(tenant, 'doc_3')
  const second = await open(server, 'alice', id)
  expect(JSON.parse((await next(second.events)).data)).toMatchObject({ id: 'doc_2' })
  const third = await next(second.events)
  expect(JSON.parse(third.data)).toMatchObject({ id: 'doc_3' })
  for (let at = 0; at < 300; at++) happen(tenant, `doc_x${at}`)
  for (const unknown of [id, 'nonsense', `${'0'.repeat(12)}-1`, `${third.id}9999`]) {
    const { events } = await open(server, 'alice', unknown)
    const reset = await next(events)
    expect(reset.event).toBe('reset')
    happen(tenant, 'doc_later')
    expect(JSON.parse((await next(events)).data)).toMatchObject({ id: 'doc_later' })
  }
  const bob = await open(server, 'bob', third.id)
  expect((await next(bob.events)).event).toBe('reset')
})

test('a heartbeat comes, and ends the stream once the login no longer holds', async () => {
  let isRevoked = false
  const revocable: Authenticate = async (request) => {
    if (isRevoked) throw new Problem('token_expired', 'expired')
    return authenticate(request)
  }
  const streams = new EventStreams(revocable, { heartbeatMs: 20 })
  const server = await startServer({ authenticate: revocable, streams })
  const response = await server.as('alice', '/v1/events')
  const reader = response.body?.getReader()
  let text = ''
  while (!text.includes(': still here'))
    text += new TextDecoder().decode((await reader?.read())?.value)
  expect(text).toMatch(/^retry: \d+\nid: \S+\n\n/)
  isRevoked = true
  for (let read = await reader?.read(); !read?.done; ) read = await reader?.read()
  expect(streams.open).toBe(0)
})

test('a client that does not read is dropped', async () => {
  const streams = new EventStreams(authenticate, { waitingBytesMax: 10_000 })
  const server = await startServer({ authenticate, streams })
  const socket = connect(server.port, '127.0.0.1')
  socket.pause()
  socket.on('error', () => undefined)
  socket.write(
    `GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await tokenOf({ sub: 'alice' })}\r\n\r\n`,
  )
  await expect.poll(() => streams.open).toBe(1)
  const tenant = server.tenant('alice')
  // The system’s own buffers take some megabytes first.
  await expect
    .poll(
      () => {
        for (let at = 0; at < 2_000; at++) happen(tenant, 'doc_'.padEnd(200, 'x'))
        return streams.open
      },
      { timeout: 20_000 },
    )
    .toBe(0)
  socket.destroy()
})

test('as many streams as allowed, and one more when one has ended', async () => {
  const streams = new EventStreams(authenticate, { perTenantMax: 2, max: 3 })
  const server = await startServer({ authenticate, streams })
  const first = await open(server, 'alice')
  await open(server, 'alice')
  const third = await server.as('alice', '/v1/events')
  expect(third.headers.get('retry-after')).not.toBeNull()
  expect(await problemOf(third)).toMatchObject({ status: 429, code: 'too_many_requests' })
  await open(server, 'bob')
  expect((await problemOf(await server.as('bob', '/v1/events'))).code).toBe('overloaded')
  await first.response.body?.cancel()
  await expect.poll(() => streams.open).toBe(2)
  await open(server, 'alice')
  const head = await server.as('carol', '/v1/events', { method: 'HEAD' })
  expect(head.status).toBe(503)
})

test('a server that stops ends its streams and takes no more', async () => {
  const streams = new EventStreams(authenticate)
  const server = await startServer({ authenticate, streams })
  const { events } = await open(server, 'alice')
  streams.close()
  await server.http.close(10_000)
  expect(await events.next()).toMatchObject({ done: true })
})
