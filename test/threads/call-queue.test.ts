/** The line in front of a shard: bounded, fair between tenants, background work last but not never. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { CallQueue, type Queued, type QueueLimits } from '../../src/threads/call-queue.ts'

const limits: QueueLimits = {
  tenantRunningMax: 2,
  tenantWaitingMax: 5,
  shardRunningMax: 6,
  shardRunningMs: 10,
  shardRunningMsMax: 40,
  shardWaitingMax: 12,
  shardWaitingMs: 1_000,
  backgroundWaitMaxMs: 100,
}
interface Numbered extends Queued {
  readonly n: number
}
const call = (
  tenant: string,
  n: number,
  lane: Queued['lane'] = 'interactive',
  queuedAtMs = 0,
  expectedMs = 1,
): Numbered => ({ tenant: tenant as TenantId, lane, n, queuedAtMs, expectedMs })
const long = (tenant: string, n: number, expectedMs = 20): Numbered =>
  call(tenant, n, 'interactive', 0, expectedMs)
const names = (calls: readonly Numbered[]): string[] =>
  calls.map(({ tenant, n }) => `${tenant}${n}`)
const codeOf = (work: () => void): unknown => {
  try {
    work()
  } catch (error) {
    return (error as { code: string }).code
  }
  return undefined
}

test('a loud tenant and a quiet one take turns', () => {
  const queue = new CallQueue<Numbered>(limits)
  for (let n = 0; n < 5; n++) queue.add(call('loud', n))
  queue.add(call('quiet', 0))
  expect(names(queue.take(0))).toEqual(['loud0', 'quiet0', 'loud1'])
})

test('of long calls one is handed over at once: nothing long stands behind it', () => {
  const queue = new CallQueue<Numbered>(limits)
  for (const tenant of ['a', 'b', 'c', 'd']) queue.add(long(tenant, 0))
  const taken = queue.take(0)
  expect(names(taken)).toEqual(['a0'])
  queue.add(call('quiet', 0))
  if (taken[0]) queue.done(taken[0])
  const then = queue.take(0)
  expect(names(then)).toEqual(['b0'])
  if (then[0]) queue.done(then[0])
  expect(names(queue.take(0)), 'who came last waits for those who had as little').toEqual(['c0'])
})

test('who comes from silence goes before those who had more, and behind nobody who had less', () => {
  const queue = new CallQueue<Numbered>(limits)
  const crowd = ['a', 'b', 'c']
  for (let n = 0; n < 4; n++) for (const tenant of crowd) queue.add(long(tenant, n))
  const served: string[] = []
  const running: Numbered[] = []
  for (let at = 0; at < 8; at++) {
    if (at === 5) queue.add(long('quiet', 0))
    running.push(...queue.take(0))
    const first = running.shift()
    if (!first) break
    served.push(...names([first]))
    queue.done(first)
  }
  // When it came, c1 was on its way already.
  expect(served).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'c1', 'quiet0', 'a2'])
})

test('time counts, not calls: who asks for long things is served less often', () => {
  const queue = new CallQueue<Numbered>({ ...limits, shardRunningMax: 1 })
  const counts = { long: 0, short: 0 }
  for (const tenant of ['long', 'short']) for (let n = 0; n < 3; n++) queue.add(call(tenant, n))
  for (let n = 3; n < 91; n++) {
    const [next] = queue.take(0)
    if (!next) break
    counts[next.tenant as 'long' | 'short']++
    queue.add(call(next.tenant, n))
    // What was expected was wrong for the one: it is made up for.
    queue.done(next, next.tenant === 'long' ? 10 : 1)
  }
  expect(counts.short / counts.long).toBeGreaterThan(8)
  expect(counts.short / counts.long).toBeLessThan(12)
})

test('the line of one tenant is bounded, and so is the whole', () => {
  const queue = new CallQueue<Numbered>(limits)
  for (let n = 0; n < 5; n++) queue.add(call('a', n))
  expect(codeOf(() => queue.add(call('a', 5)))).toBe('too_many_requests')
  for (let n = 0; n < 5; n++) queue.add(call('b', n))
  queue.add(call('c', 0))
  queue.add(call('c', 1))
  expect(queue.add(call('c', 2))?.tenant, 'who has most goes without the newest of it').toBe('a')
  expect(queue.add(call('c', 3))?.tenant).toBe('b')
  expect(
    codeOf(() => queue.add(call('a', 5))),
    'nobody has more than they',
  ).toBe('overloaded')
  expect(queue.waiting).toBe(12)
  expect(names(queue.remove(() => true)).toSorted()).toEqual(
    ['a0', 'a1', 'a2', 'a3', 'b0', 'b1', 'b2', 'b3', 'c0', 'c1', 'c2', 'c3'].toSorted(),
  )
})

test('a line is as full as the work that waits in it', () => {
  const queue = new CallQueue<Numbered>({ ...limits, shardWaitingMs: 60 })
  for (let n = 0; n < 3; n++) queue.add(long('a', n))
  expect(queue.isNearlyFull).toBe(true)
  expect(codeOf(() => queue.add(long('a', 3)))).toBe('overloaded')
  expect(queue.add(call('quiet', 0))?.n, 'the newest of the loud one').toBe(2)
  expect(names(queue.take(0))).toEqual(['a0'])
  expect(queue.isNearlyFull).toBe(false)
})

test('a thread that we hear of late is handed more, and less again when we do not', () => {
  const queue = new CallQueue<Numbered>({ ...limits, shardRunningMax: 100, tenantRunningMax: 9 })
  const handed = (heardMs: number): number => {
    for (const tenant of ['a', 'b', 'c'])
      for (let n = queue.waiting % 4; n < 4; n++) queue.add(long(tenant, n, 5))
    queue.answered(heardMs)
    const taken = queue.take(0)
    for (const call of [...taken, ...queue.remove(() => true)])
      if (taken.includes(call)) queue.done(call)
    return taken.length
  }
  expect(handed(1)).toBe(2)
  expect(handed(30)).toBe(4)
  expect(handed(90)).toBe(8)
  expect(handed(90), 'at most').toBe(8)
  for (let n = 0; n < 60; n++) handed(1)
  expect(handed(1)).toBe(2)
})

test('background work goes while nobody waits, one at a time', () => {
  const queue = new CallQueue<Numbered>(limits)
  queue.add(call('a', 0, 'background'))
  queue.add(call('a', 1, 'background'))
  const [first] = queue.take(0)
  expect(first?.n).toBe(0)
  expect(queue.take(0)).toEqual([])
  if (first) queue.done(first)
  queue.add(call('b', 0))
  expect(names(queue.take(0))).toEqual(['b0'])
  expect(names(queue.take(99))).toEqual([])
  expect(names(queue.take(100))).toEqual(['a1'])
})

test('what is over is taken out, and its place is free again', () => {
  const queue = new CallQueue<Numbered>(limits)
  for (let n = 0; n < 5; n++) queue.add(call('a', n))
  expect(names(queue.remove(({ n }) => n % 2 === 0)).sort()).toEqual(['a0', 'a2', 'a4'])
  expect(queue.waiting).toBe(2)
  queue.add(call('a', 9))
  expect(names(queue.take(0))).toEqual(['a1', 'a3'])
})

test('whatever happens, nothing is lost, nothing runs twice, limits hold', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('add' as const),
      tenant: fc.constantFrom('a', 'b', 'c'),
      isBackground: fc.boolean(),
    }),
    fc.constant({ kind: 'take' as const }),
    fc.constant({ kind: 'done' as const }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new CallQueue<Numbered>(limits)
      const accepted = new Set<Numbered>()
      const running: Numbered[] = []
      const finished = new Set<Numbered>()
      const take = (now: number): void => {
        for (const taken of queue.take(now)) {
          expect(finished.has(taken) || running.includes(taken)).toBe(false)
          running.push(taken)
        }
        for (const tenant of ['a', 'b', 'c'])
          expect(
            running.filter((one) => one.tenant === tenant && one.lane === 'interactive').length,
          ).toBeLessThanOrEqual(2)
      }
      let n = 0
      for (const next of steps) {
        if (next.kind === 'add') {
          const added = call(next.tenant, n++, next.isBackground ? 'background' : 'interactive', n)
          let dropped: Numbered | undefined
          const add = (): void => {
            dropped = queue.add(added)
          }
          if (codeOf(add) === undefined) accepted.add(added)
          if (dropped) expect(accepted.delete(dropped) && !running.includes(dropped)).toBe(true)
        } else if (next.kind === 'take') take(n)
        else {
          const over = running.shift()
          if (over) {
            queue.done(over)
            finished.add(over)
          }
        }
      }
      for (let guard = 0; finished.size < accepted.size && guard < 1000; guard++) {
        take(1e9)
        for (const over of running.splice(0)) {
          queue.done(over)
          finished.add(over)
        }
      }
      expect(finished.size).toBe(accepted.size)
      expect(queue.waiting + queue.running).toBe(0)
    }),
  )
})
