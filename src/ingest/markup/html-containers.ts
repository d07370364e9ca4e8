/** The lists and tables that are open at one place of an HTML document, and where its text goes meanwhile. */
import type { FlowBuffer, FlowSink } from './flow.ts'
import { ListBuilder } from './list-builder.ts'
import type { Attributes } from './parser.ts'
import { TableBuilder } from './table-builder.ts'

/** Ends what was begun. */
export type End = () => void

interface Open<Builder> {
  readonly builder: Builder
  readonly depth: number
}

interface OpenList extends Open<ListBuilder> {
  /** Of the next item; null for a list that does not count. */
  number: number | null
}

export class HtmlContainers {
  readonly #root: FlowSink
  readonly #lists: OpenList[] = []
  readonly #tables: Open<TableBuilder>[] = []
  readonly #sinks: FlowSink[] = []

  constructor(root: FlowSink) {
    this.#root = root
  }

  /** Where a paragraph goes that ends now: an open cell or item, or the document. */
  get sink(): FlowSink {
    return this.#sinks.at(-1) ?? this.#root
  }

  enterList(name: string, attributes: Attributes, depth: number): End {
    const builder = new ListBuilder()
    const start = Number.parseInt(attributes['start'] ?? '1', 10)
    const first = Number.isSafeInteger(start) ? start : 1
    this.#lists.push({ builder, number: name === 'ol' ? first : null, depth })
    return () => {
      this.#lists.pop()
      builder.end(this.sink)
    }
  }

  /** @returns undefined for an item of no list, or one inside a table inside a list: a paragraph like any other */
  enterItem(name: string): End | undefined {
    const list = this.#lists.at(-1)
    if (!list || list.depth < (this.#tables.at(-1)?.depth ?? 0)) return undefined
    return this.#enterSink(list.builder.startItem(itemMark(name, list)))
  }

  enterTable(depth: number): End {
    const builder = new TableBuilder()
    this.#tables.push({ builder, depth })
    return () => {
      this.#tables.pop()
      builder.end(this.sink)
    }
  }

  startRow(): void {
    this.#tables.at(-1)?.builder.startRow()
  }

  /** @returns undefined for a cell of no table */
  enterCell(name: string): End | undefined {
    const table = this.#tables.at(-1)
    if (!table || table.depth < (this.#lists.at(-1)?.depth ?? 0)) return undefined
    const { builder } = table
    return this.#enterSink(name === 'caption' ? builder.caption : builder.startCell(name === 'th'))
  }

  #enterSink(sink: FlowBuffer): End {
    this.#sinks.push(sink)
    return () => this.#sinks.pop()
  }
}

function itemMark(name: string, list: OpenList): string {
  if (name === 'dt') return ''
  if (name === 'dd') return '  '
  return list.number === null ? '- ' : `${list.number++}. `
}
