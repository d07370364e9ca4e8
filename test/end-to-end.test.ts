/** The straight line, for real: a server process, tokens, files, threads, reader processes, a restart. */
import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client, signToken } from '../bench/lib/client.ts'
import { type RunningServer, startServer } from '../bench/lib/server.ts'
import { keptDirectory, temporaryDirectory } from './helpers.ts'

const secret = 'an end-to-end secret of more than 32 bytes'
const settings = { JWT_SECRET: secret }
const dataDir = keptDirectory()
let server: RunningServer
let ann: Client
let ben: Client
const clients = async (url: string): Promise<[Client, Client]> => [
  new Client(url, await signToken(secret, 'ann')),
  new Client(url, await signToken(secret, 'Ben@example.org')),
]
const pdf = readFileSync(new URL('../samples/reading-with-a-pencil.pdf', import.meta.url))
const note = (text: string): Uint8Array => new TextEncoder().encode(text)

beforeAll(async () => {
  server = await startServer(dataDir, settings)
  ;[ann, ben] = await clients(server.url)
})
afterAll(() => server.stop())

test('a PDF is read and found with its page and printed label', async () => {
  const { id } = await ann.upload('room.pdf', pdf)
  const document = await ann.settled(id)
  expect(document).toMatchObject({ status: 'ready', filename: 'room.pdf', progress: null })
  expect(document.pages).toBeGreaterThan(3)
  const page = await ann.request<{ text: string; label: string }>(
    'GET',
    `/v1/documents/${id}/pages/3`,
  )
  const words = page.body.text
    .split(/\s+/)
    .filter((word) => /^[a-z]+$/.test(word))
    .slice(0, 4)
    .join(' ')
  const [hit] = await ann.search(`"${words}"`)
  expect(hit).toMatchObject({ document_id: id, page: 3, page_label: page.body.label })
  expect(hit?.snippet).toContain('<mark>')
  expect(page.body.text.slice(hit?.start, hit?.end)).toContain(words.split(' ')[0])
  const picture = await fetch(`${server.url}/v1/documents/${id}/thumbnail`, {
    headers: { authorization: `Bearer ${await signToken(secret, 'ann')}` },
  })
  expect(picture.headers.get('content-type')).toBe('image/png')
  expect(
    Buffer.from(await picture.arrayBuffer())
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG')
})

test('another user finds nothing, and a foreign id is answered as one that never was', async () => {
  const { id } = await ann.upload(
    'secret.md',
    note('# Plans\n\nThe zanzibar expedition leaves at dawn.\n'),
  )
  await ann.settled(id)
  expect((await ann.search('zanzibar'))[0]?.document_id).toBe(id)
  expect(await ben.search('zanzibar')).toEqual([])
  expect(await ben.documents()).toEqual([])
  const unknown = `doc_${'a'.repeat(26)}`
  for (const path of ['', '/original', '/pages/1']) {
    const foreign = await ben.request<{ request_id: string }>('GET', `/v1/documents/${id}${path}`)
    const never = await ben.request<{ request_id: string }>(
      'GET',
      `/v1/documents/${unknown}${path}`,
    )
    expect(foreign.status).toBe(404)
    expect({ ...foreign.body, request_id: '' }).toEqual({ ...never.body, request_id: '' })
  }
  for (const [method, body] of [
    ['DELETE', undefined],
    ['PATCH', { title: 'mine' }],
  ] as const)
    expect((await ben.request(method, `/v1/documents/${id}`, body)).status).toBe(404)
  expect((await ann.document(id)).title).toBe('Plans')
})

test('the same bytes are one document; the original comes back byte for byte', async () => {
  const [first, second] = await Promise.all([
    ann.upload('a.md', note('# Same\n\nSame bytes.')),
    ann.upload('b.md', note('# Same\n\nSame bytes.')),
  ])
  expect(second.id).toBe(first.id)
  const room = (await ann.documents()).find(({ filename }) => filename === 'room.pdf')
  const response = await fetch(`${server.url}/v1/documents/${room?.id}/original`, {
    headers: { authorization: `Bearer ${await signToken(secret, 'ann')}` },
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(room?.sha256)
  expect(response.headers.get('content-disposition')).toContain('attachment')
})

test('a renamed document is found by its new title and no longer by its old one', async () => {
  const { id } = await ann.upload(
    'old.md',
    note('# Quixotic\n\nNothing about the title stands in this text.'),
  )
  await ann.settled(id)
  await ann.request('PATCH', `/v1/documents/${id}`, { title: 'Numismatics' })
  await expect
    .poll(async () => (await ann.search('numismatics')).map((hit) => hit.document_id))
    .toEqual([id])
  expect((await ann.search('title:quixotic')).map((hit) => hit.document_id)).toEqual([])
})

test('a deleted document is gone from the list, the search and the directory; read again it has a new id', async () => {
  const { id } = await ann.upload('gone.md', note('# Brief\n\nThe wobbegong swims away.'))
  const { sha256 } = await ann.settled(id)
  expect((await ann.request('DELETE', `/v1/documents/${id}`)).status).toBe(204)
  expect((await ann.request('GET', `/v1/documents/${id}`)).status).toBe(404)
  expect(await ann.search('wobbegong')).toEqual([])
  expect(readdirSync(join(dataDir, 'ann', 'books')).some((name) => name.startsWith(sha256))).toBe(
    false,
  )
  const again = await ann.upload('gone.md', note('# Brief\n\nThe wobbegong swims away.'))
  await ann.settled(again.id)
  expect(again.id).not.toBe(id)
  expect(await ann.search('wobbegong')).toHaveLength(1)
})

test('reading again keeps the text searchable and does not double it', async () => {
  const { id } = await ann.upload('again.md', note('# Again\n\nThe axolotl is counted once.'))
  await ann.settled(id)
  await ann.request('POST', `/v1/documents/${id}/reprocess`)
  await ann.settled(id)
  expect((await ann.search('axolotl')).map((hit) => hit.document_id)).toEqual([id])
})

test('after a stop the directories are at rest, a copy of one serves the same answers, and a start finds everything', async () => {
  const before = await ann.search('expedition axolotl reading', 20)
  expect(before.length).toBeGreaterThan(1)
  expect(await server.stop()).toBe(0)
  const names = readdirSync(dataDir).filter((name) => name !== '.carrel')
  expect(names).toContain('ann')
  expect(names.find((name) => name.startsWith('_'))).toMatch(/^_[a-z2-7]{52}$/)
  for (const name of names) {
    expect(readdirSync(join(dataDir, name)).sort()).toEqual([
      'app.db',
      'books',
      'uploads',
      'vecs.db',
    ])
    expect(readdirSync(join(dataDir, name, 'uploads'))).toEqual([])
  }
  const elsewhere = temporaryDirectory()
  cpSync(join(dataDir, 'ann'), join(elsewhere, 'ann'), { recursive: true })
  const other = await startServer(elsewhere, settings)
  const [copy] = await clients(other.url)
  expect(await copy.search('expedition axolotl reading', 20)).toEqual(before)
  await other.stop()

  server = await startServer(dataDir, settings)
  ;[ann, ben] = await clients(server.url)
  expect(await ann.search('expedition axolotl reading', 20)).toEqual(before)
})

test('a second server on the same directory says so in one line and ends', async () => {
  await expect(startServer(dataDir, settings)).rejects.toThrow('another Carrel is running')
})

test('a bad setting stops the start with one line that names it', async () => {
  const started = startServer(temporaryDirectory(), { JWT_SECRET: 'short' })
  await expect(started).rejects.toThrow(/JWT_SECRET: needs at least 32 bytes/)
  await expect(startServer(temporaryDirectory(), { HOST: '0.0.0.0' })).rejects.toThrow(
    /HOST: .*JWT_SECRET/,
  )
})
