/** Fusion: what any fair way of adding rankings must keep. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Arm, type ArmHit, fuse } from '../../src/search/fusion.ts'

const armHits = fc
  .uniqueArray(
    fc.record({ id: fc.integer({ min: 1, max: 40 }), score: fc.integer({ min: -50, max: 50 }) }),
    { selector: (hit) => hit.id, maxLength: 30 },
  )
  .map((hits) => hits.sort((a, b) => b.score - a.score || a.id - b.id))
const methods = fc.constantFrom('min-max' as const, 'rrf' as const)

function arm(name: string, hits: readonly ArmHit[], weight = 0.5): Arm {
  return { name, weight, hits }
}

test('an arm alone keeps its order', () => {
  fc.assert(
    fc.property(armHits, methods, (hits, method) => {
      const fused = fuse([arm('a', hits)], method)
      expect(fused.map((hit) => hit.id)).toEqual(hits.map((hit) => hit.id))
    }),
  )
})

test('a hit that no arm ranks lower, and one ranks higher, stands higher', () => {
  fc.assert(
    fc.property(armHits, armHits, methods, (first, second, method) => {
      const fused = fuse([arm('a', first), arm('b', second)], method)
      const place = new Map(fused.map((hit, index) => [hit.id, index]))
      const both = first.filter(({ id }) => second.some((hit) => hit.id === id))
      const scoreIn = (hits: readonly ArmHit[], id: number) =>
        hits.find((hit) => hit.id === id)?.score ?? 0
      for (const x of both)
        for (const y of both)
          if (x.score > y.score && scoreIn(second, x.id) > scoreIn(second, y.id))
            expect(place.get(x.id)).toBeLessThan(place.get(y.id) ?? -1)
    }),
  )
})

test('every hit of every arm is there once, and its score is the sum of its explained shares', () => {
  fc.assert(
    fc.property(armHits, armHits, methods, (first, second, method) => {
      const fused = fuse([arm('a', first, 0.7), arm('b', second, 0.3)], method)
      const ids = new Set([...first, ...second].map((hit) => hit.id))
      expect(fused.map((hit) => hit.id).sort()).toEqual([...ids].sort())
      for (const { id, score, arms } of fused) {
        expect(arms.map((share) => share.arm)).toEqual(['a', 'b'])
        expect(arms.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(score, 12)
        const rank = first.findIndex((hit) => hit.id === id) + 1
        expect(arms[0]?.rank).toBe(rank || null)
        expect(arms[0]?.score).toBe(first[rank - 1]?.score ?? null)
      }
    }),
  )
})

test('min-max does not care for the scale of an arm, nor the order of the arms', () => {
  fc.assert(
    fc.property(armHits, armHits, fc.integer({ min: 1, max: 1000 }), (first, second, factor) => {
      const scaled = second.map(({ id, score }) => ({ id, score: score * factor + 7 }))
      const [plain, other] = [second, scaled].map((hits) => fuse([arm('a', first), arm('b', hits)]))
      const turned = fuse([arm('b', second), arm('a', first)])
      const scores = (hits: typeof turned) =>
        hits.map((hit) => [hit.id, expect.closeTo(hit.score, 9)])
      expect(new Map(other?.map((hit) => [hit.id, hit.score]))).toEqual(
        new Map(scores(plain ?? []) as never),
      )
      expect(turned.map((hit) => hit.id)).toEqual(plain?.map((hit) => hit.id))
    }),
  )
})

test('a weight of zero leaves the other arm’s order', () => {
  const first = [10, 9, 8].map((score, i) => ({ id: i + 1, score }))
  const second = [5, 4, 3].map((score, i) => ({ id: 3 - i, score }))
  const fused = fuse([arm('a', first, 1), arm('b', second, 0)])
  expect(fused.map((hit) => hit.id)).toEqual([1, 2, 3])
})

test('the shares are what is written in the brochure', () => {
  const fused = fuse([
    arm(
      'keyword',
      [
        { id: 1, score: 12 },
        { id: 2, score: 7 },
        { id: 3, score: 2 },
      ],
      0.7,
    ),
    arm(
      'semantic',
      [
        { id: 2, score: 0.9 },
        { id: 4, score: 0.4 },
      ],
      0.3,
    ),
  ])
  expect(fused.map(({ id, score }) => [id, score])).toEqual([
    [1, 0.7],
    [2, expect.closeTo(0.35 + 0.3)],
    [3, 0],
    [4, 0],
  ])
  expect(fused[1]?.arms[1]).toEqual({
    arm: 'semantic',
    rank: 1,
    score: 0.9,
    normalised: 1,
    share: 0.3,
  })
  const byRank = fuse([arm('a', [{ id: 1, score: 5 }], 1)], 'rrf')
  expect(byRank[0]?.score).toBeCloseTo(1 / 61)
})
