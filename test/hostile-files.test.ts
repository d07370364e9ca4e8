/** Files made to do harm, through a real server: each ends in its own way within its limits, and the server goes on. */
import { openAsBlob, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from '../bench/lib/client.ts'
import { seededRandom } from '../bench/lib/random.ts'
import { childrenOf } from '../bench/lib/readers.ts'
import { type RunningServer, startServer } from '../bench/lib/server.ts'
import { honestFiles, hostileFiles, truncatedFiles } from './fixtures/hostile-files.ts'
import { mutate } from './fixtures/mutate.ts'
import { keptDirectory, temporaryDirectory } from './helpers.ts'

const isLong = process.env['CARREL_LONG'] === '1'
/** In the quick run a few of each kind, chosen by a number that stays the same. */
const seed = 7
const cuts = 50
const spoiltFiles = isLong ? 400 : 10
const [hostile, cutOff] = isLong
  ? [hostileFiles(), truncatedFiles(cuts)]
  : [chosen(hostileFiles(), 12), chosen(truncatedFiles(cuts), 6)]
let server: RunningServer
let client: Client

beforeAll(async () => {
  server = await startServer(keptDirectory(), {
    EXTRACTORS: '2',
    EXTRACT_CPU_MS_MAX: '30000',
    UPLOAD_BYTES_MAX: String(2 ** 31),
  })
  client = new Client(server.url)
})
afterAll(async () => {
  const readers = childrenOf(server.pid)
  expect(await server.stop()).toBe(0)
  for (const pid of readers) expect(() => process.kill(pid, 0), `reader ${pid}`).toThrow()
})

function chosen<T>(all: readonly T[], count: number): T[] {
  const random = seededRandom(seed)
  const ranked = all.map((one) => ({ one, rank: random() })).toSorted((a, b) => a.rank - b.rank)
  return ranked.slice(0, count).map(({ one }) => one)
}

/** @returns `ready`, the code of the failure, or the status of the refusal, with the sentence for a person */
async function bring(
  name: string,
  bytes: Uint8Array | Blob,
): Promise<{ end: string; detail: string; id: string }> {
  const form = new FormData()
  form.append('file', bytes instanceof Blob ? bytes : new Blob([new Uint8Array(bytes)]), name)
  const { status, body } = await client.request<{
    documents?: { id: string }[]
    detail?: string
  }>('POST', '/v1/documents', form)
  const id = body.documents?.[0]?.id
  if (id === undefined) return { end: String(status), detail: body.detail ?? '', id: '' }
  const { error, status: end } = await client.settled(id)
  return { end: error?.code ?? end, detail: error?.detail ?? '', id }
}

async function firstPage(id: string): Promise<string> {
  const { body } = await client.request<{ text: string }>('GET', `/v1/documents/${id}/pages/1`)
  return body.text
}

test.each(hostile)('$name', { timeout: 120_000 }, async ({ name, bytes, ends }) => {
  const { end, detail, id } = await bring(name, bytes)
  expect(ends, detail).toContain(end)
  if (end === 'ready') expect(await firstPage(id)).not.toMatch(/root:|hahaha/)
  else expect(detail.length).toBeGreaterThan(20)
  expect((await client.request('GET', '/readyz')).status).toBe(200)
})

test('files that were cut off', { timeout: 600_000 }, async () => {
  const found = await Promise.all(cutOff.map(({ name, bytes }) => bring(name, bytes)))
  for (const [at, { end, detail }] of found.entries())
    expect(cutOff[at]?.ends, `${cutOff[at]?.name}: ${detail}`).toContain(end)
})

test('files that were spoilt', { timeout: 600_000 }, async () => {
  const random = seededRandom(seed)
  const sources = honestFiles()
  const others = sources.map(({ bytes }) => bytes)
  const files = Array.from({ length: spoiltFiles }, (_, at) => {
    const source = sources[at % sources.length] ?? { name: '', bytes: Buffer.alloc(0) }
    return { name: `${at}-${source.name}`, bytes: mutate(source.bytes, others, random) }
  })
  const found = await Promise.all(files.map(({ name, bytes }) => bring(name, bytes)))
  for (const [at, { end }] of found.entries())
    expect(end, files[at]?.name).toMatch(/^(ready|[a-z_]+|20[02]|4\d\d)$/)
  expect((await client.request('GET', '/readyz')).status).toBe(200)
})

test.skipIf(!isLong)(
  `what is far too long${isLong ? '' : ' (skipped: part of `npm run test:long`)'}`,
  { timeout: 1_200_000 },
  async () => {
    const line = Buffer.from('a line without an end '.repeat(2_400_000))
    for (const extension of ['txt', 'md', 'html', 'csv', 'jsonl', 'rtf']) {
      const { end, detail } = await bring(`line.${extension}`, line)
      expect(end, `${extension}: ${detail}`).toMatch(
        /^(ready|too_much_text|out_of_memory|out_of_time|damaged|no_text|unsupported|415)$/,
      )
    }
    // A file of nothing on the disk: neither side ever holds it.
    const path = join(temporaryDirectory(), 'zeros')
    for (const [name, head, ends] of [
      ['zeros.pdf', '', ['415']],
      ['zeros.txt', '', ['415']],
      ['headed.pdf', '%PDF-1.7\n', ['damaged', 'out_of_time', 'out_of_memory']],
      [
        'headed.txt',
        'Words before it.\n',
        ['415', 'too_much_text', 'out_of_time', 'out_of_memory', 'ready'],
      ],
      ['headed.epub', 'PK\x03\x04', ['damaged', 'unsupported', '400', '415']],
    ] as const) {
      writeFileSync(path, head, 'latin1')
      truncateSync(path, 2 ** 30)
      const { end, detail } = await bring(name, await openAsBlob(path))
      expect(ends, `${name}: ${detail}`).toContain(end)
      expect((await client.request('GET', '/readyz')).status).toBe(200)
    }
  },
)
