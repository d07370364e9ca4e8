import { connect, type Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import { startServer, tokenOf } from './harness.ts'

test('closing answers what is under way, takes nothing new, and ends idle connections', async () => {
  const server = await startServer()
  const tenant = server.tenant('alice')
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  tenant.before = () => released
  const idle = await open(server.port)
  idle.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  await vi.waitFor(() => expect(idle.received()).toContain('{"status":"ok"}'))
  const underWay = server.as('alice', '/v1/me')
  await vi.waitFor(() => expect(tenant.calls).toHaveLength(1))
  const closing = server.http.close(10_000)
  await idle.closed
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
  release()
  expect((await underWay).status).toBe(200)
  await closing
})

test('closing does not wait longer than it was told to', async () => {
  const server = await startServer()
  const tenant = server.tenant('alice')
  tenant.before = () => new Promise(() => undefined)
  const underWay = server.as('alice', '/v1/me')
  await vi.waitFor(() => expect(tenant.calls).toHaveLength(1))
  const outcome = expect(underWay).rejects.toThrow()
  await server.http.close(50)
  await outcome
})

test('a client that leaves aborts its operation’s signal', async () => {
  const server = await startServer()
  const tenant = server.tenant('alice')
  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>()
  const handle = tenant.handle.bind(tenant)
  tenant.handle = () => ({
    ...handle(),
    call: (_name, _args, options) => {
      tenant.calls.push({ name: _name, args: _args })
      const { signal } = options as { signal: AbortSignal }
      signal.addEventListener('abort', () => abort())
      return new Promise(() => undefined)
    },
  })
  const client = await open(server.port)
  const token = await tokenOf({ sub: 'alice' })
  client.socket.write(`GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`)
  await vi.waitFor(() => expect(tenant.calls).toHaveLength(1))
  client.socket.destroy()
  await aborted
})

test('a client that leaves is seen to be gone by a read that only looks now and then', async () => {
  const server = await startServer()
  const tenant = server.tenant('alice')
  const handle = tenant.handle.bind(tenant)
  let signal: { aborted: boolean } | undefined
  tenant.handle = () => ({
    ...handle(),
    callText: (_name, _args, options) => {
      signal = options?.signal
      return new Promise(() => undefined)
    },
  })
  const client = await open(server.port)
  const token = await tokenOf({ sub: 'alice' })
  client.socket.write(
    `GET /v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  )
  await vi.waitFor(() => expect(signal?.aborted).toBe(false))
  client.socket.destroy()
  await vi.waitFor(() => expect(signal?.aborted).toBe(true))
})

test.each<[string, string, RegExp]>([
  [
    'headers of 17 KB',
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`,
    /^HTTP\/1.1 431/,
  ],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', /^HTTP\/1.1 400/],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    /^HTTP\/1.1 400/,
  ],
  [
    'a length and chunks',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    /^HTTP\/1.1 400/,
  ],
  ['something else', 'hello\r\n\r\n', /^HTTP\/1.1 400/],
])('a request with %s is refused and its connection closed', async (_, request, status) => {
  const server = await startServer()
  const client = await open(server.port)
  client.socket.write(request)
  await client.closed
  expect(client.received()).toMatch(status)
})

test('headers that do not come to an end are cut', async () => {
  const server = await startServer({}, { headersMs: 100 })
  const client = await open(server.port)
  client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n')
  await client.closed
  expect(client.received()).toMatch(/^HTTP\/1.1 408/)
})

test('a JSON body that does not come to an end is cut', async () => {
  const server = await startServer({ limits: { jsonReadMs: 100 } })
  const client = await open(server.port)
  const token = await tokenOf({ sub: 'alice' })
  client.socket.write(
    `POST /v1/search HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"query": ',
  )
  await client.closed
  await vi.waitFor(() => expect(server.logged.at(-1)).toMatchObject({ status: 499 }))
})

test('who is refused before sending the body reads the answer; who goes on sending is cut', async () => {
  const server = await startServer({ limits: { lingerMs: 200 } })
  const client = await open(server.port)
  client.socket.write(
    'POST /v1/documents HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n' +
      'Content-Length: 1000000000\r\n\r\n',
  )
  const sending = setInterval(() => client.socket.write('x'.repeat(10_000)), 10)
  await client.closed
  clearInterval(sending)
  expect(client.received()).toMatch(/^HTTP\/1.1 401/)
})

test('a body that nobody asked for does not hold a connection open', async () => {
  const server = await startServer({ limits: { lingerMs: 100 } })
  const client = await open(server.port)
  client.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf')
  await client.closed
  expect(client.received()).toMatch(/^HTTP\/1.1 200/)
})

test('a connection is used again after an answer, refused or not', async () => {
  const server = await startServer({ limits: { lingerMs: 50 } })
  const client = await open(server.port)
  const post = 'POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'
  for (let count = 1; count <= 3; count++) {
    client.socket.write(post)
    await vi.waitFor(() => expect(client.received().split('HTTP/1.1 401')).toHaveLength(count + 1))
  }
})

test('who comes beyond the connections there may be is told so, and closed', async () => {
  const server = await startServer({}, { connectionsMax: 1 })
  const request = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
  const first = await open(server.port)
  first.socket.write(request)
  await vi.waitFor(() => expect(first.received()).toContain('200 OK'))
  const second = await open(server.port)
  second.socket.write(request)
  await second.closed
  expect(second.received()).toMatch(/^HTTP\/1.1 503 .*Retry-After: 1.*"code":"overloaded"/s)
  first.socket.destroy()
  await first.closed
  await vi.waitFor(async () => {
    const third = await open(server.port)
    third.socket.write(request)
    await vi.waitFor(() => expect(third.received()).toContain('200 OK'))
  })
})

test('a connection that never said anything makes room for another', async () => {
  const server = await startServer({}, { connectionsMax: 1 })
  const silent = await open(server.port)
  await vi.waitFor(
    async () => {
      const { socket, received } = await open(server.port)
      socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
      await vi.waitFor(() => expect(received()).toContain('HTTP/1.1'))
      socket.destroy()
      expect(received()).toContain('200 OK')
    },
    { timeout: 10_000, interval: 200 },
  )
  await silent.closed
})

async function open(port: number): Promise<{
  socket: Socket
  closed: Promise<void>
  received: () => string
}> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString()
  })
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  await new Promise((resolve) => socket.once('connect', resolve))
  return { socket, closed, received: () => text }
}
