/** What a bench prints: one stable object for programs, tables for people, and which machine it was. */
import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'

export type BenchRow = Readonly<Record<string, number | string | null>>

export interface BenchResult {
  readonly rows: readonly BenchRow[]
  /** Medians over pairs of one run. */
  readonly ratios: Readonly<Record<string, number | null>>
}

export interface BenchContext {
  /** Where the judged collections and documents are, or undefined. */
  readonly testData: string | undefined
  /** Progress, to standard error. */
  readonly say: (line: string) => void
}

export function printResult(
  bench: string,
  { rows, ratios }: BenchResult,
  format: 'tables' | 'markdown' | 'json',
): void {
  if (format === 'json') {
    console.log(JSON.stringify({ bench, commit: commit(), machine: machine(), rows, ratios }))
    return
  }
  console.log(`${bench}, ${machine()}, ${commit()}`)
  if (format === 'markdown') {
    console.log(`\n${markdownTable(rows)}\n\n${markdownTable([ratios])}`)
    return
  }
  console.table(rows)
  console.table(ratios)
}

function markdownTable(rows: readonly BenchRow[]): string {
  const names = Object.keys(rows[0] ?? {})
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const body = rows.map((row) => line(names.map((name) => String(row[name] ?? ''))))
  return [line(names), line(names.map(() => '---')), ...body].join('\n')
}

/** To four significant digits: more would be noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

function machine(): string {
  const [cpu] = cpus()
  return `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}
