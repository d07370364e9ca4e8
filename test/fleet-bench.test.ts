/** The bench of many libraries, in small: that it works; what it measures is looked at where it runs whole. */
import { expect, test } from 'vitest'
import { fleetBench } from '../bench/fleet.ts'
import { whyNoBench } from './helpers.ts'

test.skipIf(whyNoBench !== undefined)(
  `eight libraries are migrated twice, backed up and asked, and the pool stays within its bounds ${whyNoBench ?? ''}`,
  {
    timeout: 120_000,
  },
  async () => {
    const { ratios } = await fleetBench({ testData: undefined, say: () => undefined, sizes: [8] })
    expect(ratios).toMatchObject({ libraries: 8, refused: 0, pool_open_cap: 4 })
    expect(ratios['pool_open_max']).toBeLessThanOrEqual(4)
    expect(ratios['pool_open_max']).toBeGreaterThan(0)
    expect(ratios['descriptors_max']).toBeLessThanOrEqual(ratios['descriptors_cap'] ?? 0)
    expect(ratios['backup_bytes']).toBeGreaterThan(0)
  },
)
