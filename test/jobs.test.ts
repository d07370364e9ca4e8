/** Turns and stopping, in a real server: nobody waits for somebody's long book, and what is cancelled ends. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Client, type DocumentAnswer, signToken } from '../bench/lib/client.ts'
import { readEvents } from '../bench/lib/event-source.ts'
import { startServer } from '../bench/lib/server.ts'
import { longBook } from './fixtures/long-book.ts'
import { temporaryDirectory } from './helpers.ts'

const secret = 'a secret for jobs of more than thirty-two bytes'
const pages = 2_500

test('a note passes a long book, of its own user and of another, and a cancelled book ends at once', async () => {
  const server = await startServer(temporaryDirectory(), { JWT_SECRET: secret, EXTRACTORS: '1' })
  try {
    const [ann, ben] = await Promise.all(
      ['ann', 'ben'].map(async (user) => new Client(server.url, await signToken(secret, user))),
    )
    if (!ann || !ben) throw new Error('two clients')
    const book = await ann.upload('long.pdf', longBook(pages))
    await expect.poll(async () => (await ann.document(book.id)).status).toBe('processing')
    const own = await ann.upload('own.md', Buffer.from('# Own\n\nA note of her own.'))
    const other = await ben.upload('other.md', Buffer.from('# Other\n\nA note of his.'))
    expect((await ann.settled(own.id)).status).toBe('ready')
    expect((await ben.settled(other.id)).status).toBe('ready')
    expect((await ann.document(book.id)).status).toBe('processing')

    expect((await ben.request('POST', `/v1/documents/${book.id}/cancel`)).status).toBe(404)
    const reader = busiestReader(server.pid)
    expect(reader).not.toBe('')
    const { status, body } = await ann.request('POST', `/v1/documents/${book.id}/cancel`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'failed', error: { code: 'cancelled' } })
    await expect.poll(() => existsSync(`/proc/${reader}`)).toBe(false)
    expect(await ann.search('middle')).toEqual([])
    const again = await ann.request('POST', `/v1/documents/${book.id}/cancel`)
    expect(again.body).toEqual(body)

    expect((await ann.request('POST', `/v1/documents/${own.id}/reprocess`)).status).toBe(202)
    await ann.request('POST', `/v1/documents/${own.id}/cancel`)
    const kept = await ann.settled(own.id)
    expect(kept.status).toBe('ready')
    expect(await ann.search('own')).toHaveLength(1)
  } finally {
    expect(await server.stop()).toBe(0)
  }
})

test('a reading is told page by page, to its user alone, and streams end with the server', async () => {
  const server = await startServer(temporaryDirectory(), { JWT_SECRET: secret, EXTRACTORS: '1' })
  const told = await Promise.all(
    ['ann', 'ben'].map(async (user) => {
      const token = await signToken(secret, user)
      const { body } = await fetch(`${server.url}/v1/events`, {
        headers: { authorization: `Bearer ${token}` },
      })
      if (!body) throw new Error('a stream has a body')
      return { client: new Client(server.url, token), events: Array.fromAsync(readEvents(body)) }
    }),
  )
  const [ann, ben] = told
  if (!ann || !ben) throw new Error('two users')
  const { id } = await ann.client.upload('book.pdf', longBook(600))
  const seen: DocumentAnswer['progress'][] = []
  await ann.client.settled(id, ({ progress }) => seen.push(progress))
  expect(await server.stop()).toBe(0)
  const events = (await ann.events).map(({ data }) => JSON.parse(data))
  expect(events.every((event) => event.id === id)).toBe(true)
  const statuses = events.map(({ status }) => status)
  expect(statuses.filter((status, at) => status !== statuses[at - 1])).toEqual([
    'queued',
    'processing',
    'ready',
  ])
  const reading = events.map(({ progress }) => progress).filter((one) => one?.pages_done > 0)
  expect(reading[0]).toMatchObject({ phase: 'reading', pages_total: 600 })
  expect(reading[0].seconds_left).toBeGreaterThan(0)
  expect(reading.at(-1)).toMatchObject({ phase: 'publishing', pages_done: 600, seconds_left: 0 })
  expect(seen.some((one) => one?.seconds_left != null && one.pages_total === 600)).toBe(true)
  expect(seen.at(-1)).toBeNull()
  expect(await ben.events).toEqual([])
})

/** The reader process of the server that used most of the processor. */
function busiestReader(server: number): string {
  const readers = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        const isReader = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('extractor-child')
        return isReader && Number(fields[1]) === server ? [{ pid, used: Number(fields[11]) }] : []
      } catch {
        return []
      }
    })
  return readers.toSorted((a, b) => b.used - a.used)[0]?.pid ?? ''
}
