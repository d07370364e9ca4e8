/** Finds out how a file of comma-separated values is written: what parts its cells, and whether it has a header. */

/** Records that are looked at. */
const recordsMax = 100
const delimiters = [',', ';', '\t', '|'] as const

export interface Dialect {
  readonly delimiter: string
  /** Cells of most records. */
  readonly columns: number
  /** Share of records that have so many. */
  readonly regularity: number
  readonly records: number
}

/**
 * The delimiter that gives the most regular table.
 * @param sample beginning of the file; its last line may be cut and does not count unless it is the only one
 */
export function sniffDialect(sample: string): Dialect {
  let best: Dialect = { delimiter: ',', columns: 1, regularity: 0, records: 0 }
  for (const delimiter of delimiters) {
    const dialect = measure(sample, delimiter)
    if (score(dialect) > score(best)) best = dialect
  }
  return best
}

function score({ columns, regularity }: Dialect): number {
  return columns < 2 ? 0 : regularity + Math.min(columns, 100) / 1_000
}

function measure(sample: string, delimiter: string): Dialect {
  const counts = countCells(sample, delimiter)
  const frequency = new Map<number, number>()
  for (const count of counts) frequency.set(count, (frequency.get(count) ?? 0) + 1)
  let columns = 1
  let most = 0
  for (const [count, times] of frequency)
    if (times > most) {
      columns = count
      most = times
    }
  return {
    delimiter,
    columns,
    regularity: counts.length === 0 ? 0 : most / counts.length,
    records: counts.length,
  }
}

/** Cells of each complete record; line ends and delimiters in quotes do not count (RFC 4180). */
function countCells(sample: string, delimiter: string): number[] {
  const counts: number[] = []
  let cells = 1
  let start = 0
  let isQuoted = false
  for (let at = 0; at < sample.length && counts.length < recordsMax; at++) {
    const char = sample[at]
    if (char === '"') isQuoted = !isQuoted
    if (isQuoted) continue
    if (char === delimiter) cells++
    if (char !== '\n') continue
    if (at > start) counts.push(cells)
    cells = 1
    start = at + 1
  }
  if (counts.length === 0 && sample !== '') counts.push(cells)
  return counts
}

/** Whether the first record names the columns: names are words, each once, and no numbers where the rows have them. */
export function isHeader(first: readonly string[], rows: readonly (readonly string[])[]): boolean {
  if (rows.length === 0 || first.length < 2) return false
  const names = first.map((name) => name.trim().toLowerCase())
  if (names.some((name) => name === '' || name.length > 100 || isNumber(name))) return false
  return new Set(names).size === names.length
}

function isNumber(text: string): boolean {
  return /^[-+]?[\d.,\s%$€£]+$/.test(text)
}
