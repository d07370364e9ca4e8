/** ZIP archives of documents, through a real server. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from '../bench/lib/client.ts'
import { type RunningServer, startServer } from '../bench/lib/server.ts'
import { writeZip, type ZipPart } from './fixtures/formats/zip.ts'
import { keptDirectory } from './helpers.ts'

const dataDir = keptDirectory()
const pdf = readFileSync(new URL('../samples/reading-with-a-pencil.pdf', import.meta.url))
let server: RunningServer
let client: Client

beforeAll(async () => {
  server = await startServer(dataDir, {})
  client = new Client(server.url)
})
afterAll(() => server.stop())

interface Added {
  documents: { id: string; filename: string; tags: string[] }[]
  skipped: { archive: string; name: string; reason: string }[]
  detail: string
  errors?: { path: string; message: string }[]
}

async function send(parts: readonly ZipPart[], fields: Record<string, string> = {}) {
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(writeZip(parts))]), 'papers.zip')
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  const answer = await client.request<Added>('POST', '/v1/documents', form)
  expect(readdirSync(join(dataDir, 'local', 'uploads'))).toEqual([])
  return answer
}

test('every document becomes one, folders become tags, and the rest is named with its reason', async () => {
  const inner = writeZip([{ name: 'x.txt', data: 'Deep inside.' }])
  const { status, body } = await send(
    [
      { name: 'Law/2024/contract.pdf', data: pdf },
      { name: 'Law/letter.txt', data: 'Dear Sir, the quagga is extinct.' },
      { name: 'word/notes.md', data: '# Notes\n\nA folder may be called word.' },
      { name: '__MACOSX/Law/._letter.txt', data: 'resource fork' },
      { name: 'Law/.DS_Store', data: 'Bud1' },
      { name: 'empty.txt', data: '' },
      { name: 'program.exe', data: Buffer.from('MZ\0\0\0\0binary') },
      { name: 'inner.zip', data: inner },
      { name: '../climbs.txt', data: 'Out of here.' },
      { name: 'link.txt', data: '/etc/passwd', mode: 0o120777 },
      { name: 'broken.txt', data: 'Not what was promised.', crc: 1 },
      { name: 'locked.txt', data: 'secret', flags: 0x801 },
    ],
    { tags: 'inbox' },
  )
  expect(status).toBe(202)
  expect(body.documents.map(({ filename, tags }) => [filename, tags.toSorted()])).toEqual([
    ['contract.pdf', ['2024', 'Law', 'inbox']],
    ['letter.txt', ['Law', 'inbox']],
    ['notes.md', ['inbox', 'word']],
  ])
  expect(body.skipped.map(({ archive, name, reason }) => [archive, name, reason])).toEqual([
    ['papers.zip', 'empty.txt', 'It is empty.'],
    ['papers.zip', 'program.exe', 'It is of a kind that cannot be read.'],
    ['papers.zip', 'inner.zip', 'It is an archive inside an archive.'],
    ['papers.zip', 'broken.txt', 'It is cut off or damaged.'],
    ['papers.zip', 'locked.txt', 'It is encrypted with a password.'],
    ['papers.zip', '', expect.stringMatching(/^2 entries were left out/)],
  ])
  for (const { id } of body.documents) expect((await client.settled(id)).status).toBe('ready')
  expect((await client.search('quagga'))[0]?.document_id).toBe(body.documents[1]?.id)
})

test('a document that is a ZIP is one document; a title goes with an archive of one', async () => {
  const epub = [
    { name: 'mimetype', data: 'application/epub+zip', isStored: true },
    { name: 'META-INF/container.xml', data: '<container/>' },
  ]
  const { body } = await send(epub)
  expect(body.documents).toMatchObject([
    { filename: 'papers.zip', media_type: 'application/epub+zip' },
  ])
  const one = await send([{ name: 'a/one.txt', data: 'Just this one.' }], { title: 'Mine' })
  expect(one.body.documents).toMatchObject([{ title: 'Mine', tags: ['a'] }])
  const two = await send(
    [
      { name: 'one.txt', data: 'The first of two.' },
      { name: 'two.txt', data: 'The second of two.' },
    ],
    { title: 'Mine' },
  )
  expect(two).toMatchObject({ status: 400, body: { errors: [{ path: 'title' }] } })
})

test('nothing of an archive stays that has no document, is cut off, or was made to harm', async () => {
  const before = (await client.documents()).length
  const none = await send([{ name: 'a.exe', data: Buffer.from('MZ\0\0') }])
  expect(none).toMatchObject({ status: 415, body: { errors: [{ path: 'a.exe' }] } })
  const bomb = await send([
    { name: 'good.txt', data: 'A good text.' },
    { name: 'bomb.txt', data: Buffer.alloc(80 * 2 ** 20, 'a ') },
  ])
  expect(bomb.status).toBe(400)
  expect(bomb.body.detail).toMatch(/unpacks to far more/)
  const many = Array.from({ length: 10_001 }, (_, at) => ({ name: `${at}.txt`, data: 'x' }))
  expect((await send(many)).body.detail).toMatch(/archive of 10001 parts/)
  const form = new FormData()
  const whole = writeZip([{ name: 'a.txt', data: 'abc' }])
  form.append('file', new Blob([new Uint8Array(whole.subarray(0, -30))]), 'cut.zip')
  expect((await client.request<Added>('POST', '/v1/documents', form)).body.detail).toMatch(
    /cut off or damaged/,
  )
  expect((await client.documents()).length).toBe(before)
  expect(readdirSync(join(dataDir, 'local', 'uploads'))).toEqual([])
})
