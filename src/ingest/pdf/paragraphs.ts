/** Writes the flows of a page down as text: lines, and blank lines where the layout shows a paragraph. */
import type { Flow } from './columns.ts'
import { rowJoiner, type Segment } from './segments.ts'

/** A distance between lines this many times the usual one of its flow begins a paragraph. */
const leadingMax = 1.3
/** Another font size by this factor is another kind of text: a heading, a note. */
const sizeChange = 1.15
/** A first line is set in by at least and at most so many font sizes. */
const indentMin = 0.8
const indentMax = 5

interface Line {
  readonly text: string
  readonly left: number
  readonly bottom: number
  readonly size: number
}

export function writeFlows(flows: readonly Flow[]): string {
  return flows
    .map((flow) => writeLines(flow.rows.map(toLine)))
    .filter((text) => text !== '')
    .join('\n\n')
}

function toLine(row: readonly Segment[]): Line {
  return {
    text: joinRow(row),
    left: Math.min(...row.map(({ left }) => left)),
    bottom: Math.max(...row.map(({ bottom }) => bottom)),
    size: Math.max(...row.map(({ size }) => size)),
  }
}

/** The row comes in reading direction. */
function joinRow(row: readonly Segment[]): string {
  let line = ''
  let left = 0
  let right = 0
  for (const [index, segment] of row.entries()) {
    const before = row[index - 1]
    if (before) {
      line += rowJoiner(before, segment, Math.max(segment.left - right, left - segment.right))
      left = Math.min(left, segment.left)
      right = Math.max(right, segment.right)
    } else ({ left, right } = segment)
    line += segment.text
  }
  return line
}

function writeLines(lines: readonly Line[]): string {
  const leading = usualLeading(lines)
  let text = ''
  for (const [index, line] of lines.entries()) {
    const before = lines[index - 1]
    if (before) text += beginsParagraph(lines, index, before, leading) ? '\n\n' : '\n'
    text += line.text
  }
  return text
}

/** The median distance between baselines; lines of one size only, since a heading's distances are its own. */
function usualLeading(lines: readonly Line[]): number {
  const distances: number[] = []
  for (const [index, line] of lines.entries()) {
    const before = lines[index - 1]
    if (before && isSameSize(before, line)) distances.push(line.bottom - before.bottom)
  }
  distances.sort((a, b) => a - b)
  return distances[distances.length >> 1] ?? 0
}

function beginsParagraph(
  lines: readonly Line[],
  index: number,
  before: Line,
  leading: number,
): boolean {
  const line = lines[index]
  if (!line) return false
  if (!isSameSize(before, line)) return true
  const distance = line.bottom - before.bottom
  if (leading > 0 && distance > leading * leadingMax) return true
  const indent = (line.left - before.left) / line.size
  if (indent < indentMin || indent > indentMax) return false
  // Set in, and the next line is not: a first line, no list or quotation.
  const after = lines[index + 1]
  return after !== undefined && line.left - after.left >= indentMin * line.size
}

function isSameSize(a: Line, b: Line): boolean {
  return Math.max(a.size, b.size) < Math.min(a.size, b.size) * sizeChange
}
