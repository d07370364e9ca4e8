/** Writes records of a table as text that is understood without the rest of the table. */
import { cleanBlock, cleanLine } from '../markup/clean-block.ts'
import type { FlowItem } from '../markup/flow.ts'

/** A table is written in rows as long as a row fits a line or two; wider records get a line for each cell. */
const rowCharactersMax = 200
const rowColumnsMax = 12
/** Rows under one header: what fits a passage whole. */
const partCharacters = 1_500
const cellsMax = 1_000

export interface TableShape {
  /** Null for a table without names. */
  readonly header: readonly string[] | null
  /** Whether it is written in rows. */
  readonly isNarrow: boolean
}

/** @param sample the first records */
export function shapeOf(
  header: readonly string[] | null,
  sample: readonly (readonly string[])[],
): TableShape {
  const rows = sample.length === 0 ? [[]] : sample
  const characters = rows.reduce((sum, row) => sum + row.join(' | ').length, 0) / rows.length
  const columns = Math.max(...rows.map((row) => row.length))
  return { header, isNarrow: characters <= rowCharactersMax && columns <= rowColumnsMax }
}

/** Turns records into blocks one after the other. */
export class TableBlocks {
  readonly #shape: TableShape
  readonly #header: string
  #rows = ''

  constructor(shape: TableShape) {
    this.#shape = shape
    this.#header = shape.header && shape.isNarrow ? rowText(shape.header) : ''
  }

  *add(record: readonly string[]): Generator<FlowItem> {
    const cells = record.slice(0, cellsMax)
    if (!this.#shape.isNarrow) yield* whole(recordText(cells, this.#shape.header))
    else {
      const row = rowText(cells)
      if (row === '') return
      if (this.#rows.length + row.length > partCharacters) yield* this.end()
      this.#rows += `\n${row}`
    }
  }

  *end(): Generator<FlowItem> {
    const rows = this.#rows
    this.#rows = ''
    if (rows !== '') yield* whole((this.#header + rows).trim())
  }
}

function* whole(text: string): Generator<FlowItem> {
  if (text !== '') yield { kind: 'block', block: { text, isWhole: true } }
}

function rowText(cells: readonly string[]): string {
  const texts = cells.map((cell) => cleanLine(cell))
  while (texts.at(-1) === '') texts.pop()
  return texts.every((text) => text === '') ? '' : texts.join(' | ')
}

/** A line for each cell that is not empty. */
function recordText(cells: readonly string[], header: readonly string[] | null): string {
  const lines: string[] = []
  for (const [index, cell] of cells.entries()) {
    const text = cleanBlock(cell).trim()
    if (text === '') continue
    const name = header
      ? cleanBlock(header[index] ?? '')
          .replace(/\s+/g, ' ')
          .trim()
      : ''
    lines.push(name === '' ? text : `${name}: ${text.replaceAll('\n', '\n  ')}`)
  }
  return lines.join('\n')
}
