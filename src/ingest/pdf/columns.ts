/** Finds the order in which the segments of a page are read: columns from the side the script starts at, else line by line. */
import { describeSide, type Side } from './column-side.ts'
import { groupRows, type Segment } from './segments.ts'

/** Text that is read from its first line to its last: rows from the top, each row in reading direction. */
export interface Flow {
  readonly rows: readonly (readonly Segment[])[]
}

/** The narrowest gutter, in parts of the font size. The narrower, the more lines it must go through not to be chance. */
const gutterMin = 0.4
const gutters: readonly { readonly width: number; readonly rowsMin: number }[] = [
  { width: 1.4, rowsMin: 3 },
  { width: 0.8, rowsMin: 8 },
  { width: gutterMin, rowsMin: 16 },
]
/** A column of text has at least so many lines; two lines side by side may be anything. */
const columnRowsMin = 3
/** Left edges that so many segments share may be those of a column; the most frequent ones are tried. */
const edgesMax = 16
/** Points by which edges of one column may differ. */
const edgeSlack = 1.5
/** Cuts within cuts: no page has more, and a made-up one must not cost more than its share. */
const depthMax = 12

/** What of a page one cut makes: the text above, the two columns, the text below. */
interface Cut {
  readonly above: Segment[]
  readonly first: Segment[]
  readonly second: Segment[]
  readonly below: Segment[]
  readonly letters: number
}

/**
 * Recursive cuts in the manner of Nagy and Seth's XY tree, but gutters first: a strip of white below a line that crosses
 * it and above the next one is a gutter when text, and not the figures of a table, stands on both of its sides.
 */
export function orderColumns(segments: readonly Segment[]): Flow[] {
  if (!isRightToLeft(segments)) return cutColumns(segments, 0)
  // The mirror image of a page read from the right is one read from the left.
  const flows = cutColumns(segments.map(mirror), 0)
  return flows.map(({ rows }) => ({ rows: rows.map((row) => row.map(mirror)) }))
}

function mirror(segment: Segment): Segment {
  return { ...segment, left: -segment.right, right: -segment.left }
}

function isRightToLeft(segments: readonly Segment[]): boolean {
  let letters = 0
  for (const { isRightToLeft, text } of segments)
    letters += isRightToLeft ? text.length : -text.length
  return letters > 0
}

function cutColumns(segments: readonly Segment[], depth: number): Flow[] {
  if (segments.length === 0) return []
  const cut = depth < depthMax ? bestCut(segments) : undefined
  if (!cut) return [{ rows: groupRows(segments) }]
  const { above, first, second, below } = cut
  return [above, first, second, below].flatMap((part) => cutColumns(part, depth + 1))
}

/** The cut that puts the most text into columns. */
function bestCut(segments: readonly Segment[]): Cut | undefined {
  const size = medianSize(segments)
  const ordered = segments.toSorted((a, b) => middle(a) - middle(b))
  let best: Cut | undefined
  for (const edge of columnEdges(segments)) {
    for (const cut of cutsAt(ordered, edge, size)) {
      if (cut.letters <= (best?.letters ?? 0)) continue
      const width = gutterWidth(cut) / size
      const rowsMin = gutters.find((gutter) => width >= gutter.width)?.rowsMin
      if (rowsMin === undefined) continue
      if (areColumns(describeSide(cut.first), describeSide(cut.second), rowsMin)) best = cut
    }
  }
  return best
}

/** Places where many segments begin, or where the longest of many that end together begins; most frequent first. */
function columnEdges(segments: readonly Segment[]): number[] {
  const lefts = frequent(segments.map(({ left }) => left))
  const rights = frequent(segments.map(({ right }) => right)).map(({ value, count }) => {
    const column = segments.filter(({ right }) => Math.abs(right - value) < edgeSlack)
    return { value: Math.min(...column.map(({ left }) => left)), count }
  })
  return [...lefts, ...rights]
    .sort((a, b) => b.count - a.count)
    .slice(0, edgesMax)
    .map(({ value }) => value - edgeSlack / 2)
}

function frequent(values: readonly number[]): { value: number; count: number }[] {
  const counts = new Map<number, number>()
  for (const value of values)
    counts.set(Math.round(value), (counts.get(Math.round(value)) ?? 0) + 1)
  return [...counts]
    .filter(([, count]) => count >= columnRowsMin)
    .map(([value, count]) => ({ value, count }))
}

/** The parts of the page, between segments that cross the strip left of `edge`, that have enough on both sides of it. */
function* cutsAt(ordered: readonly Segment[], edge: number, size: number): Generator<Cut> {
  const strip = edge - gutterMin * size
  let start = 0
  for (let index = 0; index <= ordered.length; index++) {
    const segment = ordered[index]
    if (segment && !(segment.left < edge && segment.right > strip)) continue
    const run = ordered.slice(start, index)
    const first = run.filter(({ left }) => left < edge)
    const second = run.filter(({ left }) => left >= edge)
    if (Math.min(first.length, second.length) >= columnRowsMin)
      yield {
        above: ordered.slice(0, start),
        first,
        second,
        below: ordered.slice(index),
        letters: run.reduce((sum, { text }) => sum + text.length, 0),
      }
    start = index + 1
  }
}

function gutterWidth({ first, second }: Cut): number {
  return Math.min(...second.map(({ left }) => left)) - Math.max(...first.map(({ right }) => right))
}

function areColumns(first: Side, second: Side, rowsMin: number): boolean {
  if (Math.min(first.rows, second.rows) < rowsMin) return false
  if (first.isText && second.isText) return true
  const areEven = Math.min(first.rows, second.rows) * 2 >= Math.max(first.rows, second.rows)
  const areTextual = (first.isText || first.isList) && (second.isText || second.isList)
  if (areEven && areTextual) return true
  const isOneText = first.isText || first.isList || second.isText || second.isList
  return isOneText && (first.isLineNumbers || second.isLineNumbers)
}

function middle({ top, bottom }: Segment): number {
  return top + bottom
}

function medianSize(segments: readonly Segment[]): number {
  const sizes = segments.map(({ size }) => size).sort((a, b) => a - b)
  return sizes[sizes.length >> 1] ?? 1
}
