/** A thousand, ten thousand, a hundred thousand libraries under one server: what of its times and its memory grows with their number. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../src/config.ts'
import { type BenchContext, type BenchResult, type BenchRow, rounded } from './lib/report.ts'
import { growthExponent } from './lib/statistics.ts'
import {
  copyMany,
  makeTemplate,
  makeTenants,
  type Template,
  tenantAt,
} from './tenants/directories.ts'
import { countDirectoryReads, type DirectoryReads } from './tenants/directory-reads.ts'
import {
  measureSize,
  type OfSize,
  type Place,
  type Samples,
  settings,
  summary,
} from './tenants/measuring.ts'

const sizesDefault = [1_000, 10_000, 100_000]
const samplesDefault: Samples = { starts: 3, cold: 1_500, warm: 4_000, crowd: 4_000 }
const rawDirectories = 200
/** Of a first search: this or twice the peer's, whichever is more. */
const coldAllowedMs = 15

/**
 * @param options `sizes`: how many libraries, rising; `samples`: of each kind
 * @returns a row a size; ratios of the largest over the smallest and against what is allowed, `…_exponent`: how a figure grows
 * with the number of libraries (0 not at all, 1 as they do)
 */
export async function tenantsBench({
  say,
  sizes = sizesDefault,
  samples = samplesDefault,
}: BenchContext & {
  readonly sizes?: readonly number[] | undefined
  readonly samples?: Samples
}): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'carrel-tenants-'))
  try {
    const template = await makeTemplate(join(folder, 'template'))
    const { SHARDS, POOL_MAX } = readConfig({ ...settings })
    const place = {
      dataDir: join(folder, 'data'),
      raw: await rawCopies(template, join(folder, 'raw')),
      storesMax: SHARDS * POOL_MAX,
    }
    say(`a library takes ${template.bytesOnDisk} bytes; ${SHARDS} shards of ${POOL_MAX} stores`)
    const measured: Measured[] = []
    let made = 1
    for (const size of sizes) {
      const startMs = performance.now()
      await makeTenants(template, place.dataDir, made, size + 1)
      // What was written is on the disk before anything is measured: no library is gigabytes behind.
      execFileSync('sync')
      made = size + 1
      say(`${size} libraries, made in ${rounded((performance.now() - startMs) / 1_000)} s`)
      measured.push(await measure(place, size, samples, join(folder, `calls-${size}`)))
      say(JSON.stringify(rowOf(measured.at(-1) as Measured)))
    }
    return {
      rows: measured.map(rowOf),
      ratios: {
        ...{ shards: SHARDS, pool_max: POOL_MAX, library_bytes: template.bytesOnDisk },
        ...ratiosOf(measured),
      },
    }
  } finally {
    // A hundred thousand directories: faster than one call of this process for each.
    execFileSync('rm', ['-rf', folder])
  }
}

interface Measured extends OfSize {
  readonly size: number
  readonly reads: DirectoryReads | null
}

async function measure(
  place: Place,
  size: number,
  samples: Samples,
  journal: string,
): Promise<Measured> {
  const figures = await measureSize(place, size, samples)
  return { size, ...figures, reads: await countDirectoryReads(place.dataDir, size, journal) }
}

async function rawCopies(template: Template, into: string): Promise<string[]> {
  const made = Array.from({ length: rawDirectories }, (_, at) => ({
    tenant: tenantAt(at),
    generation: randomBytes(16).toString('hex'),
  }))
  await copyMany(template, into, made)
  return made.map(({ tenant }) => join(into, tenant))
}

function rowOf(measured: Measured): BenchRow {
  const { size, cold, raw, warm, zipf, uniform, reads } = measured
  const times = { cold, raw, warm, zipf: zipf.times, uniform: uniform.times }
  const quantiles = Object.entries(times).flatMap(([name, all]) => [
    [`${name}_p50_ms`, rounded(summary(all).p50)],
    [`${name}_p99_ms`, rounded(summary(all).p99)],
  ])
  return {
    libraries: size,
    start_s: rounded(measured.startS),
    ...Object.fromEntries(quantiles),
    zipf_hit_rate: rounded(zipf.hitRate),
    uniform_hit_rate: rounded(uniform.hitRate),
    cold_stolen_share: measured.stolenShare && rounded(measured.stolenShare),
    resident_mb: measured.residentMb && rounded(measured.residentMb),
    descriptors: measured.descriptors,
    reads_of_all_directories: reads?.ofAll ?? null,
    reads_of_other_directories: reads?.ofOthers ?? null,
  }
}

function ratiosOf(measured: readonly Measured[]): Record<string, number | null> {
  const rows = measured.map(rowOf)
  const [first, last] = [rows[0] as BenchRow, rows.at(-1) as BenchRow]
  const of = (row: BenchRow, name: string): number => (row[name] as number | null) ?? Number.NaN
  const growth = (name: string): number | null =>
    orNull(growthExponent(rows.map((row) => [of(row, 'libraries'), of(row, name)])))
  const allowedMs = Math.max(coldAllowedMs, 2 * of(last, 'raw_p99_ms'))
  const grown = [
    'start_s',
    'cold_p50_ms',
    'cold_p99_ms',
    'warm_p50_ms',
    'warm_p99_ms',
    'resident_mb',
  ]
  const over = `${thousands(of(last, 'libraries'))}_over_${thousands(of(first, 'libraries'))}`
  return {
    [`start_seconds_${thousands(of(last, 'libraries'))}`]: of(last, 'start_s'),
    [`warm_p99_${over}`]: orNull(of(last, 'warm_p99_ms') / of(first, 'warm_p99_ms')),
    cold_p99_over_allowed: orNull(of(last, 'cold_p99_ms') / allowedMs),
    cold_p99_over_raw_p99: orNull(of(last, 'cold_p99_ms') / of(last, 'raw_p99_ms')),
    [`memory_${over}`]: orNull(of(last, 'resident_mb') / of(first, 'resident_mb')),
    reads_of_all_directories: measured.some(({ reads }) => reads === null)
      ? null
      : measured.reduce((sum, { reads }) => sum + (reads?.ofAll ?? 0), 0),
    ...Object.fromEntries(
      (rows.length > 1 ? grown : []).map((name) => [`${name}_exponent`, growth(name)]),
    ),
  }
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? rounded(value) : null
}

/** 100000 as 100k, 40 as 40. */
function thousands(count: number): string {
  return count % 1_000 === 0 ? `${count / 1_000}k` : String(count)
}
