/** The heap keeps what sorting would. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Best } from '../../../src/search/vectors/best.ts'

test('the best of any sequence, equal scores by id, in any order of arrival', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 9 })), {
        selector: ([id]) => id,
      }),
      fc.integer({ min: 0, max: 20 }),
      (scored, capacity) => {
        const best = new Best(capacity)
        for (const [id, score] of scored) best.add(id, score)
        const sorted = scored.toSorted(([a, x], [b, y]) => y - x || a - b).slice(0, capacity)
        expect(best.entries()).toEqual(sorted.map(([id, score]) => ({ id, score })))
      },
    ),
  )
})

test('a score below the threshold would not have entered', () => {
  const best = new Best(2)
  expect(best.threshold).toBe(Number.NEGATIVE_INFINITY)
  best.add(1, 5)
  best.add(2, 3)
  best.add(3, 4)
  expect(best.threshold).toBe(4)
  expect(best.ids()).toEqual([1, 3])
})
