import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { documentOf, form, jsonInit, problemOf, startServer, tokenOf } from './harness.ts'

const text = 'It is a truth universally acknowledged.'

test.each([
  ['bytes=0-4', 206, 'bytes 0-4/39', 'It is'],
  ['bytes=-13', 206, 'bytes 26-38/39', 'acknowledged.'],
  ['bytes=30-', 206, 'bytes 30-38/39', text.slice(30)],
  ['bytes=30-999', 206, 'bytes 30-38/39', text.slice(30)],
  ['bytes=0-1,4-5', 200, null, text],
  ['lines=1-2', 200, null, text],
  ['bytes=x', 200, null, text],
  ['bytes=39-', 416, 'bytes */39', undefined],
])('Range %s gives %i', async (range, status, contentRange, content) => {
  const { server, id } = await withDocument()
  const response = await server.as('alice', `/v1/documents/${id}/original`, {
    headers: { Range: range },
  })
  expect(response.status).toBe(status)
  expect(response.headers.get('content-range')).toBe(contentRange)
  if (content !== undefined) {
    expect(await response.text()).toBe(content)
    expect(response.headers.get('content-length')).toBe(String(content.length))
  } else expect((await problemOf(response)).code).toBe('range_not_satisfiable')
  expect(server.tenant('alice').originalsOpen.size).toBe(0)
})

test('what the client has is not sent again, and a range of other bytes is not sent at all', async () => {
  const { server, id, etag } = await withDocument()
  const path = `/v1/documents/${id}/original`
  for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const response = await server.as('alice', path, { headers: { 'If-None-Match': known } })
    expect([known, response.status, await response.text()]).toEqual([known, 304, ''])
  }
  const other = await server.as('alice', path, { headers: { 'If-None-Match': '"x"' } })
  expect(other.status).toBe(200)
  const changed = { Range: 'bytes=0-1', 'If-Range': '"x"' }
  expect((await server.as('alice', path, { headers: changed })).status).toBe(200)
  const same = { Range: 'bytes=0-1', 'If-Range': etag }
  expect((await server.as('alice', path, { headers: same })).status).toBe(206)
})

test('HEAD says how long the original is and opens nothing', async () => {
  const { server, id } = await withDocument()
  const response = await server.as('alice', `/v1/documents/${id}/original`, { method: 'HEAD' })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-length')).toBe('39')
  expect(server.tenant('alice').originalsOpen.size).toBe(0)
})

test('an original that is gone from the disk is a damaged library, not an empty answer', async () => {
  const { server, id } = await withDocument()
  const tenant = server.tenant('alice')
  const { sha256 } = tenant.documents.get(id) as { sha256: string }
  rmSync(join(tenant.directory, `${sha256}.txt`))
  const response = await server.as('alice', `/v1/documents/${id}/original`)
  expect(response.status).toBe(503)
  expect(await problemOf(response)).toMatchObject({ code: 'tenant_damaged' })
})

test('a client that leaves in the middle of a download leaves no open file', async () => {
  const server = await startServer()
  const body = form([['big.txt', Buffer.alloc(30_000_000, 'x')]])
  const upload = await server.as('alice', '/v1/documents', { method: 'POST', body })
  const { id } = await documentOf(upload)
  const socket = connect(server.port, '127.0.0.1')
  socket.write(
    `GET /v1/documents/${id}/original HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await tokenOf({ sub: 'alice' })}\r\n\r\n`,
  )
  await new Promise((resolve) => socket.once('data', resolve))
  socket.pause()
  expect(server.tenant('alice').originalsOpen.size).toBe(1)
  socket.destroy()
  await vi.waitFor(() => expect(server.tenant('alice').originalsOpen.size).toBe(0))
  await vi.waitFor(() => expect(server.logged.at(-1)).toMatchObject({ status: 499 }))
  expect(server.logged.filter((line) => line.msg === 'unforeseen')).toEqual([])
})

test('a foreign document, an unknown one and nonsense cannot be told apart', async () => {
  const { server, id } = await withDocument()
  const paths = ['', '/original', '/pages/1', '/thumbnail', '/contents', '/report']
  for (const rest of paths) {
    const bodies = new Set<string>()
    for (const name of [
      id,
      'doc_aaaaaaaaaaaaaaaaaaaaaaaaaa',
      'x',
      '..%2f..%2fetc',
      '%00',
      "' OR 1=1",
    ]) {
      const response = await server.as('mallory', `/v1/documents/${name}${rest}`, {
        headers: { 'X-Request-Id': 'same' },
      })
      expect([name, response.status]).toEqual([name, 404])
      bodies.add(await response.text())
    }
    expect(bodies.size).toBe(1)
  }
  for (const method of ['PATCH', 'DELETE']) {
    const init = method === 'PATCH' ? jsonInit('PATCH', { title: 'mine' }) : { method }
    const response = await server.as('mallory', `/v1/documents/${id}`, init)
    expect(response.status).toBe(404)
  }
  expect((await server.as('alice', `/v1/documents/${id}`)).status).toBe(200)
})

test('a page number that is none is 404 before anybody is asked', async () => {
  const { server, id } = await withDocument()
  for (const number of ['0', '-1', '1.5', 'x', '01', '9'.repeat(20)]) {
    const response = await server.as('alice', `/v1/documents/${id}/pages/${number}`)
    expect([number, response.status]).toEqual([number, 404])
  }
  expect(server.tenant('alice').calls.some(({ name }) => name === 'documents.page')).toBe(false)
  expect(await (await server.as('alice', `/v1/documents/${id}/pages/7`)).json()).toMatchObject({
    page: 7,
  })
})

test('change, delete, read again', async () => {
  const { server, id } = await withDocument()
  const path = `/v1/documents/${id}`
  const changed = await server.as('alice', path, jsonInit('PATCH', { title: ' New ', tags: ['a'] }))
  expect(await changed.json()).toMatchObject({ title: 'New', tags: ['a'] })
  expect((await server.as('alice', `${path}/reprocess`, { method: 'POST' })).status).toBe(202)
  const deleted = await server.as('alice', path, { method: 'DELETE' })
  expect([deleted.status, await deleted.text()]).toEqual([204, ''])
  expect((await server.as('alice', path)).status).toBe(404)
})

async function withDocument() {
  const server = await startServer()
  const body = form([['pride.txt', text]])
  const response = await server.as('alice', '/v1/documents', { method: 'POST', body })
  const { id, sha256 } = await documentOf(response)
  return { server, id, etag: `"${sha256}"` }
}
