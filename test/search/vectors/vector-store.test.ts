/** Vectors in vecs.db: exact, refused when they say nothing, gone when deleted; spaces beside one another. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { Problem } from '../../../src/base/problem.ts'
import { type Db, openDb } from '../../../src/base/sqlite.ts'
import { seededRandom } from '../../../src/search/vectors/random.ts'
import { reclaimPages } from '../../../src/search/vectors/reclaim.ts'
import {
  activateSpace,
  dropSpace,
  liveSpace,
  openSpace,
  spaces,
  sweepDropped,
} from '../../../src/search/vectors/spaces.ts'
import {
  compactBlocks,
  compareStored,
  deleteVectors,
  putVectors,
  readVector,
  readVectors,
  storedRanges,
} from '../../../src/search/vectors/vector-store.ts'
import { vectorsSql } from '../../../src/tenancy/migrations/vectors.ts'
import { clustered, cosine, emptyVecs, filled, gaussian, live, newSpace } from './helpers.ts'

const dims = 24

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
  return 'none'
}

function count(vecs: Db, table: 'vectors' | 'vector_blocks' | 'embedder_terms'): number {
  return vecs.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n ?? -1
}

test('vectors come back as unit vectors of the same direction, under exact ids', () => {
  const vecs = emptyVecs()
  const space = newSpace(vecs, dims)
  const random = seededRandom(1)
  const far = 2 ** 36 - 1
  const [a, b] = [gaussian(random, dims), gaussian(random, dims)]
  putVectors(vecs, space, [
    { id: far, vector: b },
    { id: 1, vector: a },
  ])
  const stored = readVectors(vecs, space, [1, far, 77])
  expect([...stored.keys()].sort()).toEqual([1, far])
  expect(Math.hypot(...(stored.get(far) ?? []))).toBeCloseTo(1, 6)
  expect(cosine(stored.get(far) ?? a, b)).toBeCloseTo(1, 6)
  expect(readVector(vecs, space, 2)).toBeUndefined()
  expect(storedRanges(vecs, space)).toEqual([
    { first: 1, last: 1 },
    { first: far, last: far },
  ])
})

test('what has no direction is refused, and nothing of its batch is stored', () => {
  const vecs = emptyVecs()
  const space = newSpace(vecs, 3)
  const good = { id: 1, vector: Float32Array.of(1, 2, 3) }
  const bad = [[1, 2], [1, 2, 3, 4], [], [0, 0, 0], [1, Number.NaN, 1], [1, Infinity, 1]]
  for (const numbers of bad)
    expect(
      codeOf(() => putVectors(vecs, space, [good, { id: 2, vector: Float32Array.from(numbers) }])),
    ).toBe('invalid_request')
  expect(count(vecs, 'vectors')).toBe(0)
  expect(count(vecs, 'vector_blocks')).toBe(0)
})

test('dimensions that cannot be are refused, and so are others than before', () => {
  const vecs = emptyVecs()
  for (const number of [0, -1, 1.5, 5000, Number.NaN])
    expect(codeOf(() => newSpace(vecs, number))).toBe('invalid_request')
  newSpace(vecs, 8)
  expect(codeOf(() => newSpace(vecs, 9))).toBe('invalid_request')
})

test('any sequence of puts and deletes leaves exactly what a map would hold', () => {
  const operation = fc.oneof(
    fc.record({ put: fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 700 }) }),
    fc.record({
      first: fc.integer({ min: 1, max: 3_000 }),
      size: fc.integer({ min: 0, max: 900 }),
    }),
    fc.constant('compact' as const),
  )
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 10 }), (operations) => {
      const vecs = emptyVecs()
      newSpace(vecs, 2)
      const expected = new Set<number>()
      const space = () => spaces(vecs)[0] as ReturnType<typeof live>
      for (const step of operations) {
        if (step === 'compact') while (compactBlocks(vecs, space(), 2));
        else if ('put' in step) {
          putVectors(
            vecs,
            space(),
            step.put.map((id) => ({ id, vector: Float32Array.of(1, id) })),
          )
          for (const id of step.put) expected.add(id)
        } else {
          const last = step.first + step.size
          const there = [...expected].filter((id) => id >= step.first && id <= last)
          expect(deleteVectors(vecs, space(), [{ first: step.first, last }])).toBe(there.length)
          for (const id of there) expected.delete(id)
        }
      }
      const runs = storedRanges(vecs, space())
      const ids = runs.flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, i) => first + i),
      )
      expect(ids).toEqual([...expected].sort((a, b) => a - b))
      expect(count(vecs, 'vectors')).toBe(expected.size)
      expect(space().passages).toBe(expected.size)
    }),
    { numRuns: 30 },
  )
})

test('what is missing and what is too much', () => {
  const vecs = filled(clustered(10, dims, 1))
  expect(
    compareStored(vecs, live(vecs), [
      { first: 3, last: 5 },
      { first: 9, last: 12 },
    ]),
  ).toEqual({
    missing: [{ first: 11, last: 12 }],
    orphans: [
      { first: 1, last: 2 },
      { first: 6, last: 8 },
    ],
  })
})

test('after deleting every other document the blocks are few again and the file is smaller', () => {
  const directory = mkdtempSync(join(tmpdir(), 'carrel-vectors-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'vecs.db')
  const vecs = openDb(path, {
    mode: 'create',
    synchronous: 'NORMAL',
    applicationId: 1,
    migrations: [vectorsSql],
  })
  // Changing this of a file that has tables takes a VACUUM.
  vecs.script('PRAGMA auto_vacuum = INCREMENTAL')
  vecs.script('VACUUM')
  filled(clustered(6_000, 96, 2), vecs)
  vecs.checkpoint()
  const before = statSync(path).size
  const documents = Array.from({ length: 60 }, (_, i) => ({
    first: i * 100 + 1,
    last: i * 100 + 50,
  }))
  expect(deleteVectors(vecs, live(vecs), documents)).toBe(3_000)
  while (compactBlocks(vecs, live(vecs), 3));
  let steps = 0
  while (reclaimPages(vecs, 50)) steps++
  vecs.checkpoint()
  expect(steps).toBeGreaterThan(2)
  expect(statSync(path).size).toBeLessThan(before * 0.6)
  expect(count(vecs, 'vectors')).toBe(3_000)
  expect(count(vecs, 'vector_blocks')).toBeLessThanOrEqual(20)
  expect(storedRanges(vecs, live(vecs))).toHaveLength(60)
  vecs.close()
})

test('a second embedder fills its space beside the first, takes over in one step, and can be taken back', () => {
  const vecs = filled(clustered(5, dims, 1))
  const second = newSpace(vecs, 4, 'second')
  putVectors(vecs, second, [{ id: 3, vector: Float32Array.of(1, 0, 0, 0) }])
  expect(live(vecs)).toMatchObject({ fingerprint: 'test', passages: 5 })
  activateSpace(vecs, 'second')
  expect(live(vecs)).toMatchObject({ fingerprint: 'second', passages: 1, dims: 4 })
  expect(spaces(vecs).map((space) => space.state)).toEqual(['kept', 'live'])
  activateSpace(vecs, 'test')
  expect(live(vecs)).toMatchObject({ fingerprint: 'test', passages: 5 })
  expect(readVector(vecs, second, 3)).toEqual(Float32Array.of(1, 0, 0, 0))
  expect(codeOf(() => activateSpace(vecs, 'third'))).toBe('not_found')
  expect(live(vecs).fingerprint).toBe('test')
})

test('filling a space goes on where it was left', () => {
  const vecs = emptyVecs()
  putVectors(vecs, newSpace(vecs, 2), [{ id: 1, vector: Float32Array.of(1, 1) }])
  expect(newSpace(vecs, 2)).toMatchObject({ passages: 1, state: 'building' })
})

test('a dropped space is gone at once and its rows step by step, the others untouched', () => {
  const vecs = filled(clustered(900, dims, 1))
  const second = newSpace(vecs, 2, 'second')
  putVectors(vecs, second, [{ id: 1, vector: Float32Array.of(1, 0) }])
  activateSpace(vecs, 'second')
  dropSpace(vecs, 'test')
  expect(spaces(vecs).map((space) => space.fingerprint)).toEqual(['second'])
  let steps = 1
  while (sweepDropped(vecs, 200)) steps++
  expect(steps).toBeGreaterThan(4)
  expect(count(vecs, 'vectors')).toBe(1)
  expect(count(vecs, 'vector_blocks')).toBe(1)
  expect(liveSpace(vecs)?.fingerprint).toBe('second')
  expect(sweepDropped(vecs, 200)).toBe(false)
})

test('a dropped embedder can be filled anew before its old rows are gone', () => {
  const vecs = filled(clustered(50, dims, 1))
  dropSpace(vecs, 'test')
  const again = openSpace(vecs, { fingerprint: 'test', dims: 3, config: '{}', now: 1 })
  expect(again).toMatchObject({ passages: 0, dims: 3 })
  while (sweepDropped(vecs, 10));
  expect(spaces(vecs).map((space) => space.id)).toEqual([again.id])
})
