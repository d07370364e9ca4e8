/** Hybrid search for real: a server process, its background work, stops, kills and lost files. */
import { readdirSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client, signToken } from '../bench/lib/client.ts'
import { type RunningServer, startServer } from '../bench/lib/server.ts'
import { type Db, openDb } from '../src/base/sqlite.ts'
import {
  appApplicationId,
  appMigrations,
  vecsApplicationId,
  vecsMigrations,
} from '../src/tenancy/schema.ts'
import { keptDirectory } from './helpers.ts'

const secret = 'a hybrid secret of more than 32 bytes, truly'
const dataDir = keptDirectory()
const directory = join(dataDir, 'ann')
/** Background work has this long on a busy machine; it needs a second or two. */
const waiting = { timeout: 20_000, interval: 50 }
let server: RunningServer
let ann: Client
let ben: Client

interface SearchAnswer {
  readonly mode: string
  readonly hits: readonly {
    readonly document_id: string
    readonly score: number
    readonly explain?: { arms: { arm: string; raw: number | null; share: number }[] }
  }[]
}

const note = (text: string): Uint8Array => new TextEncoder().encode(text)
const start = async (): Promise<void> => {
  server = await startServer(dataDir, { JWT_SECRET: secret, EXTRACTORS: '1', SHARDS: '1' })
  ann = new Client(server.url, await signToken(secret, 'ann'))
  ben = new Client(server.url, await signToken(secret, 'ben'))
}
const ask = async (client: Client, query: string, more: object = {}): Promise<SearchAnswer> =>
  (await client.request<SearchAnswer>('POST', '/v1/search', { query, ...more })).body
const documentsOf = async (client: Client, query: string): Promise<string[]> =>
  (await ask(client, query)).hits.map((hit) => hit.document_id)
const paragraphs = (count: number): string =>
  Array.from(
    { length: count },
    (_, i) => `## Part ${i}\n\n${`Ledger ${i} names ship${i % 40} and port${i % 17}. `.repeat(12)}`,
  ).join('\n\n')

/** Passages with and without a vector, read at rest. */
function vectorsAtRest(): { passages: number; vectors: number; blocks: number } {
  const open = (name: string, applicationId: number, migrations: readonly string[]): Db =>
    openDb(join(directory, name), {
      mode: 'open',
      synchronous: 'NORMAL',
      applicationId,
      migrations,
    })
  const app = open('app.db', appApplicationId, appMigrations)
  const vecs = open('vecs.db', vecsApplicationId, vecsMigrations)
  const count = (db: Db, sql: string): number => db.get<{ n: number }>(sql)?.n ?? 0
  const figures = {
    passages: count(app, 'SELECT count(*) AS n FROM passages'),
    vectors: count(vecs, 'SELECT count(*) AS n FROM vectors'),
    blocks: count(vecs, 'SELECT coalesce(sum(count), 0) AS n FROM vector_blocks'),
  }
  app.close()
  vecs.close()
  return figures
}

beforeAll(start)
afterAll(() => server.stop())

test('what is uploaded is soon found by meaning, by its owner alone, and its score is explained', async () => {
  const { id } = await ann.upload('whales.md', note('# Whales\n\nThe harpooner saw spermaceti.'))
  await ann.settled(id)
  await expect.poll(() => documentsOf(ann, 'harpoonsmith'), waiting).toEqual([id])
  const { mode, hits } = await ask(ann, 'harpooner', { explain: true })
  expect(mode).toBe('hybrid')
  for (const { score, explain } of hits)
    expect(explain?.arms.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(score, 10)
  expect(await documentsOf(ben, 'harpoonsmith')).toEqual([])
})

test('a deleted document leaves no vector', async () => {
  const { id } = await ann.upload('gone.md', note('# Gone\n\nThe wobbegong glides.'))
  await ann.settled(id)
  await expect.poll(() => documentsOf(ann, 'wobbegongery'), waiting).toEqual([id])
  await ann.request('DELETE', `/v1/documents/${id}`)
  expect(await documentsOf(ann, 'wobbegongery')).toEqual([])
  // A later document is found by meaning only after what was to do before it is done.
  const next = await ann.upload('next.md', note('# Next\n\nThe axolotl waits.'))
  await ann.settled(next.id)
  await expect.poll(() => documentsOf(ann, 'axolotlish'), waiting).toEqual([next.id])
  await server.stop()
  expect(vectorsAtRest()).toEqual({ passages: 2, vectors: 2, blocks: 2 })
  await start()
})

test.for([
  ['lost', (path: string) => rmSync(path)],
  ['cut to half', (path: string) => truncateSync(path, 20_000)],
  ['empty', (path: string) => truncateSync(path, 0)],
] as const)(
  'a vecs.db that is %s while the server is stopped: words serve, vectors come back',
  async ([, damage]) => {
    await server.stop()
    damage(join(directory, 'vecs.db'))
    await start()
    expect((await ann.search('harpooner')).length).toBe(1)
    expect((await ask(ann, 'harpooner')).hits.length).toBeGreaterThan(0)
    await expect.poll(() => documentsOf(ann, 'harpoonsmith'), waiting).toHaveLength(1)
  },
)

test('killed while vectors are made: the next start goes on without being asked, and a fit follows', async () => {
  const first = await ann.upload('first.md', note('# First\n\nLedger 1 names ship1 and port1.'))
  await ann.settled(first.id)
  const cosine = async (): Promise<number | null | undefined> => {
    const { mode, hits } = await ask(ann, 'ledger port1', {
      mode: 'semantic',
      explain: true,
      filter: { document_ids: [first.id] },
    })
    return mode === 'semantic' ? hits[0]?.explain?.arms[0]?.raw : undefined
  }
  // Of hashed pieces: the same whatever else is in the library. A fit gives another.
  await expect.poll(cosine, waiting).toBeGreaterThan(0)
  const before = await cosine()
  const { id } = await ann.upload('ledger.md', note(paragraphs(520)))
  const { passages } = await ann.settled(id)
  expect(passages).toBeGreaterThan(200)
  await server.kill()
  await start()
  await expect
    .poll(async () => {
      const now = await cosine()
      return now !== undefined && now !== before
    }, waiting)
    .toBe(true)
  await server.stop()
  const { vectors, blocks, passages: all } = vectorsAtRest()
  expect({ vectors, blocks }).toEqual({ vectors: all, blocks: all })
  expect(readdirSync(directory).sort()).toEqual(['app.db', 'books', 'uploads', 'vecs.db'])
  await start()
  expect((await ask(ann, 'harpooner')).mode).toBe('hybrid')
})
