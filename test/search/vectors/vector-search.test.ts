/** Searching vectors: as good as an exact search, never starved by a filter, never behind a write. */
import { expect, test } from 'vitest'
import { Problem } from '../../../src/base/problem.ts'
import { defaultFeedback, withFeedback } from '../../../src/search/vectors/feedback.ts'
import { PlainKernel } from '../../../src/search/vectors/kernel.ts'
import { activateSpace } from '../../../src/search/vectors/spaces.ts'
import { vectorArm } from '../../../src/search/vectors/vector-arm.ts'
import { searchVectors, VectorEngine } from '../../../src/search/vectors/vector-search.ts'
import { deleteVectors, putVectors, readVector } from '../../../src/search/vectors/vector-store.ts'
import { clustered, cosine, emptyVecs, exactNearest, filled, live, newSpace } from './helpers.ts'

const dims = 192
const vectors = clustered(6_000, dims, 11)
const queries = clustered(40, dims, 11).map((vector, i) =>
  vector.map((value, d) => value + 0.3 * (vectors[i * 7 + 500]?.[d] ?? 0)),
)
const library = filled(vectors)

function found(engine: VectorEngine, query: Float32Array, limit = 10): number[] {
  return searchVectors(engine, library, live(library), { vector: query, limit }).map(
    (hit) => hit.id,
  )
}

test('the ten nearest are found in 99 of 100 cases, with their exact cosines, in order', () => {
  const engine = new VectorEngine(1e8)
  let right = 0
  for (const query of queries) {
    const hits = searchVectors(engine, library, live(library), { vector: query, limit: 10 })
    const exact = new Set(exactNearest(vectors, query, 10))
    right += hits.filter((hit) => exact.has(hit.id)).length
    for (const [rank, { id, score }] of hits.entries()) {
      expect(score).toBeCloseTo(cosine(vectors[id - 1] ?? query, query), 5)
      expect(score).toBeLessThanOrEqual(hits[rank - 1]?.score ?? 1)
    }
  }
  expect(right / (queries.length * 10)).toBeGreaterThanOrEqual(0.99)
})

test('with and without SIMD, with and without memory, the hits are the same', () => {
  const engines = [
    new VectorEngine(1e8),
    new VectorEngine(1e8),
    new VectorEngine(0),
    new VectorEngine(30_000),
    new VectorEngine(0, new PlainKernel()),
  ]
  for (const query of queries.slice(0, 4)) {
    const [first, ...others] = engines.map((engine) => found(engine, query, 50))
    for (const other of others) expect(other).toEqual(first)
  }
})

test('a filter never starves the result, however far away its passages are', () => {
  const engine = new VectorEngine(1e8)
  for (const query of queries.slice(0, 5)) {
    const ranked = exactNearest(vectors, query, vectors.length)
    const farthest = new Set(ranked.slice(-300).filter((id) => id % 2 === 0))
    const within = [...farthest].sort((a, b) => a - b).map((id) => ({ first: id, last: id }))
    const hits = searchVectors(engine, library, live(library), { vector: query, limit: 20, within })
    const expected = exactNearest(vectors, query, 20, (id) => farthest.has(id))
    expect(hits.map((hit) => hit.id)).toEqual(expected)
  }
})

test('ranges are honoured at both ends, and an empty filter lets nothing through', () => {
  const engine = new VectorEngine(1e8)
  const query = queries[0] as Float32Array
  const search = (within: { first: number; last: number }[]) =>
    searchVectors(engine, library, live(library), { vector: query, limit: 100, within })
      .map((hit) => hit.id)
      .sort((a, b) => a - b)
  expect(
    search([
      { first: 511, last: 514 },
      { first: 5_999, last: 9_999 },
    ]),
  ).toEqual([511, 512, 513, 514, 5_999, 6_000])
  expect(search([])).toEqual([])
  expect(search([{ first: 7_000, last: 8_000 }])).toEqual([])
})

test('a search sees what was written and deleted since the one before', () => {
  const vecs = filled(vectors.slice(0, 1_500))
  const engine = new VectorEngine(1e8)
  const query = vectors[2_000] as Float32Array
  const first = () => searchVectors(engine, vecs, live(vecs), { vector: query, limit: 1 })[0]?.id
  const before = first()
  putVectors(vecs, live(vecs), [{ id: 9_000, vector: query }])
  expect(first()).toBe(9_000)
  deleteVectors(vecs, live(vecs), [{ first: 9_000, last: 9_000 }])
  expect(first()).toBe(before)
  putVectors(vecs, live(vecs), [{ id: 700, vector: query.map((value) => -value) }])
  putVectors(vecs, live(vecs), [{ id: 700, vector: query }])
  expect(first()).toBe(700)
})

test('two spaces are never mixed', () => {
  const vecs = filled(vectors.slice(0, 100))
  const engine = new VectorEngine(1e8)
  const other = newSpace(vecs, dims, 'other')
  putVectors(vecs, other, [{ id: 5, vector: vectors[50] as Float32Array }])
  const query = { vector: vectors[49] as Float32Array, limit: 200 }
  expect(searchVectors(engine, vecs, live(vecs), query)).toHaveLength(100)
  activateSpace(vecs, 'other')
  expect(searchVectors(engine, vecs, live(vecs), query).map((hit) => hit.id)).toEqual([5])
})

test('memory stays within its bound over many libraries, and is given back', () => {
  const bound = 60_000
  const engine = new VectorEngine(bound)
  const stores = [1, 2, 3, 4, 5].map((seed) => filled(clustered(400, 64, seed)))
  for (let turn = 0; turn < 3; turn++)
    for (const vecs of stores) {
      const [vector] = clustered(1, 64, 9) as [Float32Array]
      expect(searchVectors(engine, vecs, live(vecs), { vector, limit: 5 })).toHaveLength(5)
      expect(engine.cache.bytes).toBeLessThanOrEqual(bound)
      expect(engine.cache.bytes).toBeGreaterThan(0)
    }
  for (const vecs of stores) engine.forget(vecs)
  expect(engine.cache.bytes).toBe(0)
})

test('queries that have no direction, and lists without an end, are refused', () => {
  const engine = new VectorEngine(0)
  const search = (vector: Float32Array, limit: number) => () =>
    searchVectors(engine, library, live(library), { vector, limit })
  const good = queries[0] as Float32Array
  for (const bad of [new Float32Array(dims), good.slice(1), good.with(3, Number.NaN)])
    expect(search(bad, 10)).toThrow(Problem)
  for (const limit of [0, -1, 1.5, 1e6, Number.NaN]) expect(search(good, limit)).toThrow(Problem)
})

test('an empty space has no hits', () => {
  const vecs = emptyVecs()
  const space = newSpace(vecs, 2)
  const query = { vector: Float32Array.of(1, 0), limit: 3 }
  expect(searchVectors(new VectorEngine(0), vecs, space, query)).toEqual([])
})

test('feedback draws the query towards its seeds in proportion to their scores', () => {
  const vecs = filled([Float32Array.of(0, 1, 0), Float32Array.of(0, 0, 1)])
  const query = Float32Array.of(1, 0, 0)
  const seeds = [
    { id: 1, score: 3 },
    { id: 77, score: 5 },
    { id: 2, score: 1 },
  ]
  const moved = withFeedback(vecs, live(vecs), query, seeds, { seeds: 3, weight: 1 })
  const length = Math.hypot(1, 0.75, 0.25)
  expect([...moved]).toEqual([1, 0.75, 0.25].map((value) => expect.closeTo(value / length, 5)))
  expect(withFeedback(vecs, live(vecs), query, seeds, { seeds: 3, weight: 0 })).toEqual(query)
  expect(withFeedback(vecs, live(vecs), query, [], defaultFeedback)).toEqual(query)
})

test('seeds that say the opposite of the query leave it as it is', () => {
  const vecs = filled([Float32Array.of(-1, 0)])
  const query = Float32Array.of(1, 0)
  const moved = withFeedback(vecs, live(vecs), query, [{ id: 1, score: 1 }], defaultFeedback)
  expect(moved).toEqual(query)
})

test('under conditions the arm ranks only what it is given', () => {
  const engine = new VectorEngine(1e8)
  const vector = queries[0] as Float32Array
  const only = [10, 20, 30, 99_999]
  const query = { vector, limit: 10, seeds: [], feedback: defaultFeedback, only }
  const hits = vectorArm(engine, library, live(library), query)
  const expected = exactNearest(vectors, vector, 10, (id) => only.includes(id))
  expect(hits.map((hit) => hit.id)).toEqual(expected)
  expect(readVector(library, live(library), 99_999)).toBeUndefined()
})
