/** `kill -9` while a long book is read: it is read again, and ends with the very passages of an undisturbed reading. */
import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Client, type HitAnswer } from '../bench/lib/client.ts'
import { startServer } from '../bench/lib/server.ts'
import { longBook } from './fixtures/long-book.ts'
import { temporaryDirectory } from './helpers.ts'

const isLong = process.env['CARREL_LONG'] === '1'
const pages = isLong ? 352 : 50
const kills = isLong ? 12 : 1
const phrases = isLong ? pages : 15

interface Read {
  readonly pages: string[]
  readonly hits: Pick<HitAnswer, 'page' | 'page_label' | 'section' | 'text'>[][]
}

test(`a book of ${pages} pages, interrupted ${kills} times, is the same as one that was not`, {
  timeout: 300_000,
}, async () => {
  const bytes = longBook(pages)
  const undisturbed = await readBook(bytes, 0)
  const interrupted = await readBook(bytes, kills)
  expect(undisturbed.hits.flat().length).toBeGreaterThanOrEqual(phrases)
  expect(interrupted).toEqual(undisturbed)
})

async function readBook(bytes: Buffer, killed: number): Promise<Read> {
  const dataDir = temporaryDirectory()
  const settings = { EXTRACTORS: '1' }
  let server = await startServer(dataDir, settings)
  try {
    let client = new Client(server.url)
    const { id } = await client.upload('book.pdf', bytes)
    for (let kill = 0; kill < killed; kill++) {
      // Each at another place of the reading, and none so late that it may be over before the kill.
      const until = Math.floor((pages * kill) / killed / 2)
      const isAt = async () => ((await client.document(id)).progress?.pages_done ?? 0) >= until
      await expect.poll(isAt, { interval: 5, timeout: 60_000 }).toBe(true)
      expect((await client.document(id)).status).toBe('processing')
      await server.kill()
      server = await startServer(dataDir, settings)
      client = new Client(server.url)
    }
    expect(await client.settled(id)).toMatchObject({ status: 'ready', pages })
    return { pages: await texts(client, id), hits: await passages(client) }
  } finally {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function texts(client: Client, id: string): Promise<string[]> {
  const all: string[] = []
  for (let page = 1; page <= pages; page += isLong ? 1 : 7) {
    const { body } = await client.request<{ text: string }>(
      'GET',
      `/v1/documents/${id}/pages/${page}`,
    )
    all.push(body.text)
  }
  return all
}

/** The passages that a phrase of each page finds. */
async function passages(client: Client): Promise<Read['hits']> {
  const all: Read['hits'] = []
  for (let at = 0; at < phrases; at++) {
    const page = 1 + Math.floor((at * pages) / phrases)
    const hits = await client.search(`"middle of page ${page} is here"`)
    all.push(
      hits.map(({ page: first, page_label, section, text }) => ({
        page: first,
        page_label,
        section,
        text,
      })),
    )
  }
  return all
}
