/** Vectors of questions: cached, shared, and never waited for longer than the deadline. */
import { expect, test, vi } from 'vitest'
import { QueryEmbeddings, type QueryLimits } from '../../src/rag/query-embeddings.ts'
import type { FakeEndpoint } from '../fake-endpoint.ts'
import { client, endpoint, expectQuiet, FastClock, faultOf, openTimers } from './harness.ts'

function queries(
  fake: FakeEndpoint,
  limits: Partial<QueryLimits> = {},
): { queries: QueryEmbeddings; clock: FastClock } {
  const clock = new FastClock()
  // Far beyond any test: a slow machine must not look like a slow endpoint.
  const patient = { deadlineMs: 20_000, ...limits }
  const embeddings = client(fake, { clock })
  return { queries: new QueryEmbeddings({ embeddings, limits: patient, clock }), clock }
}

const askedFor = (fake: FakeEndpoint, text: string): number =>
  fake.requests.filter(({ texts }) => texts.includes(text)).length

test('asks once, then remembers, for that scope and that space only', async () => {
  const fake = await endpoint({ dimensions: 64 })
  const { queries: asked, clock } = queries(fake)
  const first = await asked.embed('alice', 'where is the cat')
  expect(first).toMatchObject({ fingerprint: expect.stringMatching(/^remote-/) })
  expect(await asked.embed('alice', 'where is the cat')).toEqual(first)
  expect(askedFor(fake, 'where is the cat')).toBe(1)
  expect(await asked.embed('bob', 'where is the cat')).toEqual(first)
  expect(askedFor(fake, 'where is the cat')).toBe(2)
  // The model is exchanged, and somebody notices.
  fake.manners.weights = 'second'
  await vi.waitFor(async () => {
    clock.advance(60_000)
    await asked.embed('alice', 'another question')
    const later = await asked.embed('alice', 'where is the cat')
    expect('fingerprint' in later && later.fingerprint).not.toBe(
      'fingerprint' in first && first.fingerprint,
    )
    expect(later).toHaveProperty('vector')
  })
})

test('the same question at the same moment is one request', async () => {
  const fake = await endpoint({ delayMs: 20 })
  const { queries: asked } = queries(fake)
  const answers = await Promise.all([1, 2, 3].map(() => asked.embed('alice', 'why')))
  expect(new Set(answers).size).toBe(1)
  expect(askedFor(fake, 'why')).toBe(1)
})

test('the cache is bounded in bytes', async () => {
  const fake = await endpoint({ dimensions: 16 })
  const { queries: asked } = queries(fake, { cacheBytesMax: 2 * 64 })
  for (const text of ['a', 'b', 'c', 'a']) await asked.embed('alice', text)
  expect(askedFor(fake, 'a')).toBe(2)
  expect(askedFor(fake, 'c')).toBe(1)
})

test('after the deadline the answer is no; after several nobody waits; a late answer is kept', async () => {
  const fake = await endpoint()
  const { queries: asked, clock } = queries(fake, { deadlineMs: 30 })
  fake.manners.fault = { kind: 'hang' }
  for (const text of ['one', 'two', 'three'])
    expect(faultOf(await asked.embed('alice', text))).toMatchObject({ kind: 'timeout' })
  const found = faultOf(await asked.embed('alice', 'four'))
  expect(found.kind).toBe('unavailable')
  expect(found.sentence).toContain('too slow for questions')
  fake.manners.fault = undefined
  await fake.down()
  await fake.up()
  clock.advance(60_000)
  // The one that may try again, given time enough.
  await vi.waitFor(async () => {
    clock.advance(60_000)
    expect(await asked.embed('alice', 'five')).toHaveProperty('vector')
  })
})

test('an endpoint that is down is a fault at once, and an empty question asks nobody', async () => {
  const fake = await endpoint()
  const { queries: asked } = queries(fake)
  expect(faultOf(await asked.embed('alice', ' \n')).kind).toBe('refused')
  await fake.down()
  expect(faultOf(await asked.embed('alice', 'why')).sentence).toContain('does not listen')
  expect(fake.requests).toHaveLength(0)
})

test('too many questions at once are told so', async () => {
  const fake = await endpoint({ fault: { kind: 'hang' } })
  const { queries: asked } = queries(fake, { deadlineMs: 40, inFlightMax: 2 })
  const answers = await Promise.all(['a', 'b', 'c'].map((text) => asked.embed('alice', text)))
  expect(answers.map((answer) => faultOf(answer).kind)).toEqual([
    'timeout',
    'timeout',
    'unavailable',
  ])
})

test('an abort is the caller’s reason, and leaves no timer', async () => {
  const before = openTimers()
  const fake = await endpoint({ fault: { kind: 'hang' } })
  const embeddings = client(fake)
  const asked = new QueryEmbeddings({ embeddings })
  const controller = new AbortController()
  const answer = asked.embed('alice', 'why', controller.signal)
  await vi.waitFor(() => expect(fake.requests.length).toBeGreaterThan(0))
  controller.abort(new Error('enough'))
  await expect(answer).rejects.toThrow('enough')
  embeddings.close()
  await expectQuiet(fake)
  expect(faultOf(await asked.embed('alice', 'why')).sentence).toContain('shutting down')
  expect(openTimers()).toBeLessThanOrEqual(before)
})
