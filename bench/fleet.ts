/** Ten thousand libraries: how soon a server over them answers, what it has open, and how fast all are migrated and backed up. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askMany } from './fleet/asking.ts'
import { fsyncBoundRate, waitsOfMigration } from './fleet/bound.ts'
import { bytesUnder, timeCommand } from './fleet/commands.ts'
import { makeOldAgain, makeTenants } from './fleet/tenants.ts'
import { type BenchContext, type BenchResult, type BenchRow, rounded } from './lib/report.ts'

const librariesDefault = 10_000
/** More libraries than a pool holds, however small the form. */
const poolShare = 10
const poolMaxDefault = 64
const requestsPerStore = 20
/** Of the plain loops, as long as they have much to be compared with. */
const loopMsMax = 2_000
/** @param options `sizes`: how many libraries */
export async function fleetBench({
  say,
  sizes,
}: BenchContext & { readonly sizes?: readonly number[] | undefined }): Promise<BenchResult> {
  const libraries = sizes?.[0] ?? librariesDefault
  const loopMs = Math.min(loopMsMax, 2 * libraries)
  const place = mkdtempSync(join(tmpdir(), 'carrel-fleet-'))
  const dataDir = join(place, 'data')
  const rows: BenchRow[] = []
  const note = (what: string, row: Readonly<Record<string, number | null>>): void => {
    const figures = Object.entries(row).map(([key, value]) => [key, value && rounded(value)])
    rows.push({ what, figures: figures.map((pair) => pair.join(' ')).join(', ') })
    say(`${what}: ${rows.at(-1)?.['figures']}`)
  }
  try {
    await makeTenants(dataDir, libraries)
    say(`${libraries} libraries are made`)
    // Before and after what it is compared with: a disk that others use is not the same for long.
    const before = fsyncBoundRate(place, waitsOfMigration.withSnapshot, loopMs)
    const copied = await migrate([])
    const bound = (before + fsyncBoundRate(place, waitsOfMigration.withSnapshot, loopMs)) / 2
    note('migrate', { per_s: copied.perSecond, s: copied.seconds, bound_per_s: bound })
    const kept = join(place, 'kept')
    const backup = await timeCommand(['backup', '--all', '--to', kept], dataDir, say)
    if (backup.end['libraries'] !== libraries) throw new Error('not all were backed up')
    const bytes = bytesUnder(kept)
    note('backup --all', { per_s: backup.perSecond, s: backup.seconds, bytes })
    rmSync(kept, { recursive: true })
    const poolMax = Math.max(2, Math.min(poolMaxDefault, Math.floor(libraries / poolShare)))
    const asked = await askMany(dataDir, libraries, requestsPerStore * poolMax, poolMax)
    note('start', { s: asked.startupS })
    note('requests of random users', {
      ...{ requests: asked.requests, refused: asked.refused },
      ...{ stores_open_max: asked.poolOpenMax, of: asked.poolOpenCap },
      ...{ descriptors_max: asked.descriptorsMax, of_descriptors: asked.descriptorsCap },
    })
    await makeOldAgain(dataDir, libraries)
    const bare = await migrate(['--no-snapshots'])
    const bareBound = fsyncBoundRate(place, waitsOfMigration.without, loopMs)
    note('migrate --no-snapshots', {
      per_s: bare.perSecond,
      s: bare.seconds,
      bound_per_s: bareBound,
    })
    return {
      rows,
      ratios: {
        libraries,
        startup_s: rounded(asked.startupS),
        migrate_per_s: ratio(copied.perSecond, 1),
        migrate_rate_to_fsync_bound: ratio(copied.perSecond, bound),
        migrate_without_snapshots_per_s: ratio(bare.perSecond, 1),
        migrate_without_snapshots_to_fsync_bound: ratio(bare.perSecond, bareBound),
        backup_per_s: ratio(backup.perSecond, 1),
        backup_bytes: bytes,
        descriptors_max: asked.descriptorsMax,
        descriptors_cap: asked.descriptorsCap,
        pool_open_max: asked.poolOpenMax,
        pool_open_cap: asked.poolOpenCap,
        refused: asked.refused,
      },
    }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }

  async function migrate(flags: readonly string[]): ReturnType<typeof timeCommand> {
    const timed = await timeCommand(['migrate', ...flags], dataDir, say)
    if (timed.end['migrated'] !== libraries) throw new Error('not all were migrated')
    return timed
  }
}

function ratio(value: number | null, to: number): number | null {
  return value === null ? null : rounded(value / to)
}
