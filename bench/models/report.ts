/** From the rounds of the bench `models` to its rows and ratios: medians, and Carrel over each peer in pairs of one round. */

import { type BenchResult, type BenchRow, rounded } from '../lib/report.ts'
import { percentile } from '../lib/statistics.ts'
import { type CellResult, type Chores, crowd } from './cells.ts'

/** All that was measured of one model. */
export interface Findings {
  readonly name: string
  buildSeconds: number
  diskBytes: number
  memoryBytes: number | null
  /** By `operation clients`, a result a round. */
  readonly cells: Map<string, CellResult[]>
  readonly chores: Chores[]
  migrateMs: number
  backupAllMs: number | null
}

export function noFindings(name: string): Findings {
  return {
    ...{ name, buildSeconds: 0, diskBytes: 0, memoryBytes: null, cells: new Map() },
    ...{ chores: [], migrateMs: 0, backupAllMs: null },
  }
}

const median = (values: readonly number[]): number => percentile(values, 0.5)
const keyOf = (name: string): string => name.replaceAll('-', '_')

export function report(all: readonly Findings[]): BenchResult {
  const rows = all.flatMap((findings) => [...cellRows(findings), ...modelRows(findings)])
  const [carrel, ...peers] = all
  if (!carrel) return { rows, ratios: {} }
  const ratios = peers.flatMap((peer) => [
    ...cellRatios(carrel, peer),
    ...choreRatios(carrel, peer),
  ])
  return { rows, ratios: Object.fromEntries(ratios) }
}

function cellRows({ name, cells }: Findings): BenchRow[] {
  return [...cells].map(([key, results]) => {
    const [operation = '', clients = ''] = key.split(' ')
    const of = (field: keyof CellResult): number =>
      rounded(median(results.map((one) => one[field])))
    const perThousand = results.map(({ cpuSeconds, count }) => (cpuSeconds * 1_000) / count)
    return {
      ...{ model: name, operation, clients, per_second: of('perSecond') },
      ...{ p50_ms: of('p50Ms'), p95_ms: of('p95Ms'), p99_ms: of('p99Ms') },
      cpu_s_per_1000: rounded(median(perThousand)),
      value: null,
    }
  })
}

/** One figure each: the time of what is done once, in milliseconds, or a value in its own unit. */
function modelRows(findings: Findings): BenchRow[] {
  const { name, chores, migrateMs, backupAllMs, memoryBytes } = findings
  const row = (operation: string, ms: number | null, value: number | null = null): BenchRow => ({
    ...{ model: name, operation, clients: '1', per_second: null },
    ...{ p50_ms: ms === null ? null : rounded(ms), p95_ms: null, p99_ms: null },
    cpu_s_per_1000: null,
    value: value === null ? null : rounded(value),
  })
  const whole = [
    row('backup', median(chores.map(({ backupMs }) => backupMs))),
    row('restore', median(chores.map(({ restoreMs }) => restoreMs))),
    row('delete', median(chores.map(({ deleteMs }) => deleteMs))),
    row('migrate', migrateMs),
  ]
  return [
    ...(chores.length > 0 ? whole : []),
    ...(backupAllMs === null ? [] : [row('backup of all', backupAllMs)]),
    row('disk_mb', null, findings.diskBytes / 1e6),
    row('memory_mb', null, memoryBytes === null ? null : memoryBytes / 1e6),
    row('build_s', null, findings.buildSeconds),
  ]
}

type Ratio = readonly [string, number]

function cellRatios(carrel: Findings, peer: Findings): Ratio[] {
  return [...carrel.cells]
    .filter(([key]) => peer.cells.has(key))
    .filter(([key]) => key.endsWith(` ${crowd}`) || key.includes('open'))
    .flatMap(([key, ours]): Ratio[] => {
      const theirs = peer.cells.get(key) ?? []
      const name = `${keyOf(key.replace(` ${crowd}`, '').replace(' ', '-'))}_vs_${keyOf(peer.name)}`
      const paired = (field: 'perSecond' | 'p99Ms'): number =>
        rounded(median(ours.map((one, at) => one[field] / (theirs[at]?.[field] ?? Number.NaN))))
      return [
        [name, paired('perSecond')],
        [`${name}_p99`, paired('p99Ms')],
      ]
    })
}

/** Theirs over ours: how many times quicker Carrel is. */
function choreRatios(carrel: Findings, peer: Findings): Ratio[] {
  if (peer.chores.length === 0) return []
  const suffix = `vs_${keyOf(peer.name)}`
  const ours = (field: keyof Chores): number => median(carrel.chores.map((one) => one[field]))
  const ratios = (['backup', 'restore', 'delete'] as const).map((chore): Ratio => {
    const theirs = median(peer.chores.map((one) => one[`${chore}Ms`]))
    return [`${chore}_${suffix}`, rounded(theirs / ours(`${chore}Ms`))]
  })
  ratios.push([`migrate_${suffix}`, rounded(peer.migrateMs / carrel.migrateMs)])
  if (peer.backupAllMs !== null)
    ratios.push([`backup_${suffix}_dump`, rounded(peer.backupAllMs / ours('backupMs'))])
  return ratios
}
