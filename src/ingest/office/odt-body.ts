/** Reads the content of an OpenDocument text, paragraph by paragraph (OASIS OpenDocument 1.3, part 3). */

import { tooMuchText } from '../limits.ts'
import { cleanBlock } from '../markup/clean-block.ts'
import type { FlowItem } from '../markup/flow.ts'
import { type Attributes, attribute, type TagHandler } from '../markup/parser.ts'
import { OdtStyles } from './odt-styles.ts'
import { OfficeFlow } from './office-flow.ts'

/** Comments, deleted text, and the code behind forms and scripts. */
const skipped: ReadonlySet<string> = new Set(
  'annotation annotation-end tracked-changes forms scripts event-listeners ruby-text title desc'.split(
    ' ',
  ),
)
/** `text:s` stands for so many spaces: more than a screen has are an attack. */
const spacesMax = 200

interface Paragraph {
  text: string
  readonly level: number | undefined
  readonly endsPage: boolean
  readonly after: FlowItem[]
}

interface List {
  readonly style: string
  number: number
}

/** Give it to a markup parser, then `end` it; `take` what is complete as often as wanted. */
export class OdtBody implements TagHandler {
  readonly #charactersMax: number
  readonly #styles = new OdtStyles()
  readonly #flows: OfficeFlow[] = [new OfficeFlow()]
  readonly #paragraphs: Paragraph[] = []
  readonly #lists: List[] = []
  /** The mark of the item that has begun, until its first paragraph takes it. */
  #mark: string | undefined
  /** Notes being read: how many paragraphs were open outside. */
  readonly #notes: { mark: string }[] = []
  #isCitation = false
  #isBody = false
  #depth = 0
  #skipFrom: number | undefined
  #characters = 0

  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax
  }

  take(): FlowItem[] {
    return this.#flows[0]?.take() ?? []
  }

  end(): void {
    while (this.#paragraphs.length > 0) this.#endParagraph()
    while (this.#flows.length > 1) this.#endBox()
    this.#flows[0]?.end()
  }

  open(name: string, attributes: Attributes): void {
    this.#depth++
    if (this.#skipFrom !== undefined) return
    if (skipped.has(name)) this.#skipFrom = this.#depth
    else if (!this.#isBody) this.#openHead(name, attributes)
    else if (!this.#openInline(name, attributes)) this.#openStructure(name, attributes)
  }

  close(name: string): void {
    if (this.#skipFrom === undefined) this.#close(name)
    else if (this.#skipFrom === this.#depth) this.#skipFrom = undefined
    this.#depth--
  }

  text(data: string): void {
    if (this.#skipFrom !== undefined || !this.#isBody) return
    const note = this.#notes.at(-1)
    if (this.#isCitation && note) {
      note.mark = (note.mark + data).slice(0, 20)
      return
    }
    const paragraph = this.#paragraphs.at(-1)
    if (!paragraph) return
    this.#characters += data.length
    if (this.#characters > this.#charactersMax) throw tooMuchText(this.#charactersMax)
    paragraph.text += data.replace(/[ \t\r\n]+/g, ' ')
  }

  get #flow(): OfficeFlow {
    return this.#flows.at(-1) ?? new OfficeFlow()
  }

  #openHead(name: string, attributes: Attributes): void {
    if (name === 'body') this.#isBody = true
    else this.#styles.open(name, attributes)
  }

  /** @returns whether it was something inside a line */
  #openInline(name: string, attributes: Attributes): boolean {
    const paragraph = this.#paragraphs.at(-1)
    switch (name) {
      case 's': {
        const count = Number(attribute(attributes, 'c') ?? 1)
        if (paragraph) paragraph.text += ' '.repeat(Math.min(Math.max(1, count || 1), spacesMax))
        return true
      }
      case 'tab':
        if (paragraph) paragraph.text += '\t'
        return true
      case 'line-break':
        if (paragraph) paragraph.text += '\n'
        return true
      case 'soft-page-break':
        if (paragraph) this.#flush(paragraph)
        this.#flow.startPage()
        return true
      case 'note-citation':
        this.#isCitation = true
        return true
      default:
        return false
    }
  }

  #openStructure(name: string, attributes: Attributes): void {
    switch (name) {
      case 'h':
      case 'p':
        this.#beginParagraph(name, attributes)
        break
      case 'list':
        this.#lists.push({
          style: attribute(attributes, 'style-name') ?? this.#lists.at(-1)?.style ?? '',
          number: 0,
        })
        break
      case 'list-item':
        this.#beginItem()
        break
      case 'note':
        this.#notes.push({ mark: '' })
        break
      case 'note-body':
      case 'text-box':
        this.#flows.push(new OfficeFlow())
        break
      case 'table':
        this.#flow.openTable()
        break
      case 'table-row':
        this.#flow.openRow()
        break
      case 'table-cell':
        this.#flow.openCell()
        break
    }
  }

  #close(name: string): void {
    switch (name) {
      case 'h':
      case 'p':
        this.#endParagraph()
        break
      case 'list':
        this.#lists.pop()
        break
      case 'note-citation':
        this.#endCitation()
        break
      case 'note-body':
        this.#endNote()
        break
      case 'note':
        this.#notes.pop()
        break
      case 'text-box':
        this.#endBox()
        break
      case 'table':
        this.#flow.closeTable()
        break
      case 'table-row':
        this.#flow.closeRow()
        break
      case 'table-cell':
        this.#flow.closeCell()
        break
    }
  }

  #beginParagraph(name: string, attributes: Attributes): void {
    const style = attribute(attributes, 'style-name') ?? ''
    if (this.#styles.startsPage(style)) this.#flow.startPage()
    const outline = Number(attribute(attributes, 'outline-level') ?? 1)
    const level = name === 'h' ? Math.min(Math.max(1, Math.trunc(outline) || 1), 9) : undefined
    const endsPage = this.#styles.endsPage(style)
    this.#paragraphs.push({ text: '', level, endsPage, after: [] })
  }

  #beginItem(): void {
    const list = this.#lists.at(-1)
    if (!list) return
    list.number++
    const isNumbered = this.#styles.isNumbered(list.style, this.#lists.length)
    this.#mark = isNumbered ? `${list.number}. ` : '- '
  }

  #endCitation(): void {
    this.#isCitation = false
    const note = this.#notes.at(-1)
    const paragraph = this.#paragraphs.at(-1)
    if (note && paragraph) paragraph.text += `[${note.mark.trim()}]`
  }

  #endNote(): void {
    const text = this.#endFlow()
      .flatMap((item) => (item.kind === 'block' ? [item.block.text] : []))
      .join('\n')
    const mark = this.#notes.at(-1)?.mark.trim() ?? ''
    const clean = cleanBlock(`[${mark}] ${text}`)
    if (text !== '') this.#paragraphs.at(-1)?.after.push({ kind: 'block', block: { text: clean } })
  }

  /** A box hangs on a paragraph somewhere near it, and is read after that. */
  #endBox(): void {
    const items = this.#endFlow().filter(({ kind }) => kind === 'block')
    const paragraph = this.#paragraphs.at(-1)
    if (!paragraph) this.#flow.addItems(items)
    else for (const item of items) paragraph.after.push(item)
  }

  #endFlow(): FlowItem[] {
    if (this.#flows.length === 1) return []
    const flow = this.#flows.pop()
    flow?.end()
    return flow?.take() ?? []
  }

  #endParagraph(): void {
    const paragraph = this.#paragraphs.pop()
    if (!paragraph) return
    this.#flush(paragraph)
    this.#flow.addItems(paragraph.after)
    if (paragraph.endsPage) this.#flow.startPage()
  }

  #flush(paragraph: Paragraph): void {
    const { text, level } = paragraph
    paragraph.text = ''
    if (text.trim() === '') return
    const isItem = this.#lists.length > 0 && this.#flows.length === 1
    const item = isItem ? { mark: this.#mark ?? '  ', depth: this.#lists.length - 1 } : undefined
    if (isItem) this.#mark = undefined
    this.#flow.paragraph(text, { level, item })
  }
}
