/** Turns and stopping, in a real server: nobody waits for somebody's long book, and what is cancelled ends. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Client, signToken } from '../bench/lib/client.ts'
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
    expect(await ann.search('chapter')).toEqual([])
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
