/** Reads WordprocessingML: the body of a DOCX, or its notes, paragraph by paragraph (ECMA-376, part 1, 17). */
import { tooMuchText } from '../limits.ts'
import { type Attributes, attribute } from '../markup/parser.ts'
import type { DocxNumbering } from './docx-numbering.ts'
import { type DocxStyles, headingOf } from './docx-styles.ts'
import { OfficeBody, type OfficeParagraph } from './office-body.ts'

/** Deleted and moved text, earlier states of properties, and the second version of what a first one shows already. */
const skipped: ReadonlySet<string> = new Set(
  'del moveFrom pPrChange rPrChange sectPrChange tblPrChange trPrChange tcPrChange Fallback'.split(
    ' ',
  ),
)
const tables = { table: 'tbl', row: 'tr', cell: 'tc' }

export interface BodyOptions {
  readonly charactersMax: number
  readonly styles: DocxStyles
  readonly numbering: DocxNumbering
  /** The text of a note; undefined for one that is not there. */
  readonly note: (kind: 'footnote' | 'endnote', id: string) => string | undefined
}

interface Paragraph extends OfficeParagraph {
  style: string
  outlineLevel: number | undefined
  numId: string | undefined
  numLevel: number
  /** Its list's mark, once it was counted. */
  mark: string | undefined
}

export class DocxBody extends OfficeBody<Paragraph> {
  readonly #options: BodyOptions
  #runs = 0
  #isText = false
  #notes = 0
  #characters = 0
  #isInSection = false

  constructor(options: BodyOptions) {
    super(skipped)
    this.#options = options
  }

  protected override openTag(name: string, attributes: Attributes): void {
    if (this.#runs > 0) this.#openInRun(name, attributes)
    else this.#openOutside(name, attributes)
  }

  protected override readText(data: string): void {
    if (!this.#isText) return
    this.#characters += data.length
    if (this.#characters > this.#options.charactersMax)
      throw tooMuchText(this.#options.charactersMax)
    this.#add(data)
  }

  #add(text: string): void {
    const { paragraph } = this
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
        this.beginBox()
        break
      default:
        this.#openOutside(name, attributes)
    }
  }

  #openOutside(name: string, attributes: Attributes): void {
    if (this.openTablePart(name, tables)) return
    switch (name) {
      case 'p':
        this.beginParagraph(newParagraph())
        break
      case 'r':
        this.#runs++
        break
      case 'sectPr':
        this.#isInSection = this.paragraph !== undefined
        if (this.#isInSection) this.#endSection(true)
        break
      default:
        this.#openProperty(name, attribute(attributes, 'val'))
    }
  }

  #openProperty(name: string, value: string | undefined): void {
    const { paragraph } = this
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
        if (value !== '0' && value !== 'false') this.flow.startPage()
        break
      case 'type':
        if (this.#isInSection && value === 'continuous') this.#endSection(false)
        break
    }
  }

  protected override closeTag(name: string): void {
    if (this.closeTablePart(name, tables)) return
    switch (name) {
      case 't':
        this.#isText = false
        break
      case 'r':
        this.#runs--
        break
      case 'p':
        this.endParagraph()
        break
      case 'sectPr':
        this.#isInSection = false
        break
      case 'txbxContent':
        this.endBox()
        break
    }
  }

  #endSection(isOnNewPage: boolean): void {
    const { paragraph } = this
    if (paragraph) paragraph.endsPage = isOnNewPage
  }

  #addNote(kind: 'footnote' | 'endnote', id: string | undefined): void {
    const text = id === undefined ? undefined : this.#options.note(kind, id)
    if (text === undefined || text === '') return
    const mark = `[${++this.#notes}]`
    this.#add(mark)
    this.#characters += text.length
    this.paragraph?.after.push({ kind: 'block', block: { text: `${mark} ${text}` } })
  }

  #breakPage(): void {
    const { paragraph } = this
    if (!paragraph) return
    this.flush(paragraph)
    this.flow.startPage()
  }

  protected override flush(paragraph: Paragraph): void {
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
    if (level !== undefined) this.flow.paragraph(mark === '- ' ? text : mark + text, { level })
    else this.flow.paragraph(text, { item: isItem ? { mark, depth: list.level } : undefined })
  }
}

function newParagraph(): Paragraph {
  return {
    text: '',
    endsPage: false,
    after: [],
    style: '',
    outlineLevel: undefined,
    numId: undefined,
    numLevel: 0,
    mark: undefined,
  }
}
