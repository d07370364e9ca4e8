/** Tortures in small, with a seed of their own; whole with CARREL_LONG=1. */
import { describe, expect, test } from 'vitest'
import { straceFault } from '../bench/lib/strace.ts'
import { copy } from '../bench/torture/copy.ts'
import { corrupt } from '../bench/torture/corrupt.ts'
import { descriptors, limitFault } from '../bench/torture/descriptors.ts'
import { diskFull, mountFault } from '../bench/torture/disk-full.ts'
import { importing } from '../bench/torture/import.ts'
import { ioErrors } from '../bench/torture/io-errors.ts'
import { isolation } from '../bench/torture/isolation.ts'
import { migrate } from '../bench/torture/migrate.ts'
import { powercut } from '../bench/torture/powercut.ts'

const isLong = process.env['CARREL_LONG'] === '1'
const timeoutMs = isLong ? 3_600_000 : 120_000
const tortures = [
  { name: 'isolation', torture: isolation, rounds: 40 },
  { name: 'corrupt', torture: corrupt, rounds: 1 },
  { name: 'copy', torture: copy, rounds: 1 },
  { name: 'import', torture: importing, rounds: 1 },
  { name: 'migrate', torture: migrate, rounds: 6, kills: 1 },
] as const

test.for(tortures)(
  '$name: nothing is lost and nothing leaks',
  { timeout: timeoutMs },
  async ({ torture, ...small }) => {
    const seed = 20_261_121
    const options = {
      seed,
      say: () => undefined,
    }
    const { failures } = await torture({ ...options, ...(!isLong && small) })
    expect(failures).toEqual([])
  },
)

const whyNoDisk = mountFault()
test.skipIf(whyNoDisk !== undefined)(
  `disk-full: refused with words, read meanwhile, served again ${whyNoDisk ?? ''}`,
  { timeout: timeoutMs },
  async () => {
    const options = { seed: 20_261_121, say: () => undefined }
    expect((await diskFull({ ...options, ...(!isLong && { rounds: 1 }) })).failures).toEqual([])
  },
)

const whyNot = straceFault()
const seeded = { seed: 20_261_121, say: () => undefined }

test.skipIf(whyNot !== undefined)(
  `io-errors: no wrong answer, and it runs on ${whyNot ?? ''}`,
  { timeout: timeoutMs },
  async () => {
    expect((await ioErrors({ ...seeded, ...(!isLong && { kills: 2 }) })).failures).toEqual([])
  },
)

const whyNoLimit = limitFault()
test.skipIf(whyNoLimit !== undefined)(
  `descriptors: refused with words without one, and it runs on ${whyNoLimit ?? ''}`,
  { timeout: timeoutMs },
  async () => {
    const small = { files: 2, rounds: 2 }
    expect((await descriptors({ ...seeded, ...(!isLong && small) })).failures).toEqual([])
  },
)

describe.skipIf(whyNot !== undefined)(`powercut ${whyNot ?? ''}`, { timeout: timeoutMs }, () => {
  test('nothing that was answered is lost, and nothing is corrupt', async () => {
    const small = { kills: 6, rounds: 6 }
    expect((await powercut({ ...seeded, ...(!isLong && small) })).failures).toEqual([])
  })

  // Looks at the torture, not at Carrel: with the long tests is often enough.
  test.runIf(isLong)('it finds what a server loses whose commits do not wait', async () => {
    const options = { ...seeded, kills: 6, rounds: 6, synchronous: 'normal' }
    const { figures } = await powercut(options)
    expect(figures['lost']).toBeGreaterThan(0)
    expect(figures['corrupt']).toBe(0)
  })
})
