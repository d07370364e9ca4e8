/** The embeddings client against a real endpoint: every fault ends in vectors or in a reason, text by text. */
import { expect, test } from 'vitest'
import type { Embeddings } from '../../src/rag/embeddings.ts'
import { embeddingsLimits } from '../../src/rag/embeddings.ts'
import { prefixesOf } from '../../src/rag/model-prefixes.ts'
import type { Fault } from '../fake-faults.ts'
import { type LengthStyle, lengthStyles } from '../fake-faults.ts'
import { fakeVector } from '../fake-vector.ts'
import { client, endpoint, expectQuiet, FastClock, faultOf } from './harness.ts'

const numbered = (count: number): string[] => Array.from({ length: count }, (_, at) => `text ${at}`)

function unit(text: string, dimensions = 16, weights = 'first:some-model'): number[] {
  const vector = fakeVector(text, dimensions, weights)
  const norm = Math.hypot(...vector)
  return vector.map((value) => value / norm)
}

/** Each text has the vector of that very text. */
async function expectEmbedded(embeddings: Embeddings, texts: readonly string[]): Promise<void> {
  const results = await embeddings.embed(texts, 'document')
  expect(results).toHaveLength(texts.length)
  for (const [at, text] of texts.entries())
    expect([...(results[at]?.vector ?? [])], text).toEqual(
      unit(text).map((value) => expect.closeTo(value, 5)),
    )
}

test('embeds in batches, asks for plain numbers, gives unit vectors in order', async () => {
  const fake = await endpoint()
  await expectEmbedded(client(fake), numbered(70))
  expect(fake.requests.map(({ texts }) => texts.length)).toEqual([32, 32, 6])
  expect(fake.requests[0]?.body).toMatchObject({ model: 'some-model', encoding_format: 'float' })
})

test('cuts batches by characters too, and keeps the bound on requests at once', async () => {
  const fake = await endpoint({ delayMs: 5 })
  const limits = {
    batchCharactersMax: 20,
    document: { ...embeddingsLimits.document, concurrencyMax: 3 },
  }
  await client(fake, { limits }).embed(numbered(40), 'document')
  expect(fake.requests).toHaveLength(18)
  expect(fake.busyMax).toBe(3)
})

test('nothing to embed asks nothing', async () => {
  const fake = await endpoint()
  expect(await client(fake).embed([], 'document')).toEqual([])
  expect(fake.requests).toHaveLength(0)
})

test.each<Fault>([{ kind: 'shuffled' }, { kind: 'unnumbered' }])(
  '$kind vectors are put in order',
  async (fault) => {
    const fake = await endpoint({ fault })
    if (fault.kind === 'shuffled') await expectEmbedded(client(fake), numbered(5))
    else
      expect(
        (await client(fake).embed(numbered(5), 'document')).every(({ vector }) => vector),
      ).toBe(true)
  },
)

const lasting: readonly [Fault, RegExp][] = [
  [{ kind: 'base64' }, /base64/],
  [{ kind: 'count', count: 2 }, /answered 2 vectors for 3 texts/],
  [{ kind: 'numbered_twice' }, /numbered its vectors wrongly/],
  [{ kind: 'error_inside' }, /200 with an error inside/],
  [{ kind: 'no_data' }, /without `data`/],
  [{ kind: 'html' }, /web page/],
  [{ kind: 'truncated' }, /not JSON/],
  [{ kind: 'half' }, /before its answer was whole/],
  [{ kind: 'reset' }, /closed the connection/],
  [{ kind: 'hang' }, /did not answer within/],
  [{ kind: 'gigabyte' }, /was cut off/],
  [{ kind: 'dimension', dimensions: 20_000 }, /at most 4096/],
  [{ kind: 'numbers', as: 'null' }, /missing, not finite or all zero/],
  [{ kind: 'numbers', as: 'string' }, /missing, not finite or all zero/],
  [{ kind: 'numbers', as: 'zero' }, /missing, not finite or all zero/],
  [{ kind: 'numbers', as: 'huge' }, /missing, not finite or all zero/],
  [{ kind: 'numbers', as: 'nan' }, /not finite/],
  [{ kind: 'status', status: 500 }, /failed \(500\)/],
  [{ kind: 'status', status: 503 }, /failed \(503\)/],
  [{ kind: 'status', status: 400 }, /refused the request/],
  [{ kind: 'status', status: 401 }, /API key/],
  [{ kind: 'status', status: 404 }, /address or model/],
  [{ kind: 'status', status: 429 }, /fewer requests/],
]

test.each(lasting)(
  'an endpoint that always answers %o is to blame, not the texts',
  async (fault, sentence) => {
    const fake = await endpoint({ fault })
    const clock = new FastClock()
    const timeoutMs = fault.kind === 'hang' ? 40 : 10_000
    const limits = { timeoutMs, answerBytesMax: 2_000_000 }
    const embeddings = client(fake, { clock, limits })
    const results = await embeddings.embed(numbered(3), 'document')
    for (const result of results) {
      expect(faultOf(result).sentence).toMatch(sentence)
      expect(result).toMatchObject({ isRefused: false })
    }
    expect(fake.requests.length).toBeLessThanOrEqual(8)
    await expectQuiet(fake)
    // It comes back, and so do we, once the breaker lets somebody try.
    fake.manners.fault = undefined
    fake.embedded.clear()
    await expectEmbeddedSoon(embeddings, clock, numbered(3))
    expect([...fake.embedded].filter(([text]) => text.startsWith('text'))).toEqual(
      numbered(3).map((text) => [text, 1]),
    )
  },
)

async function expectEmbeddedSoon(
  embeddings: Embeddings,
  clock: FastClock,
  texts: readonly string[],
): Promise<void> {
  clock.advance(120_000)
  await expectEmbedded(embeddings, texts)
}

test('another dimension than the space has is refused, and the space measured anew', async () => {
  const fake = await endpoint()
  const embeddings = client(fake)
  await embeddings.space()
  fake.script({ kind: 'dimension', dimensions: 24 })
  const [result] = await embeddings.embed(['text'], 'document')
  expect(faultOf(result ?? {}).sentence).toContain('answered 24 dimensions where 16 were expected')
  const asked = fake.requests.length
  await embeddings.space()
  expect(fake.requests).toHaveLength(asked + 1)
})

test('waits as long as the endpoint says', async () => {
  const fake = await endpoint()
  const clock = new FastClock()
  fake.script({ kind: 'status', status: 429, headers: { 'retry-after': '9' } })
  await expectEmbedded(client(fake, { clock }), ['text'])
  expect(clock.slept.some((ms) => ms >= 9_000 && ms < 10_000)).toBe(true)
  fake.script({ kind: 'status', status: 503, headers: { 'retry-after': '600' } })
  const embeddings = client(fake, { clock })
  const [result] = await embeddings.embed(['text'], 'document')
  expect(faultOf(result ?? {})).toMatchObject({ kind: 'unavailable', retryAfterMs: 600_000 })
})

test('backs off between tries, longer each time', async () => {
  const fake = await endpoint()
  const clock = new FastClock()
  fake.script({ kind: 'status', status: 503 }, { kind: 'reset' })
  await expectEmbedded(client(fake, { clock }), ['text'])
  expect(clock.slept).toEqual([375, 750])
})

test('the breaker opens, nobody asks, one tries, and it closes', async () => {
  const fake = await endpoint({ fault: { kind: 'status', status: 503 } })
  const clock = new FastClock()
  const embeddings = client(fake, { clock })
  for (let tries = 0; tries < 3; tries++) await embeddings.embed(['text'], 'document')
  const asked = fake.requests.length
  expect(asked).toBe(5)
  const [blocked] = await embeddings.embed(['text'], 'document')
  expect(faultOf(blocked ?? {}).sentence).toMatch(/503.*left alone for \d+ s/)
  expect(faultOf((await embeddings.embed(['why'], 'query'))[0] ?? {})).toHaveProperty(
    'retryAfterMs',
  )
  expect(fake.requests).toHaveLength(asked)
  clock.advance(5_000)
  await embeddings.embed(['text'], 'document')
  expect(fake.requests).toHaveLength(asked + 1)
  clock.advance(10_000)
  fake.manners.fault = undefined
  await expectEmbedded(embeddings, ['text'])
})

test.each(Object.keys(lengthStyles) as LengthStyle[])(
  '%s: one long text is cut, the others are not',
  async (lengthStyle) => {
    const fake = await endpoint({ charactersMax: 300, lengthStyle })
    const long = 'word '.repeat(300)
    const texts = [...numbered(10), long, ...numbered(20).slice(10)]
    const results = await client(fake).embed(texts, 'document')
    expect(results.map((result) => result.vector && result.isTruncated)).toEqual(
      texts.map((text) => text === long),
    )
    // 1500 characters: 750, 375, then 200, the least.
    expect([...(results[10]?.vector ?? [])]).toEqual(
      unit(long.slice(0, 200)).map((value) => expect.closeTo(value, 5)),
    )
    for (const text of numbered(20)) expect(fake.embedded.get(text), text).toBe(1)
  },
)

test('a text that is too long however short it is cut is refused, and the rest embedded', async () => {
  const fake = await endpoint({ charactersMax: 150 })
  const results = await client(fake).embed([...numbered(3), '長'.repeat(900)], 'document')
  expect(results.map(({ vector }) => vector !== undefined)).toEqual([true, true, true, false])
  expect(results[3]).toMatchObject({ isRefused: true, fault: { kind: 'too_long' } })
})

test('a cut never leaves half a character', async () => {
  const fake = await endpoint({ charactersMax: 300 })
  await client(fake).embed([`a${'😀'.repeat(400)}`], 'document')
  for (const { texts } of fake.requests.slice(1)) expect(texts[0]).not.toMatch(/\ufffd/)
})

test('lone surrogates never go over the wire', async () => {
  const fake = await endpoint()
  await client(fake).embed(['a\ud800b'], 'document')
  expect(fake.requests[0]?.texts).toEqual(['a\ufffdb'])
})

test('a batch that is too large as a whole is learnt from, and forgotten later', async () => {
  const fake = await endpoint({ batchMax: 10 })
  const clock = new FastClock()
  const embeddings = client(fake, { clock })
  await expectEmbedded(embeddings, numbered(32))
  fake.requests.length = 0
  await expectEmbedded(embeddings, numbered(32))
  expect(fake.requests.map(({ texts }) => texts.length)).toEqual([8, 8, 8, 8])
  fake.manners.batchMax = 100
  clock.advance(600_000)
  fake.requests.length = 0
  await expectEmbedded(embeddings, numbered(32))
  expect(fake.requests).toHaveLength(1)
})

test('a poisonous text is found and refused; the others are embedded', async () => {
  const fake = await endpoint({ poison: /text 7$/ })
  const results = await client(fake).embed(numbered(32), 'document')
  expect(results.flatMap(({ vector }, at) => (vector ? [] : [at]))).toEqual([7])
  expect(results[7]).toMatchObject({ isRefused: true })
  for (const at of [0, 6, 8, 31]) expect(fake.embedded.get(`text ${at}`)).toBe(1)
})

test('one spoilt vector costs one more request, not the batch', async () => {
  const fault: Fault = { kind: 'numbers', as: 'null', of: /text 3$/ }
  const fake = await endpoint({ fault })
  const results = await client(fake).embed(numbered(8), 'document')
  expect(results.flatMap(({ vector }, at) => (vector ? [] : [at]))).toEqual([3])
  expect(results[3]).toMatchObject({ isRefused: true })
  expect(fake.embedded.get('text 4')).toBe(1)
})

test('prefixes go before the text, by kind', async () => {
  const fake = await endpoint()
  const embeddings = client(fake, { model: 'intfloat/multilingual-e5-small' })
  await embeddings.embed(['cat'], 'query')
  await embeddings.embed(['cat'], 'document')
  expect(fake.requests.map(({ texts }) => texts[0])).toEqual(['query: cat', 'passage: cat'])
  const own = client(fake, { model: 'e5', prefixes: { query: 'Q ', document: '' } })
  await own.embed(['cat'], 'query')
  expect(fake.requests.at(-1)?.texts).toEqual(['Q cat'])
})

test('knows the families by name', () => {
  expect(prefixesOf('nomic-embed-text:latest').query).toBe('search_query: ')
  expect(prefixesOf('text-embedding-3-small')).toEqual({ query: '', document: '' })
  expect(prefixesOf('BAAI/bge-m3')).toEqual({ query: '', document: '' })
  expect(prefixesOf('BAAI/bge-small-en-v1.5').query).toContain('Represent this sentence')
  expect(prefixesOf('bge-large-zh').query).toContain('为这个句子')
  expect(prefixesOf('intfloat/e5-base-v2').document).toBe('passage: ')
  expect(prefixesOf('multilingual-e5-large-instruct').query).toMatch(/^Instruct: /)
  expect(prefixesOf('mxbai-embed-large').query).toContain('Represent this sentence')
  expect(prefixesOf('snowflake-arctic-embed2').query).toBe('query: ')
  expect(prefixesOf('embeddinggemma:300m').document).toBe('title: none | text: ')
})

test('an abort ends all requests with the caller’s reason, and close ends the rest', async () => {
  const fake = await endpoint({ fault: { kind: 'hang' } })
  const embeddings = client(fake)
  const controller = new AbortController()
  const asked = embeddings.embed(numbered(200), 'document', controller.signal)
  const closed = embeddings.embed(['other'], 'query')
  controller.abort(new Error('enough'))
  await expect(asked).rejects.toThrow('enough')
  embeddings.close()
  await expect(closed).rejects.toThrow()
  await expectQuiet(fake)
})
