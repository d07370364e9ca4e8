/** Which hits are shown: places, not passages, and more than one document. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DiversityOptions, diverse, type Place } from '../../src/search/diversity.ts'

interface Hit {
  readonly id: number
  readonly score: number
}

/** Passages of a hundred characters, each beginning ten before the last one's end; a hundred ids a document. */
const placeOf = ({ id }: Hit): Place => {
  const at = (id % 100) * 90
  return { document: Math.floor(id / 100), spans: [{ page: 1, start: at, end: at + 100 }] }
}
const hitsOf = (...pairs: readonly (readonly [id: number, score: number])[]): Hit[] =>
  pairs.map(([id, score]) => ({ id, score }))
const show = (hits: readonly Hit[], options: Partial<DiversityOptions<Hit>> = {}) =>
  diverse(hits, { limit: 10, placeOf, isDiverse: true, ...options }).map(({ hit, more }) => [
    hit.id,
    ...more.map(({ id }) => id),
  ])

test('of neighbours that share text the best is shown and names the others', () => {
  const hits = hitsOf([12, 1], [11, 0.9], [14, 0.8], [13, 0.7], [15, 0.6])
  expect(show(hits)).toEqual([
    [12, 11, 13],
    [14, 15],
  ])
  expect(show(hits, { isDiverse: false })).toEqual([[12], [11], [14], [13], [15]])
})

test('neighbouring ids that share no text are hits of their own: another document, another page, a gap', () => {
  expect(show(hitsOf([99, 1], [100, 0.9]))).toEqual([[99], [100]])
  const pages = ({ id }: Hit) => ({ document: 1, spans: [{ page: id, start: 0, end: 100 }] })
  expect(show(hitsOf([1, 1], [2, 0.9]), { placeOf: pages })).toEqual([[1], [2]])
  const gaps = ({ id }: Hit) => ({
    document: 1,
    spans: [{ page: 1, start: id * 200, end: id * 200 + 100 }],
  })
  expect(show(hitsOf([1, 1], [2, 0.9]), { placeOf: gaps })).toEqual([[1], [2]])
})

test('from its fourth hit on a document gives way to others that are nearly as good, and to no others', () => {
  const book = [10, 20, 30, 40, 50].map((id, at) => [id, 1 - at / 100] as const)
  const others = hitsOf(...book, [110, 0.9], [210, 0.8])
  expect(show(others)).toEqual([[10], [20], [30], [110], [40], [50], [210]])
  expect(show(others, { isDiverse: false }).flat()).toEqual(others.map(({ id }) => id))
  expect(show(others, { limit: 4 }).flat()).toEqual([10, 20, 30, 110])
})

test('a bound on hits of one document holds with and without', () => {
  const hits = hitsOf([10, 1], [20, 0.9], [30, 0.8], [110, 0.1])
  for (const isDiverse of [true, false])
    expect(show(hits, { perDocumentMax: 2, isDiverse }).flat()).toEqual([10, 20, 110])
})

test('passages that are gone are passed over', () => {
  const gone = (hit: Hit) => (hit.id === 10 ? undefined : placeOf(hit))
  expect(show(hitsOf([10, 1], [20, 0.9]), { placeOf: gone })).toEqual([[20]])
})

test('every hit is shown or named once, and one passage a document leaves the order as it is', () => {
  const ids = fc.uniqueArray(fc.nat(400), { maxLength: 60 })
  fc.assert(
    fc.property(ids, (found) => {
      const hits = found.map((id, at) => ({ id, score: 1 / (at + 1) }))
      const all = show(hits, { limit: 100 }).flat()
      expect([...all].sort((a, b) => a - b)).toEqual([...found].sort((a, b) => a - b))
      const apart = (hit: Hit) => ({ ...placeOf(hit), document: hit.id })
      expect(show(hits, { limit: 100, placeOf: apart }).flat()).toEqual(found)
    }),
  )
})
