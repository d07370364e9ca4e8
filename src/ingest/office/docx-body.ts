/** Reads WordprocessingML: the body of a DOCX, or its notes, paragraph by paragraph (ECMA-376, part 1, 17). */
import { tooMuchText } from '../limits.ts'
import type { FlowItem } from '../markup/flow.ts'
import { type Attributes, attribute, type TagHandler } from '../markup/parser.ts'
import type { DocxNumbering } from './docx-numbering.ts'
import { type DocxStyles, headingOf } from './docx-styles.ts'
import { OfficeFlow } from './office-flow.ts'

/** Deleted and moved text, earlier states of properties, and the second version of what a first one shows already. */
const skipped: ReadonlySet<string> = new Set(
  'del moveFrom pPrChange rPrChange sectPrChange tblPrChange trPrChange tcPrChange Fallback'.split(
    ' ',
  ),
)

export interface BodyOptions {
  readonly charactersMax: number
  readonly styles: DocxStyles
  readonly numbering: DocxNumbering
  /** The text of a note; undefined for one that is not there. */
  readonly note: (kind: 'footnote' | 'endnote', id: string) => string | undefined
}

interface Paragraph {
  text: string
  style: string
  outlineLevel: number | undefined
  numId: string | undefined
  numLevel: number
  /** Its list's mark, once it was counted. */
  mark: string | undefined
  endsSection: boolean
  /** Notes and boxes, which come when it ends. */
  readonly after: FlowItem[]
}

/** Give it to a markup parser, then `end` it; `take` what is complete as often as wanted. */
export class DocxBody implements TagHandler {
  readonly #options: BodyOptions
  readonly #flows: OfficeFlow[] = [new OfficeFlow()]
  readonly #paragraphs: Paragraph[] = []
  #depth = 0
  #skipFrom: number | undefined
  #runs = 0
  #isText = false
  #notes = 0
  #characters = 0
  #isInSection = false

  constructor(options: BodyOptions) {
    this.#options = options
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
    else if (this.#runs > 0) this.#openInRun(name, attributes)
    else this.#openOutside(name, attributes)
  }

  close(name: string): void {
    if (this.#skipFrom === undefined) this.#close(name)
    else if (this.#skipFrom === this.#depth) this.#skipFrom = undefined
    this.#depth--
  }

  text(data: string): void {
    if (!this.#isText || this.#skipFrom !== undefined) return
    this.#characters += data.length
    if (this.#characters > this.#options.charactersMax)
      throw tooMuchText(this.#options.charactersMax)
    this.#add(data)
  }

  get #flow(): OfficeFlow {
    return this.#flows.at(-1) ?? new OfficeFlow()
  }

  #add(text: string): void {
    const paragraph = this.#paragraphs.at(-1)
    if (paragraph) paragraph.text += text
  }

  #openInRun(name: string, attributes: Attributes): void {
    switch (name) {
      case 't':
        this.#isText = true
        break
      case 'tab':
      case 'ptab':
        this.#add('\t')
        break
      case 'br':
        if (attribute(attributes, 'type') === 'page') this.#breakPage()
        else this.#add('\n')
        break
      case 'cr':
        this.#add('\n')
        break
      case 'noBreakHyphen':
        this.#add('-')
        break
      case 'lastRenderedPageBreak':
        this.#breakPage()
        break
      case 'footnoteReference':
      case 'endnoteReference':
        this.#addNote(
          name === 'footnoteReference' ? 'footnote' : 'endnote',
          attribute(attributes, 'id'),
        )
        break
      case 'txbxContent':
        this.#beginBox()
        break
      default:
        this.#openOutside(name, attributes)
    }
  }

  #openOutside(name: string, attributes: Attributes): void {
    switch (name) {
      case 'p':
        this.#paragraphs.push(newParagraph())
        break
      case 'r':
        this.#runs++
        break
      case 'tbl':
        this.#flow.openTable()
        break
      case 'tr':
        this.#flow.openRow()
        break
      case 'tc':
        this.#flow.openCell()
        break
      case 'sectPr':
        this.#isInSection = this.#paragraphs.length > 0
        if (this.#isInSection) this.#endSection(true)
        break
      default:
        this.#openProperty(name, attribute(attributes, 'val'))
    }
  }

  #openProperty(name: string, value: string | undefined): void {
    const paragraph = this.#paragraphs.at(-1)
    if (!paragraph) return
    switch (name) {
      case 'pStyle':
        paragraph.style = value ?? ''
        break
      case 'outlineLvl':
        paragraph.outlineLevel = Number(value)
        break
      case 'numId':
        paragraph.numId = value
        break
      case 'ilvl':
        paragraph.numLevel = Number(value) || 0
        break
      case 'pageBreakBefore':
        if (value !== '0' && value !== 'false') this.#flow.startPage()
        break
      case 'type':
        if (this.#isInSection && value === 'continuous') this.#endSection(false)
        break
    }
  }

  #close(name: string): void {
    switch (name) {
      case 't':
        this.#isText = false
        break
      case 'r':
        this.#runs--
        break
      case 'p':
        this.#endParagraph()
        break
      case 'tbl':
        this.#flow.closeTable()
        break
      case 'tr':
        this.#flow.closeRow()
        break
      case 'tc':
        this.#flow.closeCell()
        break
      case 'sectPr':
        this.#isInSection = false
        break
      case 'txbxContent':
        this.#endBox()
        break
    }
  }

  #endSection(isOnNewPage: boolean): void {
    const paragraph = this.#paragraphs.at(-1)
    if (paragraph) paragraph.endsSection = isOnNewPage
  }

  #addNote(kind: 'footnote' | 'endnote', id: string | undefined): void {
    const text = id === undefined ? undefined : this.#options.note(kind, id)
    if (text === undefined || text === '') return
    const mark = `[${++this.#notes}]`
    this.#add(mark)
    this.#characters += text.length
    this.#paragraphs.at(-1)?.after.push({ kind: 'block', block: { text: `${mark} ${text}` } })
  }

  #beginBox(): void {
    this.#flows.push(new OfficeFlow())
  }

  /** A box hangs on a paragraph somewhere near it, and is read after that. */
  #endBox(): void {
    if (this.#flows.length === 1) return
    const box = this.#flows.pop()
    box?.end()
    const items = box?.take().filter(({ kind }) => kind === 'block') ?? []
    const paragraph = this.#paragraphs.at(-1)
    if (!paragraph) this.#flow.addItems(items)
    else for (const item of items) paragraph.after.push(item)
  }

  #breakPage(): void {
    const paragraph = this.#paragraphs.at(-1)
    if (!paragraph) return
    this.#flush(paragraph)
    this.#flow.startPage()
  }

  #endParagraph(): void {
    const paragraph = this.#paragraphs.pop()
    if (!paragraph) return
    this.#flush(paragraph)
    this.#flow.addItems(paragraph.after)
    if (paragraph.endsSection) this.#flow.startPage()
  }

  /** Sends what a paragraph has so far. */
  #flush(paragraph: Paragraph): void {
    const text = paragraph.text
    paragraph.text = ''
    if (text.trim() === '') return
    const { styles, numbering } = this.#options
    const { outlineLevel, style, numId, numLevel } = paragraph
    const level = outlineLevel === undefined ? styles.headingLevel(style) : headingOf(outlineLevel)
    const list = numId === undefined ? styles.numbering(style) : { numId, level: numLevel }
    const isItem = list !== undefined && list.numId !== '0'
    // The second part of a paragraph that a page divides has no number of its own.
    const mark =
      isItem && paragraph.mark === undefined ? numbering.next(list.numId, list.level) : ''
    paragraph.mark = mark
    if (level !== undefined) this.#flow.paragraph(mark === '- ' ? text : mark + text, { level })
    else this.#flow.paragraph(text, { item: isItem ? { mark, depth: list.level } : undefined })
  }
}

function newParagraph(): Paragraph {
  return {
    text: '',
    style: '',
    outlineLevel: undefined,
    numId: undefined,
    numLevel: 0,
    mark: undefined,
    endsSection: false,
    after: [],
  }
}
