/** Which space an endpoint's vectors are in: stable over noise and restarts, different for other weights. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fingerprintOf, isSameSpace, probeText } from '../../src/rag/fingerprint.ts'
import { fakeVector } from '../fake-vector.ts'
import { client, endpoint, FastClock, faultOf } from './harness.ts'

const none = { query: '', document: '' }

function unit(numbers: readonly number[]): Float32Array {
  const norm = Math.hypot(...numbers)
  return Float32Array.from(numbers, (value) => value / norm)
}

test('the last digits of the numbers do not change the space', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.integer({ min: 64, max: 400 }),
      (text, other, dimensions) => {
        const vector = unit(fakeVector(text, dimensions, 'weights'))
        const noise = unit(fakeVector(other, dimensions, 'noise'))
        // Ten times the error of half precision, against a vector of length 1.
        const noisy = unit([...vector].map((value, at) => value + (noise[at] ?? 0) * 0.005))
        expect(isSameSpace(fingerprintOf('m', none, vector), fingerprintOf('m', none, noisy))).toBe(
          true,
        )
      },
    ),
    // Shrinking hundreds of numbers explains nothing.
    { endOnFailure: true },
  )
})

test('other weights, model, dimensions or prefixes are another space', () => {
  const of = (weights: string, dimensions = 384): Float32Array =>
    unit(fakeVector(probeText, dimensions, weights))
  const name = fingerprintOf('m', none, of('a'))
  expect(name).toMatch(/^remote-[0-9a-f]{16}-[0-9a-f]{32}$/)
  expect(isSameSpace(name, name)).toBe(true)
  for (let seed = 0; seed < 50; seed++)
    expect(isSameSpace(name, fingerprintOf('m', none, of(`b${seed}`)))).toBe(false)
  expect(isSameSpace(name, fingerprintOf('n', none, of('a')))).toBe(false)
  expect(isSameSpace(name, fingerprintOf('m', none, of('a', 383)))).toBe(false)
  expect(isSameSpace(name, fingerprintOf('m', { query: 'q', document: '' }, of('a')))).toBe(false)
  expect(isSameSpace(name, 'builtin-1')).toBe(false)
})

test('is measured twice when it is new, once when it is known, and then not for a while', async () => {
  const fake = await endpoint({ dimensions: 64 })
  const clock = new FastClock()
  const embeddings = client(fake, { clock })
  const space = await embeddings.space()
  expect(space).toMatchObject({ dimensions: 64 })
  expect(fake.requests).toHaveLength(2)
  await embeddings.space()
  expect(fake.requests).toHaveLength(2)
  clock.advance(60_000)
  expect(await embeddings.space()).toEqual(space)
  expect(fake.requests).toHaveLength(3)
  const known = 'fingerprint' in space ? [space.fingerprint] : []
  expect(await client(fake, { known }).space()).toEqual(space)
  expect(fake.requests).toHaveLength(4)
})

test('the same name with other weights is noticed, and believed when it lasts', async () => {
  const fake = await endpoint({ dimensions: 64 })
  const clock = new FastClock()
  const embeddings = client(fake, { clock })
  const before = await embeddings.space()
  fake.manners.weights = 'second'
  const wrong = await embeddings.probe()
  expect(faultOf(wrong).sentence).toContain('another vector than before')
  expect(embeddings.current).toBeUndefined()
  clock.advance(59_000)
  expect(await embeddings.space()).toHaveProperty('fault')
  clock.advance(1_000)
  const after = await embeddings.space()
  expect(after).toMatchObject({ dimensions: 64 })
  expect(after).not.toEqual(before)
  expect(embeddings.current).toEqual(after)
})

test('a wrong answer now and then does not make a new space', async () => {
  const fake = await endpoint({ dimensions: 64 })
  const clock = new FastClock()
  const embeddings = client(fake, { clock })
  const before = await embeddings.space()
  for (let times = 0; times < 3; times++) {
    fake.script({ kind: 'dimension', dimensions: 32 })
    expect(await embeddings.probe()).toHaveProperty('fault')
    clock.advance(40_000)
    expect(await embeddings.probe()).toEqual(before)
    expect(embeddings.current).toEqual(before)
  }
})

test('an endpoint whose vectors are chance has no space', async () => {
  const fake = await endpoint({ dimensions: 64 })
  const embeddings = client(fake)
  fake.script({ kind: 'dimension', dimensions: 32 })
  const wrong = await embeddings.probe()
  expect(faultOf(wrong).sentence).toContain('another vector each time')
  expect(embeddings.current).toBeUndefined()
})

test('many who ask at once share one measurement', async () => {
  const fake = await endpoint()
  const embeddings = client(fake)
  const spaces = await Promise.all([embeddings.space(), embeddings.space(), embeddings.probe()])
  expect(new Set(spaces).size).toBe(1)
  expect(fake.requests).toHaveLength(2)
})
