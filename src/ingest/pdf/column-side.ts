/** What stands on one side of a supposed gutter: a column of text, a list, the numbers of lines, or something else. */
import { groupRows, type Segment } from './segments.ts'

/** Half the letters of a column of text stand in lines that fill this part of its width: in a table or figure few do. */
const columnFill = 0.6
/** Narrower is a column of figures or labels, in font sizes. */
const columnWidthMin = 7
/** Columns of short lines, as in an index, are told from a table by being long, and of letters more than of figures. */
const listRowsMin = 15
const lettersPerFigure = 1.2
/** So many whole numbers in sequence are line numbers in a margin. */
const lineNumbersMin = 5

export interface Side {
  readonly rows: number
  readonly isText: boolean
  readonly isList: boolean
  readonly isLineNumbers: boolean
}

export function describeSide(segments: readonly Segment[]): Side {
  const from = Math.min(...segments.map(({ left }) => left))
  const to = Math.max(...segments.map(({ right }) => right))
  const size = segments.reduce((sum, segment) => sum + segment.size, 0) / segments.length
  const isWide = to - from >= columnWidthMin * size
  const rows = groupRows(segments)
  let filled = 0
  let all = 0
  let letters = 0
  let figures = 0
  for (const row of rows) {
    const width = row.reduce((sum, { left, right }) => sum + right - left, 0)
    const text = row.map((segment) => segment.text).join('')
    all += text.length
    letters += text.match(/\p{L}/gu)?.length ?? 0
    figures += text.match(/\p{N}/gu)?.length ?? 0
    if (width >= columnFill * (to - from)) filled += text.length
  }
  return {
    rows: rows.length,
    isText: isWide && filled * 2 >= all,
    isList: isWide && rows.length >= listRowsMin && letters >= lettersPerFigure * figures,
    isLineNumbers: isLineNumbers(segments),
  }
}

function isLineNumbers(segments: readonly Segment[]): boolean {
  if (segments.length < lineNumbersMin) return false
  const numbers = segments
    .toSorted((a, b) => a.top - b.top)
    .map(({ text }) => Number.parseInt(text.replace(/^\D/, ''), 10))
  let steps = 0
  for (const [index, number] of numbers.entries()) {
    const step = number - (numbers[index - 1] ?? Number.NaN)
    if (step === 1 || step === 5) steps++
  }
  return steps * 4 >= (segments.length - 1) * 3
}
