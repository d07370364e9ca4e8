/** A remote embedder for real: a server process, an endpoint over HTTP with its faults, changes of the model and back. */
import { copyFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client, signToken } from '../bench/lib/client.ts'
import { type RunningServer, startServer } from '../bench/lib/server.ts'
import { FakeEndpoint } from './fake-endpoint.ts'
import type { Fault } from './fake-faults.ts'
import { keptDirectory } from './helpers.ts'

const secret = 'an embedder secret of more than 32 bytes, truly'
const dataDir = keptDirectory()
const directory = join(dataDir, 'ann')
/** Waits between tries grow to some seconds. */
const waiting = { timeout: 30_000, interval: 50 }
let fake: FakeEndpoint
let server: RunningServer
let ann: Client

interface Account {
  readonly vectors: {
    readonly embedder: string
    readonly searched: string | null
    readonly pending: number
    readonly fault: string | null
  }
}

interface SearchAnswer {
  readonly mode: string
  readonly reranked: boolean
  readonly hits: readonly {
    readonly document_id: string
    readonly rerank_score?: number
    readonly explain: { arms: { arm: string; raw: number | null; normalised: number }[] }
  }[]
}

const note = (text: string): Uint8Array => new TextEncoder().encode(text)
const start = async (settings: Record<string, string> = { EMBEDDINGS_MODEL: 'one' }) => {
  server = await startServer(dataDir, {
    JWT_SECRET: secret,
    EXTRACTORS: '1',
    SHARDS: '1',
    ...(settings['EMBEDDINGS_MODEL'] && {
      EMBEDDINGS_URL: fake.url,
      EMBEDDINGS_TIMEOUT_MS: '500',
      EMBEDDINGS_QUERY_TIMEOUT_MS: '1000',
    }),
    ...settings,
  })
  ann = new Client(server.url, await signToken(secret, 'ann'))
}
const restart = async (settings?: Record<string, string>): Promise<void> => {
  await server.stop()
  await start(settings)
}
const vectors = async (): Promise<Account['vectors']> =>
  (await ann.request<Account>('GET', '/v1/me')).body.vectors
const ask = async (query: string, more: object = {}): Promise<SearchAnswer> =>
  (await ann.request<SearchAnswer>('POST', '/v1/search', { query, explain: true, ...more })).body
/** The cosine of the best hit by meaning: near 1 for its own words, if question and passage are in one space. */
const cosine = async (query: string): Promise<number> => {
  const { mode, hits } = await ask(query, { mode: 'semantic' })
  return mode === 'semantic' ? (hits[0]?.explain.arms[0]?.raw ?? -1) : -1
}
let questions = 0
/** Which model a question is embedded by that nobody asked before: that of the space that is searched. */
const modelSearched = async (): Promise<unknown> => {
  const question = `harpooner number ${questions++}`
  await ask(question, { mode: 'semantic' })
  return fake.requests.findLast(({ texts }) => texts.includes(question))?.body['model']
}
const complete = { embedder: 'remote', searched: 'remote', pending: 0, fault: null }
const add = async (title: string, text: string): Promise<string> => {
  const { id } = await ann.upload(`${title}.md`, note(`# ${title}\n\n${text}`))
  const { status } = await ann.settled(id)
  expect(status).toBe('ready')
  return id
}

beforeAll(async () => {
  fake = await FakeEndpoint.start({ dimensions: 64, models: ['one', 'two'] })
  await start()
})
afterAll(async () => {
  await server.stop()
  await fake.down()
})

test('what is uploaded is embedded by the endpoint and searched in its space', async () => {
  const id = await add('Whales', 'The harpooner saw spermaceti from the mast.')
  await expect.poll(vectors, waiting).toEqual(complete)
  expect(await cosine('whales the harpooner saw spermaceti from the mast')).toBeGreaterThan(0.95)
  const { mode, hits } = await ask('harpooner')
  expect(mode).toBe('hybrid')
  expect(hits[0]?.document_id).toBe(id)
  const ranks = await ask('harpooner', { fusion: 'rrf' })
  for (const { normalised } of ranks.hits[0]?.explain.arms ?? [])
    expect(normalised).toBeCloseTo(1 / 61, 10)
})

test('an archive brings its vectors along: the endpoint is not asked for what it made already', async () => {
  const sentence = 'The harpooner saw spermaceti from the mast.'
  const asked = (): number =>
    fake.requests.flatMap(({ texts }) => texts).filter((text) => text.includes(sentence)).length
  const [before, answer] = [asked(), await ann.search('spermaceti', 10, 'semantic')]
  const headersOf = async (user: string): Promise<Record<string, string>> => ({
    authorization: `Bearer ${await signToken(secret, user)}`,
    'content-type': 'application/x-tar',
  })
  const archive = await fetch(`${server.url}/v1/export`, { headers: await headersOf('ann') })
  const response = await fetch(`${server.url}/v1/import`, {
    method: 'POST',
    headers: await headersOf('bea'),
    body: await archive.arrayBuffer(),
  })
  expect(await response.json()).toMatchObject({
    state: 'done',
    result: { documents: 1, vectors: 1 },
  })
  const bea = new Client(server.url, await signToken(secret, 'bea'))
  const hers = async (): Promise<unknown> =>
    (await bea.request<Account>('GET', '/v1/me')).body.vectors
  await expect.poll(hers, waiting).toEqual(complete)
  expect(await bea.search('spermaceti', 10, 'semantic')).toEqual(answer)
  expect(asked()).toBe(before)
})

const faults: readonly Fault[] = [
  { kind: 'reset' },
  { kind: 'hang' },
  { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
  { kind: 'dimension', dimensions: 24 },
  { kind: 'numbers', as: 'nan' },
  { kind: 'half' },
  { kind: 'gigabyte' },
]
/** Each client of its own meets every fault in test/rag; through a whole server a refusal and a lie will do. */
const met = faults.filter(
  ({ kind }) => process.env['CARREL_LONG'] === '1' || kind === 'status' || kind === 'numbers',
)
test.for(met)(
  'an endpoint with %o: ready, found by words, pending; then embedded once',
  { timeout: 60_000 },
  async (fault) => {
    fake.manners.fault = fault
    const word = `ship${faults.indexOf(fault)}`
    const id = await add(word, `The ${word} sails alone.`)
    await expect.poll(vectors, waiting).toMatchObject({ pending: 1, fault: expect.any(String) })
    const answer = await ask(word)
    expect(answer.hits.map((hit) => hit.document_id)).toContain(id)
    fake.embedded.clear()
    fake.manners.fault = undefined
    await expect.poll(vectors, waiting).toEqual(complete)
    const made = [...fake.embedded].filter(([text]) => text.includes('sails alone'))
    expect(made.map(([, count]) => count)).toEqual([1])
    await expect.poll(() => cosine(`${word} the ${word} sails alone`), waiting).toBeGreaterThan(0.9)
  },
)

test('a question without a vector is answered by words, and says so', async () => {
  expect((await ask('harpooner')).mode).toBe('hybrid')
  await fake.down()
  expect(await ask('the harpooner, unasked until now')).toMatchObject({ mode: 'keyword' })
  await fake.up()
  await expect.poll(async () => (await ask('unheard harpooner')).mode, waiting).toBe('hybrid')
})

test('another model is filled beside the one that is searched, and going back costs nothing', async () => {
  const question = 'whales the harpooner saw spermaceti from the mast'
  await server.stop()
  // Only questions get through: the change can be watched.
  fake.manners.poison = /\n\n/
  await start({ EMBEDDINGS_MODEL: 'two' })
  const pending = 1 + met.length
  await expect.poll(vectors, waiting).toMatchObject({ searched: 'remote', pending })
  expect(await cosine(question)).toBeGreaterThan(0.95)
  expect(await modelSearched()).toBe('one')
  fake.manners.poison = undefined
  await restart({ EMBEDDINGS_MODEL: 'two' })
  await expect.poll(modelSearched, waiting).toBe('two')
  expect(await vectors()).toEqual(complete)
  expect(await cosine(question)).toBeGreaterThan(0.95)
  for (const [text, count] of fake.embeddedBy.get('two') ?? [])
    if (text.includes('\n\n')) expect(count, text).toBe(1)

  fake.embedded.clear()
  await restart()
  await expect.poll(modelSearched, waiting).toBe('one')
  expect(await cosine(question)).toBeGreaterThan(0.95)
  expect([...fake.embedded.keys()].filter((text) => text.includes('\n\n'))).toEqual([])
})

test('without the endpoint the built-in embedder takes over, and with it again it serves until the change', async () => {
  await restart({})
  const builtin = { embedder: 'builtin', searched: 'builtin', pending: 0, fault: null }
  await expect.poll(vectors, waiting).toEqual(builtin)
  expect((await ask('harpooners')).mode).toBe('hybrid')
  const id = await add('Wobbegong', 'It glides.')
  await fake.down()
  await restart()
  expect((await ask('wobbegongs', { mode: 'semantic' })).hits[0]?.document_id).toBe(id)
  expect(await vectors()).toMatchObject({ embedder: 'remote', searched: 'builtin' })
  fake.embedded.clear()
  await fake.up()
  await expect.poll(vectors, waiting).toEqual(complete)
  const made = [...fake.embedded.keys()].filter((text) => text.includes('\n\n'))
  expect(made).toEqual(['Wobbegong\n\nWobbegong\n\nIt glides.'])
})

test.for([
  ['lost', (path: string) => rmSync(path)],
  ['cut to half', (path: string) => truncateSync(path, 20_000)],
  ['another user’s', (path: string) => copyFileSync(join(dataDir, 'ben', 'vecs.db'), path)],
] as const)('a vecs.db that is %s: words serve, vectors are made again', async ([, damage]) => {
  const ben = new Client(server.url, await signToken(secret, 'ben'))
  await ben.settled((await ben.upload('b.md', note('# Ben\n\nHis own harpooner.'))).id)
  await server.stop()
  damage(join(directory, 'vecs.db'))
  await start()
  const { hits } = await ask('harpooner')
  expect(hits).toHaveLength(1)
  await expect.poll(vectors, waiting).toEqual(complete)
  expect((await ask('harpooner')).mode).toBe('hybrid')
  expect((await ask('harpooner', { mode: 'semantic' })).hits).not.toHaveLength(0)
})

test('a reranker orders the best hits anew, unless it is asked not to, or fails', async () => {
  await restart({ EMBEDDINGS_MODEL: 'one', RERANK_URL: fake.url, RERANK_TIMEOUT_MS: '300' })
  const asked = await ask('ship3 sails')
  expect(asked.reranked).toBe(true)
  const scores = asked.hits.map((hit) => hit.rerank_score ?? -1)
  expect(scores).toEqual(scores.toSorted((a, b) => b - a))
  const off = await ask('ship3 sails', { rerank: false })
  expect(off.reranked).toBe(false)
  expect(off.hits[0]).not.toHaveProperty('rerank_score')
  fake.script({ kind: 'status', status: 500 })
  expect((await ask('ship3 sails', { mode: 'keyword' })).reranked).toBe(false)
})
