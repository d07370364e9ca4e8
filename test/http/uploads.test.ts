/** Resumable uploads, as the protocol has them; over tenants in memory with real files. */
import { createHash } from 'node:crypto'
import { readdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TusClient } from '../../bench/lib/tus-client.ts'
import { Problem } from '../../src/base/problem.ts'
import { partialDirectory } from '../../src/tenancy/layout.ts'
import { startServer, type TestServer, tokenOf } from './harness.ts'

const text = Buffer.from('It is a truth universally acknowledged. '.repeat(1_000))
const offsetType = { 'Content-Type': 'application/offset+octet-stream' }

async function start() {
  const server = await startServer({ limits: { fileBytesMax: 60_000 } })
  const client = async (user: string) => new TusClient(server.url, await tokenOf({ sub: user }))
  return { server, alice: await client('alice'), bob: await client('bob') }
}

function partsDirectory(server: TestServer, user: string): string {
  const { directory, id } = server.tenant(user)
  return partialDirectory(join(directory, 'data', id))
}

function partsOf(server: TestServer, user: string): string[] {
  try {
    return readdirSync(partsDirectory(server, user))
  } catch {
    return []
  }
}

function code(answer: { text: string }): string {
  return JSON.parse(answer.text).code
}

test('a file comes in three pieces and is a document, named by the last answer and by GET', async () => {
  const { server, alice } = await start()
  const path = await alice.create(text.length, {
    filename: 'pride and prejudice.txt',
    filetype: 'text/plain',
    title: 'Pride',
    tags: 'novel, austen',
  })
  expect(path).toMatch(/^\/v1\/uploads\/[0-9a-f]{32}$/)
  for (const [from, to] of [
    [0, 7],
    [7, 20_000],
  ] as const) {
    const headers = { ...offsetType, 'Upload-Offset': String(from) }
    const answer = await alice.send('PATCH', path, headers, text.subarray(from, to))
    expect(answer.status).toBe(204)
    expect(answer.headers).toMatchObject({
      'tus-resumable': '1.0.0',
      'upload-offset': String(to),
      'upload-expires': expect.stringMatching(/GMT$/),
    })
    expect(await alice.offset(path)).toBe(to)
  }
  const last = await alice.patch(path, text, 20_000)
  expect(last.status).toBe(204)
  const [document] = server.tenant('alice').documents.values()
  expect(last.headers['carrel-documents']).toBe(document?.id)
  expect(document).toMatchObject({
    title: 'Pride',
    tags: ['novel', 'austen'],
    filename: 'pride and prejudice.txt',
    sha256: createHash('sha256').update(text).digest('hex'),
  })
  const head = await alice.send('HEAD', path)
  expect(head.headers).toMatchObject({
    'upload-offset': String(text.length),
    'upload-length': String(text.length),
    'carrel-documents': document?.id,
  })
  const got = JSON.parse((await alice.send('GET', path)).text)
  expect(got).toMatchObject({ length: text.length, documents: [{ id: document?.id }], skipped: [] })
  expect(server.tenant('alice').uploads()).toEqual([])
  expect(partsOf(server, 'alice')).toEqual([`${path.slice(-32)}.json`])
})

test('creation may bring the first bytes, or all', async () => {
  const { server, alice } = await start()
  const headers = { ...offsetType, 'Upload-Length': '10', 'Upload-Metadata': 'filename YS50eHQ=' }
  const some = await alice.send('POST', '/v1/uploads', headers, text.subarray(0, 4))
  expect(some).toMatchObject({ status: 201, headers: { 'upload-offset': '4' } })
  const all = await alice.send('POST', '/v1/uploads', headers, text.subarray(0, 10))
  expect(all.headers['carrel-documents']).toBe([...server.tenant('alice').documents.keys()][0])
})

test('options say what is possible, without a login', async () => {
  const { server } = await start()
  const response = await fetch(`${server.url}/v1/uploads`, { method: 'OPTIONS' })
  expect(response.status).toBe(204)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'tus-version': '1.0.0',
    'tus-extension': 'creation,creation-with-upload,termination,expiration,checksum',
    'tus-max-size': '60000',
    'tus-checksum-algorithm': 'sha1,sha256',
  })
})

test.each<[string, Record<string, string>, number, string]>([
  ['no length', {}, 400, 'invalid_request'],
  ['a length that is none', { 'Upload-Length': '-1' }, 400, 'invalid_request'],
  ['nothing', { 'Upload-Length': '0' }, 400, 'invalid_request'],
  ['more than a file may have', { 'Upload-Length': '60001' }, 413, 'too_large'],
  ['bad metadata', { 'Upload-Length': '5', 'Upload-Metadata': 'a b c' }, 400, 'invalid_request'],
  ['a name twice', { 'Upload-Length': '5', 'Upload-Metadata': 'a,a' }, 400, 'invalid_request'],
  [
    'a title that is too long',
    {
      'Upload-Length': '5',
      'Upload-Metadata': `title ${Buffer.from('x'.repeat(501)).toString('base64')}`,
    },
    400,
    'invalid_request',
  ],
  ['another version', { 'Tus-Resumable': '0.2.2' }, 412, 'precondition_failed'],
])('a creation with %s is refused, and nothing of it stays', async (_, headers, status, name) => {
  const { server, alice } = await start()
  const answer = await alice.send('POST', '/v1/uploads', headers)
  expect(answer.status).toBe(status)
  expect(code(answer)).toBe(name)
  expect(answer.headers['tus-resumable']).toBe('1.0.0')
  expect(partsOf(server, 'alice')).toEqual([])
})

test('bytes at another place, of another type, too many or damaged do not count', async () => {
  const { alice } = await start()
  const path = await alice.create(100, { filename: 'a.txt' })
  const at = (offset: number, more: Record<string, string> = {}) => ({
    ...offsetType,
    'Upload-Offset': String(offset),
    ...more,
  })
  const some = text.subarray(0, 10)
  expect(code(await alice.send('PATCH', path, at(5), some))).toBe('conflict')
  const typed = at(0, { 'Content-Type': 'text/plain' })
  expect(code(await alice.send('PATCH', path, typed, some))).toBe('unsupported_media_type')
  expect(code(await alice.send('PATCH', path, at(0), text.subarray(0, 101)))).toBe('too_large')
  const wrong = at(0, { 'Upload-Checksum': 'sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=' })
  const mismatch = await alice.send('PATCH', path, wrong, some)
  expect([mismatch.status, code(mismatch)]).toEqual([460, 'checksum_mismatch'])
  const unknown = at(0, { 'Upload-Checksum': 'md5 Kq5sNclPz7QV2+lfQIuc6R7oRu0=' })
  expect(code(await alice.send('PATCH', path, unknown, some))).toBe('invalid_request')
  expect(await alice.offset(path)).toBe(0)
  const right = createHash('sha256').update(some).digest('base64')
  const good = at(0, { 'Upload-Checksum': `sha256 ${right}` })
  expect((await alice.send('PATCH', path, good, some)).status).toBe(204)
  expect(await alice.offset(path)).toBe(10)
})

test('an upload of somebody else is as one that never was; one that was given up is gone', async () => {
  const { server, alice, bob } = await start()
  const path = await alice.create(100, { filename: 'a.txt' })
  const headers = { ...offsetType, 'Upload-Offset': '0' }
  for (const target of [path, `/v1/uploads/${'0'.repeat(32)}`, '/v1/uploads/..%2f..%2fapp.db']) {
    expect((await bob.send('HEAD', target)).status).toBe(404)
    expect(code(await bob.send('GET', target))).toBe('not_found')
    expect(code(await bob.send('PATCH', target, headers, text.subarray(0, 9)))).toBe('not_found')
    expect(code(await bob.send('DELETE', target))).toBe('not_found')
  }
  expect((await alice.send('DELETE', path)).status).toBe(204)
  expect((await alice.send('HEAD', path)).status).toBe(404)
  expect(partsOf(server, 'alice')).toEqual([])
})

test('a file that cannot be a document is refused with its last byte, and goes', async () => {
  const { server, alice } = await start()
  const path = await alice.create(2, { filename: 'a.exe' })
  const answer = await alice.patch(path, Buffer.from('MZ'), 0)
  expect([answer.status, code(answer)]).toEqual([415, 'unsupported_media_type'])
  expect(partsOf(server, 'alice')).toEqual([])
  expect(server.tenant('alice').uploads()).toEqual([])
})

test('a failure of the server keeps the bytes: asking how far it is tries again', async () => {
  const { server, alice } = await start()
  const tenant = server.tenant('alice')
  const path = await alice.create(text.length, { filename: 'a.txt' })
  let isFailing = true
  tenant.before = (name) => {
    if (name === 'documents.create' && isFailing) throw new Error('the shard is gone')
  }
  expect((await alice.patch(path, text, 0)).status).toBe(500)
  expect(tenant.uploads()).toEqual([])
  isFailing = false
  expect(await alice.offset(path)).toBe(text.length)
  expect(tenant.documents.size).toBe(1)
})

test('a connection that is cut keeps what came; whoever comes back takes over from one that hangs', async () => {
  const { server, alice } = await start()
  const path = await alice.create(text.length, { filename: 'a.txt' })
  const file = join(partsDirectory(server, 'alice'), path.slice(-32))
  const arrived = (bytes: number) => ({
    bytes,
    ready: () => expect.poll(() => statSync(file).size).toBeGreaterThanOrEqual(bytes),
  })
  await expect(alice.patch(path, text, 0, arrived(30_000))).rejects.toThrow('cut')
  expect(await alice.offset(path)).toBe(30_000)
  const { promise: forever } = Promise.withResolvers<void>()
  const hanging = alice.patch(path, text, 30_000, { bytes: 500, ready: () => forever })
  const ended = hanging.catch((error: unknown) => error)
  await expect.poll(() => statSync(file).size).toBe(30_500)
  const offset = await alice.offset(path)
  expect(offset).toBe(30_500)
  expect(await ended).toBeInstanceOf(Error)
  expect((await alice.patch(path, text, offset)).status).toBe(204)
})

test('unfinished uploads are bounded; what has expired is as if it never was', async () => {
  const { server, alice, bob } = await start()
  await alice.create(60_000, { filename: 'a.txt' })
  const second = await alice.create(40_000, { filename: 'b.txt' })
  await expect(alice.create(1, { filename: 'c.txt' })).rejects.toThrow(/403.*quota_exceeded/)
  await bob.create(60_000, { filename: 'a.txt' })
  const tenant = server.tenant('alice')
  const directory = partsDirectory(server, 'alice')
  const longAgo = new Date(Date.now() - 3_600_001)
  for (const name of readdirSync(directory)) utimesSync(join(directory, name), longAgo, longAgo)
  expect((await alice.send('HEAD', second)).status).toBe(404)
  await tenant.partialUploads.sweep(tenant.id)
  expect(partsOf(server, 'alice')).toEqual([])
  expect(partsOf(server, 'bob')).toHaveLength(2)
})

test('a tier’s largest file counts, and room for the whole is set aside while bytes come', async () => {
  const { server, alice } = await start()
  const tenant = server.tenant('alice')
  tenant.limits = { ...tenant.limits, upload_bytes: 20_000 }
  const headers = { 'Upload-Length': '20001', 'Upload-Metadata': '' }
  expect(code(await alice.send('POST', '/v1/uploads', headers))).toBe('too_large')
  const asked: unknown[] = []
  tenant.before = (name, args) => void (name === 'reserve' && asked.push(args))
  const path = await alice.create(20_000, { filename: 'a.txt' })
  expect((await alice.patch(path, text.subarray(0, 20_000), 0)).status).toBe(204)
  expect(asked).toEqual([20_000, 20_000])
  expect(tenant.reserved).toBe(0)
  tenant.before = (name) => {
    if (name === 'reserve') throw new Problem('quota_exceeded', 'Full.')
  }
  const refused = { 'Upload-Length': '5', 'Upload-Metadata': '' }
  expect(code(await alice.send('POST', '/v1/uploads', refused))).toBe('quota_exceeded')
})
