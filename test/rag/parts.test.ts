/** The small parts of the model clients: batches, semaphore, breaker, dissection, messages. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BatchSize, batchesOf } from '../../src/rag/batches.ts'
import { Breaker } from '../../src/rag/breaker.ts'
import { backOffMs, orAborted, systemClock } from '../../src/rag/clock.ts'
import { embedBatch } from '../../src/rag/embed-batch.ts'
import { readEmbeddingAnswer } from '../../src/rag/embedding-answer.ts'
import { fault } from '../../src/rag/endpoint-fault.ts'
import { errorMessageOf, quotable } from '../../src/rag/error-message.ts'
import { Semaphore } from '../../src/rag/semaphore.ts'
import { FastClock } from './harness.ts'

const { signal } = new AbortController()

test('batches hold everything in order, within both limits, and are never empty', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string()),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 40 }),
      (texts, countMax, charactersMax) => {
        const batches = batchesOf(texts, countMax, charactersMax)
        expect(batches.flat()).toEqual(texts)
        for (const batch of batches) {
          expect(batch.length).toBeGreaterThan(0)
          expect(batch.length).toBeLessThanOrEqual(countMax)
          if (batch.length > 1) expect(batch.join('').length).toBeLessThanOrEqual(charactersMax)
        }
      },
    ),
  )
})

test('a learnt batch size only shrinks until it is forgotten', () => {
  const clock = new FastClock()
  const size = new BatchSize(32, clock)
  size.tooMany(10)
  size.tooMany(32)
  expect(size.now).toBe(5)
  size.tooMany(1)
  expect(size.now).toBe(1)
  clock.advance(600_000)
  expect(size.now).toBe(32)
})

test('never more inside than allowed, first come first served, and an abort leaves the line', async () => {
  const semaphore = new Semaphore(2)
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>())
  const entered: number[] = []
  const leaving = new AbortController()
  const runs = gates.map((gate, at) =>
    semaphore.run(at === 3 ? leaving.signal : signal, async () => {
      entered.push(at)
      await gate.promise
    }),
  )
  leaving.abort(new Error('gone'))
  await expect(runs[3]).rejects.toThrow('gone')
  expect(entered).toEqual([0, 1])
  expect(semaphore.waiting).toBe(2)
  gates[1]?.resolve()
  await runs[1]
  expect(entered).toEqual([0, 1, 2])
  for (const gate of gates) gate.resolve()
  await Promise.all(runs.filter((_, at) => at !== 3))
  expect(entered).toEqual([0, 1, 2, 4])
  await semaphore.run(signal, async () => undefined)
})

test('a breaker lets one try, and rests longer when that fails', () => {
  const clock = new FastClock()
  const breaker = new Breaker({ failuresMax: 2, restMs: 100, restMsMax: 300 }, clock, () => 1)
  const fail = (): void => breaker.leave(breaker.enter(), 'failure')
  fail()
  breaker.leave(breaker.enter(), 'success')
  fail()
  expect(breaker.enter().waitMs).toBe(0)
  fail()
  expect(breaker.enter().waitMs).toBe(100)
  clock.advance(100)
  const trial = breaker.enter()
  expect(trial).toEqual({ waitMs: 0, isTrial: true })
  expect(breaker.enter().waitMs).toBeGreaterThan(0)
  breaker.leave(trial, 'failure')
  expect(breaker.enter().waitMs).toBe(200)
  clock.advance(200)
  breaker.leave(breaker.enter(), 'unknown')
  const next = breaker.enter()
  expect(next.isTrial).toBe(true)
  breaker.leave(next, 'success')
  expect(breaker.enter()).toEqual({ waitMs: 0, isTrial: false })
})

test('back-off doubles up to its limit, and half of it is chance', () => {
  expect([1, 2, 3, 9].map((tries) => backOffMs(tries, 10, 60, () => 1))).toEqual([10, 20, 40, 60])
  expect(backOffMs(1, 10, 60, () => 0)).toBe(5)
  expect(backOffMs(5_000, 10, 60, () => 1)).toBe(60)
})

test('a wait ends with the signal, and leaves nothing', async () => {
  const controller = new AbortController()
  const slept = systemClock.sleep(1_000_000, controller.signal)
  const raced = orAborted(new Promise(() => undefined), controller.signal)
  controller.abort(new Error('enough'))
  await expect(slept).rejects.toThrow()
  await expect(raced).rejects.toThrow('enough')
  await expect(orAborted(Promise.resolve(1), controller.signal)).rejects.toThrow('enough')
  expect(await orAborted(Promise.resolve(1), signal)).toBe(1)
})

interface Server {
  readonly poison: ReadonlySet<string>
  readonly lengthMax: number
  readonly countMax: number
  readonly spoils: ReadonlySet<string>
}

/** A server in a few lines: the vector of a text is its length. */
function answer(texts: readonly string[], server: Server): ReturnType<typeof readEmbeddingAnswer> {
  if (texts.length > server.countMax || texts.some((text) => text.length > server.lengthMax))
    return { fault: fault('too_long', 'too long', true) }
  if (texts.some((text) => server.poison.has(text)))
    return { fault: fault('refused', 'poison', true) }
  const data = texts.map((text) => ({
    embedding: server.spoils.has(text) ? [null] : [text.length + 1],
  }))
  return readEmbeddingAnswer({ data }, { who: 'It', count: texts.length, dimensions: 1 })
}

test('whatever a healthy server refuses, every other text gets its vector', async () => {
  const texts = fc.array(fc.string({ maxLength: 30 }), { minLength: 1, maxLength: 40 })
  const count = fc.integer({ min: 1, max: 40 })
  await fc.assert(
    fc.asyncProperty(
      texts,
      fc.array(fc.nat(39)),
      fc.array(fc.nat(39)),
      count,
      fc.integer({ min: 8, max: 30 }),
      async (given, poisoned, spoilt, countMax, lengthMax) => {
        const pick = (at: readonly number[]): Set<string> =>
          new Set(at.map((index) => given[index] ?? ''))
        const server: Server = { poison: pick(poisoned), spoils: pick(spoilt), countMax, lengthMax }
        let asked = 0
        const results = await embedBatch(given, {
          ask: async (part) => {
            asked++
            return answer(part, server)
          },
          isHealthy: async () => true,
          onTooMany: (many) => expect(many).toBeGreaterThan(countMax),
          charactersMin: 4,
        })
        expect(results).toHaveLength(given.length)
        for (const [at, text] of given.entries()) {
          const isBad =
            (server.poison.has(text) || server.spoils.has(text)) && text.length <= lengthMax
          if (isBad) expect(results[at]).toMatchObject({ isRefused: true })
          else if (text.length <= lengthMax)
            expect(results[at]).toEqual({ vector: Float32Array.of(1), isTruncated: false })
          else expect(results[at]).toHaveProperty(results[at]?.vector ? 'isTruncated' : 'fault')
        }
        expect(asked).toBeLessThanOrEqual(given.length * 6)
      },
    ),
  )
})

test('a sick server refuses nobody, and is not asked text by text', async () => {
  let asked = 0
  const results = await embedBatch(['a', 'b', 'c', 'd'], {
    ask: async () => {
      asked++
      return { fault: fault('refused', 'no', true) }
    },
    isHealthy: async () => false,
    onTooMany: () => undefined,
    charactersMin: 4,
  })
  expect(asked).toBe(1)
  expect(results).toHaveLength(4)
  for (const result of results) expect(result).toMatchObject({ isRefused: false })
})

test('no answer makes the reader throw', () => {
  const item = fc.oneof(
    fc.anything(),
    fc.record({ index: fc.anything(), embedding: fc.oneof(fc.anything(), fc.array(fc.double())) }),
  )
  const body = fc.oneof(fc.anything(), fc.record({ data: fc.oneof(fc.anything(), fc.array(item)) }))
  fc.assert(
    fc.property(body, fc.integer({ min: 1, max: 4 }), (value, count) => {
      const read = readEmbeddingAnswer(value, { who: 'It', count, dimensions: undefined })
      if ('fault' in read) return
      expect(read.vectors).toHaveLength(count)
      for (const vector of read.vectors) if (vector) expect(Math.hypot(...vector)).toBeCloseTo(1, 3)
    }),
  )
})

test('finds the words of an error wherever a server puts them', () => {
  expect(errorMessageOf('{"error":{"message":"a","type":"b"}}')).toBe('a · b')
  expect(errorMessageOf('{"error":"a"}')).toBe('a')
  expect(errorMessageOf('{"message":"a","code":1}')).toBe('a')
  expect(errorMessageOf('{"detail":[{"msg":"a","loc":[]}]}')).toContain('a')
  expect(errorMessageOf('plain words')).toBe('plain words')
  expect(errorMessageOf('<html>secret')).toBe('')
  expect(errorMessageOf('')).toBe('')
})

test('a message that repeats a long enough stretch of a text is not quoted', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 30, maxLength: 80 }).filter((text) => /^[\x21-\x7e]+$/.test(text)),
      fc.nat(5),
      (text, from) => {
        expect(quotable(`invalid input: ${text.slice(from, from + 25)} !`, [], [text])).toBe('')
      },
    ),
  )
})
