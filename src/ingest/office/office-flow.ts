/** Turns the paragraphs of a word processor's file into blocks: lists are gathered, tables become rows. */
import { cleanBlock } from '../markup/clean-block.ts'
import type { FlowBuffer, FlowItem, FlowSink } from '../markup/flow.ts'
import { TableBuilder } from '../markup/table-builder.ts'

/** A list longer than this goes on as another block. */
const listCharactersMax = 6_000
const depthMax = 8

export interface ParagraphKind {
  /** Set for a heading: 1 is the highest. */
  readonly level?: number | undefined
  /** Set for an item of a list. */
  readonly item?: { readonly mark: string; readonly depth: number } | undefined
}

interface OpenTable {
  builder: TableBuilder
  /** Sinks that were open when it began. */
  readonly base: number
}

export class OfficeFlow {
  readonly #tables: OpenTable[] = []
  readonly #sinks: FlowBuffer[] = []
  #items: FlowItem[] = []
  #list = ''
  #isPageDue = false
  #characters = 0

  /** UTF-16 units of all paragraphs so far. */
  get characters(): number {
    return this.#characters
  }

  /** What is complete since the last call. */
  take(): FlowItem[] {
    const items = this.#items
    this.#items = []
    return items
  }

  end(): void {
    while (this.#tables.length > 0) this.closeTable()
    this.#endList()
  }

  paragraph(text: string, { level, item }: ParagraphKind): void {
    const clean = cleanBlock(text).trim()
    if (clean === '') return
    this.#characters += clean.length
    if (item && level === undefined) this.#addLine(clean, item.mark, item.depth)
    else {
      this.#endList()
      const block = level === undefined ? { text: clean } : { text: clean, level }
      this.#sink().add({ kind: 'block', block })
    }
  }

  /** Blocks that were made elsewhere: notes, the text of a box. */
  addItems(items: readonly FlowItem[]): void {
    if (items.length > 0) this.#endList()
    for (const item of items) this.#sink().add(item)
  }

  /** A page ends here; in a table it ends with the row. */
  startPage(): void {
    this.#endList()
    if (this.#tables.length === 0) this.#items.push({ kind: 'page', label: null })
    else this.#isPageDue = true
  }

  openTable(): void {
    this.#endList()
    this.#tables.push({ builder: new TableBuilder(), base: this.#sinks.length })
  }

  closeTable(): void {
    const table = this.#tables.at(-1)
    if (!table) return
    this.#endList()
    this.#sinks.length = table.base
    this.#tables.pop()
    table.builder.end(this.#sink())
    if (this.#tables.length === 0) this.#turnPage()
  }

  openRow(): void {
    this.#tables.at(-1)?.builder.startRow()
  }

  closeRow(): void {
    const [table] = this.#tables
    if (!table || this.#tables.length > 1 || !this.#isPageDue) return
    table.builder.end(this.#sink())
    table.builder = new TableBuilder()
    this.#turnPage()
  }

  openCell(isHeader = false): void {
    const table = this.#tables.at(-1)
    if (!table) return
    this.#endList()
    this.#sinks.length = table.base
    this.#sinks.push(table.builder.startCell(isHeader))
  }

  closeCell(): void {
    const table = this.#tables.at(-1)
    if (!table) return
    this.#endList()
    this.#sinks.length = table.base
  }

  #turnPage(): void {
    if (this.#isPageDue) this.#items.push({ kind: 'page', label: null })
    this.#isPageDue = false
  }

  #sink(): FlowSink {
    return this.#sinks.at(-1) ?? { add: (item) => this.#items.push(item) }
  }

  #addLine(text: string, mark: string, depth: number): void {
    if (this.#list.length + text.length > listCharactersMax) this.#endList()
    const indent = '  '.repeat(Math.min(Math.max(0, depth), depthMax))
    const line = `${indent}${mark}${text.replaceAll('\n', `\n${indent}  `)}`
    this.#list += this.#list === '' ? line : `\n${line}`
  }

  #endList(): void {
    if (this.#list === '') return
    this.#sink().add({ kind: 'block', block: { text: this.#list, isWhole: true } })
    this.#list = ''
  }
}
