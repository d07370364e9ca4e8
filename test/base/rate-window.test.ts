/** The minute window: bursts pass, no minute has more than the limit, and little less comes through than may. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RateWindow } from '../../src/base/rate-window.ts'

test('fifty clients at once for ten minutes: within five percent of the limit, and never over it in a minute', () => {
  const limit = 600
  const minutes = 10
  let timeMs = 12_345
  const window = new RateWindow({ nowMs: () => timeMs })
  const passed: number[] = []
  const endMs = timeMs + minutes * 60_000
  for (; timeMs < endMs; timeMs += 250)
    for (let client = 0; client < 50; client++)
      if (window.take('tenant', limit).isAllowed) passed.push(timeMs)
  expect(passed.length).toBeGreaterThanOrEqual(limit * minutes * 0.95)
  expect(passed.length).toBeLessThanOrEqual(limit * minutes * 1.05)
  for (const [at, ms] of passed.entries())
    if (at >= limit) expect(ms - (passed[at - limit] ?? 0)).toBeGreaterThanOrEqual(60_000)
})

test('whoever waits as long as it says gets in, and no sooner', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 40 }),
      (limit, steps) => {
        let timeMs = 0
        const window = new RateWindow({ nowMs: () => timeMs })
        for (const step of steps) {
          timeMs += step
          const { isAllowed, retryAfterS } = window.take('one', limit)
          expect(isAllowed).toBe(retryAfterS === 0)
          if (isAllowed) continue
          timeMs += (retryAfterS - 1) * 1_000 - (timeMs % 1_000)
          expect(window.take('one', limit).isAllowed).toBe(false)
          timeMs += 1_000
          expect(window.take('one', limit).isAllowed).toBe(true)
        }
      },
    ),
  )
})

test('names are apart, and only so many are remembered', () => {
  const timeMs = 0
  const window = new RateWindow({ nowMs: () => timeMs, namesMax: 100 })
  for (let i = 0; i < 1_000; i++) expect(window.take(`address ${i}`, 1).isAllowed).toBe(true)
  expect(window.take('address 999', 1).isAllowed).toBe(false)
  // Forgotten to make room: an attacker with many addresses costs a bounded memory, not somebody's turn.
  expect(window.take('address 0', 1).isAllowed).toBe(true)
})

test('after a long silence nothing is left of before', () => {
  let timeMs = 0
  const window = new RateWindow({ nowMs: () => timeMs })
  for (let i = 0; i < 5; i++) window.take('one', 5)
  timeMs += 3_600_000
  expect(window.take('one', 5).remaining).toBe(4)
})
