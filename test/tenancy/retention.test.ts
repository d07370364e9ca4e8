/** Retention: a pure function, held to its properties. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSnapshotName, snapshotName } from '../../src/control/snapshot-name.ts'
import { parseRetention, type RetentionPolicy, retained } from '../../src/tenancy/retention.ts'

const times = fc.uniqueArray(fc.integer({ min: 0, max: 4e12 }), { maxLength: 200 })
const close = fc.uniqueArray(fc.integer({ min: 1.7e12, max: 1.7e12 + 90 * 86_400_000 }), {
  maxLength: 200,
})
const few = fc.integer({ min: 0, max: 12 })
const policies: fc.Arbitrary<RetentionPolicy> = fc.record({
  last: few,
  hourly: few,
  daily: few,
  weekly: few,
  monthly: few,
})
const none = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0 }

test('the newest is always kept, nothing is made up, and no more is kept than asked for', () => {
  fc.assert(
    fc.property(fc.oneof(times, close), policies, (all, policy) => {
      const kept = retained(all, policy)
      expect([...kept].every((one) => all.includes(one))).toBe(true)
      if (all.length > 0) expect(kept.has(Math.max(...all))).toBe(true)
      const most = Object.values(policy).reduce((sum, n) => sum + n, 0)
      expect(kept.size).toBeLessThanOrEqual(Math.max(1, most))
    }),
  )
})

test('thinning twice is thinning once, and a larger policy keeps all that a smaller one does', () => {
  fc.assert(
    fc.property(close, policies, policies, (all, policy, more) => {
      const kept = retained(all, policy)
      expect(retained([...kept], policy)).toEqual(kept)
      const larger = Object.fromEntries(
        Object.entries(policy).map(([name, n]) => [name, n + more[name as keyof RetentionPolicy]]),
      ) as unknown as RetentionPolicy
      expect(kept.isSubsetOf(retained(all, larger))).toBe(true)
    }),
  )
})

test('one a day for a year: seven days, four weeks, six months, and each is the newest of its period', () => {
  const day = 86_400_000
  const end = Date.UTC(2026, 10, 21, 12)
  const all = Array.from({ length: 365 }, (_, i) => end - i * day)
  const names = (policy: Partial<RetentionPolicy>): string[] =>
    [...retained(all, { ...none, ...policy })]
      .toSorted((a, b) => b - a)
      .map((time) => new Date(time).toISOString().slice(0, 10))
  expect(names({ daily: 3 })).toEqual(['2026-11-21', '2026-11-20', '2026-11-19'])
  expect(names({ weekly: 3 })).toEqual(['2026-11-21', '2026-11-15', '2026-11-08'])
  expect(names({ monthly: 3 })).toEqual(['2026-11-21', '2026-10-31', '2026-09-30'])
  expect(names({})).toEqual(['2026-11-21'])
})

test('a policy is read as it is written, and nothing else is one', () => {
  expect(parseRetention('last=3, daily=7')).toEqual({ ...none, last: 3, daily: 7 })
  for (const text of ['', 'last', 'last=-1', 'yearly=3', 'last=3;daily=2', 'last=1e3'])
    expect(parseRetention(text)).toBeUndefined()
})

test('a snapshot’s name is its time, and no other text is one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), (time) => {
      expect(parseSnapshotName(snapshotName(time))).toBe(time)
    }),
  )
  for (const text of ['', '..', '20261399T000000000Z', '20261121T130500123z', 'x/20261121'])
    expect(parseSnapshotName(text)).toBeUndefined()
})
