/** Sizes of all libraries, and the age of their copies: of those that were written to since. */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openMemoryDb } from '../../src/base/sqlite.ts'
import { DiskFigures } from '../../src/control/disk-figures.ts'
import { diskSizes } from '../../src/control/disk-sizes.ts'
import { snapshotName } from '../../src/control/snapshot-name.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { temporaryDirectory } from '../helpers.ts'

const hourMs = 3_600_000

test('all databases with their logs; the oldest copy of a library that went on', async () => {
  const [dataDir, snapshotsDir] = [temporaryDirectory(), temporaryDirectory()]
  const nowMs = Date.now()
  const tenants: {
    id: TenantId
    userId: string
    generation: string
    hint: boolean
    createdAt: number
  }[] = []
  const add = (id: string, writtenHoursAgo: number, copiedHoursAgo: readonly number[]): void => {
    const directory = join(dataDir, id)
    mkdirSync(directory)
    for (const [name, bytes] of [
      ['app.db', 1_000],
      ['app.db-wal', 10],
      ['vecs.db', 300],
    ] as const) {
      writeFileSync(join(directory, name), Buffer.alloc(bytes))
      const at = (nowMs - writtenHoursAgo * hourMs) / 1000
      utimesSync(join(directory, name), at, at)
    }
    for (const hours of copiedHoursAgo)
      mkdirSync(join(snapshotsDir, id, snapshotName(nowMs - hours * hourMs)), { recursive: true })
    tenants.push({
      id: id as TenantId,
      userId: id,
      generation: 'g',
      hint: false,
      createdAt: nowMs - 90 * hourMs,
    })
  }
  const figures = new DiskFigures({
    ...{ dataDir, snapshotsDir, control: { tenants: () => tenants } },
    sizes: async (libraries) => diskSizes(openMemoryDb([]), libraries),
  })
  await figures.look()
  expect([figures.appBytes, figures.snapshotAgeS]).toEqual([0, 0])
  add('copied-after', 50, [40, 60])
  await figures.look()
  expect([figures.appBytes, figures.vecsBytes, figures.snapshotAgeS]).toEqual([1_010, 300, 0])
  add('went-on', 1, [20, 30])
  add('went-on-later', 1, [2])
  await figures.look()
  const agesIn = (hours: number) => Math.abs(figures.snapshotAgeS - hours * 3_600)
  expect(agesIn(20)).toBeLessThan(60)
  add('never-copied', 80, [])
  for (let n = 0; n < 40; n++) add(`t${n}`, 50, [40])
  await figures.look()
  expect(agesIn(90)).toBeLessThan(60)
  expect(figures.appBytes).toBe(44 * 1_010)
  // Gone while it was looked at.
  tenants.push({ ...tenants[0], id: 'gone' as TenantId } as (typeof tenants)[number])
  await figures.look()
  expect(figures.appBytes).toBe(44 * 1_010)
  await figures.close()
})
