/** The rerank client: both shapes of the protocol, and no order rather than a wrong one. */
import { expect, test } from 'vitest'
import type { EndpointFault } from '../../src/rag/endpoint-fault.ts'
import { Reranker, type RerankLimits } from '../../src/rag/rerank.ts'
import type { FakeEndpoint } from '../fake-endpoint.ts'
import type { Fault } from '../fake-faults.ts'
import { endpoint, expectQuiet, FastClock } from './harness.ts'

const documents = ['a dog', 'the cat sat', 'the cat']

function reranker(
  fake: FakeEndpoint,
  limits: Partial<RerankLimits> = {},
): { reranker: Reranker; faults: EndpointFault[]; clock: FastClock } {
  const faults: EndpointFault[] = []
  const clock = new FastClock()
  const options = { url: fake.url, model: 'reranker', apiKey: 'key', clock, random: () => 1 }
  return {
    reranker: new Reranker({
      ...options,
      limits: { timeoutMs: 20_000, ...limits },
      onFault: (fault) => faults.push(fault),
    }),
    faults,
    clock,
  }
}

test('orders by score, ties by the order given', async () => {
  const fake = await endpoint()
  const ranked = await reranker(fake).reranker.rerank('the cat sat', documents)
  expect(ranked).toEqual([
    { index: 1, score: 3 },
    { index: 2, score: 2 },
    { index: 0, score: 0 },
  ])
  expect(fake.requests[0]).toMatchObject({
    url: '/rerank',
    authorization: 'Bearer key',
    body: { model: 'reranker', query: 'the cat sat', documents, top_n: 3 },
  })
})

test('speaks to text-embeddings-inference after one refusal, and remembers', async () => {
  const fake = await endpoint({ rerankShape: 'texts' })
  const { reranker: client, faults } = reranker(fake)
  expect((await client.rerank('the cat', documents))?.[0]).toEqual({ index: 1, score: 2 })
  expect(fake.requests).toHaveLength(2)
  await client.rerank('the cat', documents)
  expect(fake.requests).toHaveLength(3)
  expect(faults).toEqual([])
})

test('sends no more than its limits allow', async () => {
  const fake = await endpoint()
  const { reranker: client } = reranker(fake, { documentsMax: 2, charactersMax: 5 })
  expect(await client.rerank('the cat sat', documents)).toHaveLength(2)
  expect(fake.requests[0]?.body).toMatchObject({ query: 'the c', documents: ['a dog', 'the c'] })
  expect(await client.rerank('the cat', [])).toEqual([])
})

const status = (body: unknown): Fault => ({
  kind: 'status',
  status: 200,
  body: JSON.stringify(body),
})
const wrong: readonly [string, Fault, RegExp][] = [
  ['nothing', status({ ok: true }), /without `results`/],
  ['an empty list', status({ results: [] }), /ranked nothing/],
  ['a strange index', status({ results: [{ index: 7, relevance_score: 1 }] }), /not given/],
  ['an index twice', status([0, 0].map((index) => ({ index, score: 1 }))), /one twice/],
  ['no score', status([{ index: 0, score: null }]), /no finite score/],
  ['null', status([null]), /not given/],
  ['html', { kind: 'html' }, /web page/],
  ['a gigabyte', { kind: 'gigabyte' }, /cut off/],
  ['500', { kind: 'status', status: 500 }, /failed \(500\)/],
  ['a lost connection', { kind: 'reset' }, /closed the connection/],
]

test.each(wrong)('%s is no order, and a reason', async (_name, fault, sentence) => {
  const fake = await endpoint({ fault })
  const { reranker: client, faults } = reranker(fake)
  expect(await client.rerank('the cat', documents)).toBeUndefined()
  expect(faults.map((found) => found.sentence)).toEqual([expect.stringMatching(sentence)])
  await expectQuiet(fake)
})

test('a slow endpoint costs the timeout three times, then nothing, then it is tried again', async () => {
  const fake = await endpoint({ fault: { kind: 'hang' } })
  const { reranker: client, faults, clock } = reranker(fake, { timeoutMs: 30 })
  for (let tries = 0; tries < 4; tries++) await client.rerank('the cat', documents)
  expect(faults.map(({ kind }) => kind)).toEqual(['timeout', 'timeout', 'timeout', 'unavailable'])
  expect(fake.requests).toHaveLength(3)
  await expectQuiet(fake)
  clock.advance(10_000)
  fake.manners.fault = { kind: 'status', status: 503 }
  await client.rerank('the cat', documents)
  expect(fake.requests).toHaveLength(4)
})

test('more at once than allowed do without, and an abort is the caller’s reason', async () => {
  const fake = await endpoint({ fault: { kind: 'hang' } })
  const { reranker: client, faults } = reranker(fake, { concurrencyMax: 1 })
  const controller = new AbortController()
  const first = client.rerank('the cat', documents, controller.signal)
  expect(await client.rerank('the cat', documents)).toBeUndefined()
  expect(faults[0]?.sentence).toContain('Too many searches')
  controller.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  await expectQuiet(fake)
})
