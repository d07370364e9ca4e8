/** Puts the text of an RTF document together: paragraphs, headings, rows of tables, notes after their text. */
import { cleanBlock } from '../markup/clean-block.ts'
import type { FlowItem } from '../markup/flow.ts'
import { OfficeFlow } from '../office/office-flow.ts'
import type { Destination } from './groups.ts'
import type { RtfTables } from './tables.ts'

export class RtfParagraphs {
  readonly #tables: RtfTables
  readonly #flow = new OfficeFlow()
  /** Texts of open paragraphs: the document's, and those of notes and boxes inside it. */
  readonly #texts = ['']
  readonly #after: string[] = []
  #mark = ''
  #depth = 0
  #style = 0
  #outlineLevel: number | undefined
  #isInTable = false
  #hasTable = false
  #hasRow = false
  #notes = 0

  constructor(tables: RtfTables) {
    this.#tables = tables
  }

  /** What is complete since the last call. */
  take(): FlowItem[] {
    return this.#flow.take()
  }

  end(): void {
    while (this.#texts.length > 1) this.#leaveInner('')
    this.#endParagraph()
    this.#closeTable()
    this.#flow.end()
  }

  addText(text: string): void {
    this.#texts[this.#texts.length - 1] += text
  }

  addMark(text: string): void {
    if (this.#mark.length < 40) this.#mark += text
  }

  enter(destination: Destination): void {
    if (destination === 'note') this.addText(`[${++this.#notes}]`)
    this.#texts.push('')
  }

  leave(destination: Destination): void {
    if (destination === 'note') this.#leaveInner(`[${this.#notes}] `)
    else if (destination === 'box') this.#leaveInner('')
  }

  takeWord(name: string, value: number | undefined): void {
    if (this.#texts.length > 1) {
      if (name === 'par') this.addText('\n')
      return
    }
    switch (name) {
      case 'par':
      case 'sect':
        this.#endParagraph()
        break
      case 'page':
        this.#endParagraph()
        this.#flow.startPage()
        break
      case 'pagebb':
        if (value !== 0) this.#flow.startPage()
        break
      case 'cell':
        this.#endCell()
        break
      case 'row':
        this.#endRow()
        break
      case 'pard':
        this.#reset()
        break
      default:
        this.#noteProperty(name, value)
    }
  }

  #noteProperty(name: string, value: number | undefined): void {
    switch (name) {
      case 's':
        this.#style = value ?? 0
        break
      case 'outlinelevel':
        this.#outlineLevel = value
        break
      case 'ilvl':
        this.#depth = value ?? 0
        break
      case 'intbl':
        this.#isInTable = true
        break
    }
  }

  #reset(): void {
    this.#style = 0
    this.#outlineLevel = undefined
    this.#depth = 0
    this.#isInTable = false
  }

  #leaveInner(prefix: string): void {
    const text = this.#texts.pop() ?? ''
    const clean = cleanBlock(text).trim()
    if (clean !== '') this.#after.push(prefix + clean)
  }

  #takeText(): string {
    const text = this.#texts[0] ?? ''
    this.#texts[0] = ''
    return text
  }

  #endParagraph(): void {
    // A paragraph in a cell ends with it.
    if (this.#isInTable) {
      this.addText('\n')
      return
    }
    const text = this.#takeText()
    const mark = cleanBlock(this.#mark).trim()
    this.#mark = ''
    if (text.trim() === '' && this.#after.length === 0) return
    this.#closeTable()
    const outline = this.#outlineLevel
    const isHeading = outline !== undefined && outline >= 0 && outline <= 8
    const level = isHeading ? outline + 1 : this.#tables.headingLevel(this.#style)
    if (mark === '') this.#flow.paragraph(text, { level })
    else if (level !== undefined) this.#flow.paragraph(`${mark} ${text}`, { level })
    else this.#flow.paragraph(text, { item: { mark: bulletOf(mark), depth: this.#depth } })
    this.#addAfter()
  }

  #addAfter(): void {
    const texts = this.#after.splice(0)
    this.#flow.addItems(texts.map((text) => ({ kind: 'block', block: { text } })))
  }

  #endCell(): void {
    if (!this.#hasTable) this.#flow.openTable()
    if (!this.#hasRow) this.#flow.openRow()
    this.#hasTable = true
    this.#hasRow = true
    this.#flow.openCell()
    this.#flow.paragraph(this.#takeText(), {})
    this.#flow.closeCell()
    this.#mark = ''
  }

  #endRow(): void {
    if (this.#hasRow) this.#flow.closeRow()
    this.#hasRow = false
  }

  #closeTable(): void {
    if (!this.#hasTable) return
    this.#flow.closeTable()
    this.#hasTable = false
    this.#hasRow = false
    this.#addAfter()
  }
}

/** Bullets are letters of symbol fonts as often as not. */
function bulletOf(mark: string): string {
  return /[\p{L}\p{N}]/u.test(mark) && mark.length > 1 ? `${mark} ` : '- '
}
