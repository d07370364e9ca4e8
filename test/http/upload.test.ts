import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { Problem } from '../../src/base/problem.ts'
import { documentOf, form, jsonInit, problemOf, startServer, tokenOf } from './harness.ts'

const text = 'It is a truth universally acknowledged.'

test('an upload becomes a document, and comes back byte for byte', async () => {
  const server = await startServer()
  const response = await server.as('alice', '/v1/documents', {
    method: 'POST',
    body: form([['pride.txt', text]]),
  })
  const document = await documentOf(response)
  expect(document).toMatchObject({
    filename: 'pride.txt',
    media_type: 'text/plain',
    bytes: text.length,
    sha256: createHash('sha256').update(text).digest('hex'),
  })
  const original = await server.as('alice', `/v1/documents/${document.id}/original`)
  expect(await original.text()).toBe(text)
  expect(Object.fromEntries(original.headers)).toMatchObject({
    'content-disposition': 'attachment; filename=pride.txt',
    'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'cache-control': 'private, no-store',
    'content-type': 'text/plain',
    etag: `"${document.sha256}"`,
  })
  expect(server.tenant('alice').uploads()).toEqual([])
})

test('a file larger than the head, in several chunks, keeps its bytes and its hash', async () => {
  const server = await startServer()
  const bytes = Buffer.alloc(700_001, 'Carrel! ')
  const response = await server.as('alice', '/v1/documents', {
    method: 'POST',
    body: form([['big.txt', bytes]]),
  })
  expect((await documentOf(response)).sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
})

test('title and tags come as fields, tags repeated or with commas', async () => {
  const server = await startServer()
  const body = form([['a.txt', text]])
  body.append('title', '  Pride ')
  body.append('tags', 'novel, austen')
  body.append('tags', 'novel')
  const response = await server.as('alice', '/v1/documents', { method: 'POST', body })
  expect(await documentOf(response)).toMatchObject({
    title: 'Pride',
    tags: ['novel', 'austen', 'novel'],
  })
})

test('the same bytes again give the same document, and nothing is left in uploads', async () => {
  const server = await startServer()
  const ids = []
  for (const name of ['a.txt', 'b.txt']) {
    const body = form([[name, text]])
    const response = await server.as('alice', '/v1/documents', { method: 'POST', body })
    ids.push((await documentOf(response)).id)
  }
  expect(ids[0]).toBe(ids[1])
  expect(server.tenant('alice').uploads()).toEqual([])
})

test.each<[string, FormData, number, RegExp]>([
  [
    'an empty file',
    form([
      ['a.txt', text],
      ['b.txt', ''],
    ]),
    400,
    /“b\.txt” is empty/,
  ],
  [
    'an unknown kind',
    form([
      ['a.txt', text],
      ['b.exe', 'MZ'],
    ]),
    415,
    /Accepted are plain text/,
  ],
  ['no file', new FormData(), 400, /field `file`/],
  ['a field of another name', withField('colour', 'red'), 400, /fields are not/],
  ['a nested name', withField('tags[]', 'x'), 400, /`title` and `tags`/],
  [
    'too many tags',
    withField('tags', 'a,'.repeat(33).replaceAll('a', 'ab')),
    400,
    /fields are not/,
  ],
  ['a title for two files', withField('title', 'T', 2), 400, /single file/],
  ['a title twice', withField('title', 'T', 1, 2), 400, /fields are not/],
  ['a file in another field', inField('document'), 400, /field `file`/],
  ['a file over the limit', form([['a.txt', 'x'.repeat(2_001)]]), 413, /larger than 2000/],
  ['more than all', form([['a.txt', 'x'.repeat(9_000)]]), 413, /upload is larger/],
  ['too many files', form(names(5)), 413, /at most 4 files/],
])('an upload with %s is refused, and nothing of it stays', async (_, body, status, words) => {
  const limits = { fileBytesMax: 2_000, uploadBytesMax: 8_000, filesMax: 4 }
  const server = await startServer({ limits })
  const response = await server.as('alice', '/v1/documents', { method: 'POST', body })
  const problem = await problemOf(response)
  expect(problem.detail).toMatch(words)
  expect(problem.status).toBe(status)
  expect(server.tenant('alice').documents.size).toBe(0)
  expect(server.tenant('alice').uploads()).toEqual([])
})

test('a file of exactly the limit is taken', async () => {
  const server = await startServer({ limits: { fileBytesMax: 2_000 } })
  const body = form([['a.txt', 'x'.repeat(2_000)]])
  const response = await server.as('alice', '/v1/documents', { method: 'POST', body })
  expect(response.status).toBe(202)
})

test('what is not multipart is 415, what is not well-formed multipart 400', async () => {
  const server = await startServer()
  const json = await server.as('alice', '/v1/documents', jsonInit('POST', {}))
  expect(json.status).toBe(415)
  const noBoundary = await server.as('alice', '/v1/documents', {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data' },
    body: 'x',
  })
  expect(noBoundary.status).toBe(400)
  const cut = await server.as('alice', '/v1/documents', {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
    body: '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhalf',
  })
  expect(cut.status).toBe(400)
  expect(server.tenant('alice').uploads()).toEqual([])
})

test('when the quota fills up half-way, the answer says how many files were added', async () => {
  const server = await startServer()
  const tenant = server.tenant('alice')
  tenant.before = (name) => {
    if (name === 'documents.create' && tenant.documents.size === 2)
      throw new Problem('quota_exceeded', 'Your library is full.')
  }
  const response = await server.as('alice', '/v1/documents', {
    method: 'POST',
    body: form(names(4)),
  })
  expect(response.status).toBe(403)
  expect((await problemOf(response)).detail).toBe(
    'Your library is full. The first 2 of 4 files were added.',
  )
  expect(tenant.documents.size).toBe(2)
  expect(tenant.uploads()).toEqual([])
})

test.each([
  ['../../etc/passwd.txt', 'passwd.txt'],
  ['..\\..\\boot.txt', 'boot.txt'],
  ['a"b\r\nSet-Cookie: x=1.txt', 'a"bSet-Cookie: x=1.txt'],
  ['gpj.\u202etxt', 'gpj.txt'],
  ['Ünïcode 書.txt', 'Ünïcode 書.txt'],
  [`${'n'.repeat(300)}.txt`, `${'n'.repeat(251)}.txt`],
])('a file called %j is kept as %j, and sent back so', async (sent, kept) => {
  const server = await startServer()
  const body = form([[sent, text]])
  const response = await server.as('alice', '/v1/documents', { method: 'POST', body })
  const document = await documentOf(response)
  expect(document.filename).toBe(kept)
  const original = await server.as('alice', `/v1/documents/${document.id}/original`)
  expect(original.status).toBe(200)
  const disposition = original.headers.get('content-disposition') ?? ''
  expect(disposition).toMatch(/^attachment; filename/)
  const extended = /filename\*=UTF-8''([^;]+)/.exec(disposition)?.[1]
  if (extended) expect(decodeURIComponent(extended)).toBe(kept)
  expect(original.headers.get('set-cookie')).toBeNull()
})

test('a connection that is cut half-way leaves no file', async () => {
  const server = await startServer()
  const tenant = server.tenant('alice')
  const socket = connect(server.port, '127.0.0.1')
  const head = `--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n`
  socket.write(
    `POST /v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await tokenOf({ sub: 'alice' })}\r\n` +
      `Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n${head}${'x'.repeat(200_000)}`,
  )
  await vi.waitFor(() => expect(tenant.uploads()).toHaveLength(1))
  socket.destroy()
  await vi.waitFor(() => expect(server.logged).toHaveLength(1))
  expect(server.logged[0]).toMatchObject({ route: '/v1/documents', status: 499 })
  await vi.waitFor(() => expect(tenant.uploads()).toEqual([]))
  expect(tenant.calls).toEqual([])
})

test('a connection that is cut before its file was opened leaves none, either', async () => {
  const server = await startServer()
  const tenant = server.tenant('alice')
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
  const { promise: opened, resolve: open } = Promise.withResolvers<void>()
  tenant.before = (name) => {
    if (name !== 'openUpload') return undefined
    ask()
    return opened
  }
  const socket = connect(server.port, '127.0.0.1')
  socket.write(
    `POST /v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await tokenOf({ sub: 'alice' })}\r\n` +
      'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n' +
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhalf',
  )
  await asked
  socket.destroy()
  await vi.waitFor(() => expect(server.logged).toHaveLength(1))
  open()
  await vi.waitFor(() => expect(tenant.uploadsReleased).toBe(1))
  await vi.waitFor(() => expect(tenant.uploads()).toEqual([]))
})

test('an upload that stands still is cut, and leaves no file', async () => {
  const server = await startServer({ limits: { idleMs: 150 } })
  const tenant = server.tenant('alice')
  const socket = connect(server.port, '127.0.0.1')
  const closed = new Promise((resolve) => socket.on('close', resolve))
  socket.on('error', () => undefined)
  socket.write(
    `POST /v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await tokenOf({ sub: 'alice' })}\r\n` +
      'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n' +
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nslow',
  )
  await closed
  await vi.waitFor(() => expect(tenant.uploads()).toEqual([]))
  expect(tenant.calls).toEqual([])
})

test('an upload without a length is cut where all of it is too much', async () => {
  const limits = { fileBytesMax: 10_000, uploadBytesMax: 100_000 }
  const server = await startServer({ limits })
  const socket = connect(server.port, '127.0.0.1')
  let isClosed = false
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      isClosed = true
      resolve()
    })
  })
  socket.on('error', () => undefined)
  socket.write(
    `POST /v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await tokenOf({ sub: 'alice' })}\r\n` +
      'Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n',
  )
  const part = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
  socket.write(`${part.length.toString(16)}\r\n${part}\r\n`)
  let sent = 0
  for (; !isClosed && sent < 50_000_000; sent += 0x1000) {
    if (!socket.write(`1000\r\n${'x'.repeat(0x1000)}\r\n`)) await sleep(1)
  }
  await closed
  expect(sent).toBeLessThan(50_000_000)
  await vi.waitFor(() => expect(server.tenant('alice').uploads()).toEqual([]))
})

function names(count: number): [string, string][] {
  return Array.from({ length: count }, (_, i) => [`${i}.txt`, `file ${i}`])
}

function withField(name: string, value: string, files = 1, times = 1): FormData {
  const body = form(names(files))
  for (let i = 0; i < times; i++) body.append(name, value)
  return body
}

function inField(name: string): FormData {
  const body = new FormData()
  body.append(name, new Blob([text]), 'a.txt')
  return body
}
