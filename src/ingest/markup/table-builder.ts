/** Makes rows of text from a table's cells; a table that only lays out a page gives its contents instead. */
import { addMarks, FlowBuffer, type FlowSink } from './flow.ts'

/** A cell with more than this is no datum but a column of a page. */
const cellCharactersMax = 1_000
/** Rows of a long table are parted into blocks of about this size, each under the table's header. */
const partCharacters = 3_000

interface Row {
  readonly cells: FlowBuffer[]
  isHeader: boolean
}

export class TableBuilder {
  readonly #rows: Row[] = []
  readonly #caption = new FlowBuffer()

  get caption(): FlowBuffer {
    return this.#caption
  }

  startRow(): void {
    this.#rows.push({ cells: [], isHeader: true })
  }

  /** The new cell's contents go into what this gives. */
  startCell(isHeader: boolean): FlowBuffer {
    if (this.#rows.length === 0) this.startRow()
    const row = this.#rows.at(-1)
    const cell = new FlowBuffer()
    if (!row) return cell
    row.cells.push(cell)
    if (!isHeader) row.isHeader = false
    return cell
  }

  /** Sends the finished table. */
  end(sink: FlowSink): void {
    const buffers = [this.#caption, ...this.#rows.flatMap(({ cells }) => cells)]
    if (this.#isLayout()) {
      for (const { items } of buffers) for (const item of items) sink.add(item)
      return
    }
    addMarks(buffers, sink)
    for (const text of this.#parts()) sink.add({ kind: 'block', block: { text, isWhole: true } })
  }

  #isLayout(): boolean {
    let columns = 0
    for (const { cells } of this.#rows) {
      columns = Math.max(columns, cells.length)
      if (cells.some((cell) => cell.isDivided || cell.characters > cellCharactersMax)) return true
    }
    return columns <= 1
  }

  #parts(): string[] {
    const caption = this.#caption.texts().join(' ')
    const lines = this.#rows.map((row) => ({ isHeader: row.isHeader, text: rowText(row) }))
    const kept = lines.filter(({ text }) => text !== '')
    const [first] = kept
    const isHeaded = first?.isHeader === true && kept.length > 1
    const header = isHeaded && first.text.length < partCharacters / 4 ? first.text : ''
    const parts: string[] = []
    let part = caption
    for (const { text } of kept) {
      if (part !== '' && part.length + text.length > partCharacters) {
        parts.push(part)
        part = header
      }
      part += part === '' ? text : `\n${text}`
    }
    if (part !== '') parts.push(part)
    return parts
  }
}

/** Cells by ` | `, an empty one in the middle kept so that columns stay where they are. */
function rowText({ cells }: Row): string {
  const texts = cells.map((cell) => cell.texts().join(' ').replace(/\s+/g, ' ').trim())
  while (texts.at(-1) === '') texts.pop()
  return texts.every((text) => text === '') ? '' : texts.join(' | ')
}
