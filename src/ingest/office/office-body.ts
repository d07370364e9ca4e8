/** What word processors' formats share: paragraphs in paragraphs, boxes that hang on them, and content that is passed over. */
import type { FlowItem } from '../markup/flow.ts'
import type { Attributes, TagHandler } from '../markup/parser.ts'
import { OfficeFlow } from './office-flow.ts'

export interface OfficeParagraph {
  text: string
  /** Whether a page ends with it. */
  endsPage: boolean
  /** Notes and boxes, which come when it ends. */
  readonly after: FlowItem[]
}

/** Give it to a markup parser, then `end` it; `take` what is complete as often as wanted. */
export abstract class OfficeBody<Paragraph extends OfficeParagraph> implements TagHandler {
  readonly #skipped: ReadonlySet<string>
  readonly #flows: OfficeFlow[] = [new OfficeFlow()]
  readonly #paragraphs: Paragraph[] = []
  #depth = 0
  #skipFrom: number | undefined

  /** @param skipped names of elements that are passed over with all that is in them */
  constructor(skipped: ReadonlySet<string>) {
    this.#skipped = skipped
  }

  protected abstract openTag(name: string, attributes: Attributes): void
  protected abstract closeTag(name: string): void
  protected abstract readText(data: string): void
  /** Sends what a paragraph has so far to the flow. */
  protected abstract flush(paragraph: Paragraph): void

  take(): FlowItem[] {
    return this.#flows[0]?.take() ?? []
  }

  end(): void {
    while (this.#paragraphs.length > 0) this.endParagraph()
    while (this.isInBox) this.endBox()
    this.#flows[0]?.end()
  }

  open(name: string, attributes: Attributes): void {
    this.#depth++
    if (this.#skipFrom !== undefined) return
    if (this.#skipped.has(name)) this.#skipFrom = this.#depth
    else this.openTag(name, attributes)
  }

  close(name: string): void {
    if (this.#skipFrom === undefined) this.closeTag(name)
    else if (this.#skipFrom === this.#depth) this.#skipFrom = undefined
    this.#depth--
  }

  text(data: string): void {
    if (this.#skipFrom === undefined) this.readText(data)
  }

  protected get flow(): OfficeFlow {
    return this.#flows.at(-1) ?? new OfficeFlow()
  }

  /** The innermost paragraph that is open. */
  protected get paragraph(): Paragraph | undefined {
    return this.#paragraphs.at(-1)
  }

  protected get isInBox(): boolean {
    return this.#flows.length > 1
  }

  protected beginParagraph(paragraph: Paragraph): void {
    this.#paragraphs.push(paragraph)
  }

  protected endParagraph(): void {
    const paragraph = this.#paragraphs.pop()
    if (!paragraph) return
    this.flush(paragraph)
    this.flow.addItems(paragraph.after)
    if (paragraph.endsPage) this.flow.startPage()
  }

  /** A box, or the text of a note: what comes now goes into a flow of its own. */
  protected beginBox(): void {
    this.#flows.push(new OfficeFlow())
  }

  /** A box hangs on a paragraph somewhere near it, and is read after that. */
  protected endBox(): void {
    const items = this.takeBox()
    const { paragraph } = this
    if (!paragraph) this.flow.addItems(items)
    else for (const item of items) paragraph.after.push(item)
  }

  /** Ends the innermost box. @returns its blocks; a box has no pages */
  protected takeBox(): FlowItem[] {
    if (!this.isInBox) return []
    const flow = this.#flows.pop()
    flow?.end()
    return flow?.take().filter(({ kind }) => kind === 'block') ?? []
  }

  /** Tables are nested alike everywhere, whatever their elements are called. @returns whether it was one */
  protected openTablePart(name: string, names: TableNames): boolean {
    if (name === names.table) this.flow.openTable()
    else if (name === names.row) this.flow.openRow()
    else if (name === names.cell) this.flow.openCell()
    else return false
    return true
  }

  /** @returns whether it was a part of a table */
  protected closeTablePart(name: string, names: TableNames): boolean {
    if (name === names.table) this.flow.closeTable()
    else if (name === names.row) this.flow.closeRow()
    else if (name === names.cell) this.flow.closeCell()
    else return false
    return true
  }
}

/** The local names of a format's elements. */
export interface TableNames {
  readonly table: string
  readonly row: string
  readonly cell: string
}
