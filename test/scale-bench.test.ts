/** The benches of scale, in small: that they work and count; what they measure is looked at where they run whole. */
import { describe, expect, test } from 'vitest'
import { growthExponent, median, percentile, slope } from '../bench/lib/statistics.ts'
import { straceFault } from '../bench/lib/strace.ts'
import { hasSettled, ratesOf } from '../bench/overload/windows.ts'
import { overloadBench } from '../bench/overload.ts'
import { soakBench } from '../bench/soak.ts'
import { tenantsBench } from '../bench/tenants.ts'

const isLong = process.env['CARREL_LONG'] === '1'
const quiet = { testData: undefined, say: () => undefined }

test('quantiles, slopes, and how something grows', () => {
  const hundred = Array.from({ length: 100 }, (_, at) => at + 1)
  expect(percentile(hundred.toReversed(), 0.99)).toBe(100)
  expect(median([3, 1, 2])).toBe(2)
  expect(percentile([], 0.5)).toBeNaN()
  const line = [0, 1, 2].map((x) => [x, 7 + 3 * x] as const)
  expect(slope(line)).toBeCloseTo(3)
  const squares = [1, 10, 100].map((x) => [x, 5 * x ** 2] as const)
  expect(growthExponent(squares)).toBeCloseTo(2)
})

test('what was answered counts in the second in which it came; a rate has settled when three windows agree', () => {
  const answer = (dueMs: number, ms: number) => ({ dueMs, ms, kind: 'small' as const })
  const ok = [answer(0, 1), answer(0, 1_500), answer(4_000, 999), answer(4_000, 1_000)]
  expect(ratesOf({ ok }, 5_000)).toEqual([1, 1, 0, 0, 1])
  expect(hasSettled([500, 500])).toBe(false)
  expect(hasSettled([100, 500, 520])).toBe(false)
  expect(hasSettled([100, 500, 520, 540])).toBe(true)
})

const why = isLong ? '' : 'skipped: part of `npm run test:long`'
describe.skipIf(!isLong)(`more of them ${why}`, { timeout: 600_000 }, () => {
  test('twelve libraries and twenty-four; nobody reads the directory of all', async () => {
    const samples = { starts: 1, cold: 12, warm: 20, crowd: 30 }
    const { rows, ratios } = await tenantsBench({ ...quiet, sizes: [12, 24], samples })
    expect(rows.map(({ libraries }) => libraries)).toEqual([12, 24])
    expect(ratios['reads_of_all_directories']).toBe(straceFault() === undefined ? 0 : null)
    expect(rows[1]).toMatchObject({ zipf_hit_rate: 1, uniform_hit_rate: 1 })
  })

  test('three times what the server can do: nobody hears anything but an answer or a refusal', async () => {
    const { rows, ratios } = await overloadBench({ ...quiet, sizes: [6, 20] })
    expect(rows).toHaveLength(5)
    expect(ratios).toMatchObject({ other_than_refused: 0 })
  })

  test('a soak of ten seconds', async () => {
    expect((await soakBench({ ...quiet, sizes: [10, 4] })).ratios).toMatchObject({ errors: 0 })
  })
})
