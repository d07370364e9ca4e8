/** Reads the content of an OpenDocument text, paragraph by paragraph (OASIS OpenDocument 1.3, part 3). */
import { tooMuchText } from '../limits.ts'
import { cleanBlock } from '../markup/clean-block.ts'
import { type Attributes, attribute } from '../markup/parser.ts'
import { OdtStyles } from './odt-styles.ts'
import { OfficeBody, type OfficeParagraph } from './office-body.ts'

/** Comments, deleted text, and the code behind forms and scripts. */
const skipped: ReadonlySet<string> = new Set(
  'annotation annotation-end tracked-changes forms scripts event-listeners ruby-text title desc'.split(
    ' ',
  ),
)
/** `text:s` stands for so many spaces: more than a screen has are an attack. */
const spacesMax = 200
const tables = { table: 'table', row: 'table-row', cell: 'table-cell' }

interface Paragraph extends OfficeParagraph {
  readonly level: number | undefined
}

interface List {
  readonly style: string
  number: number
}

export class OdtBody extends OfficeBody<Paragraph> {
  readonly #charactersMax: number
  readonly #styles = new OdtStyles()
  readonly #lists: List[] = []
  /** The mark of the item that has begun, until its first paragraph takes it. */
  #mark: string | undefined
  /** Notes being read: how many paragraphs were open outside. */
  readonly #notes: { mark: string }[] = []
  #isCitation = false
  #isBody = false
  #characters = 0

  constructor(charactersMax: number) {
    super(skipped)
    this.#charactersMax = charactersMax
  }

  protected override openTag(name: string, attributes: Attributes): void {
    if (!this.#isBody) this.#openHead(name, attributes)
    else if (!this.#openInline(name, attributes)) this.#openStructure(name, attributes)
  }

  protected override readText(data: string): void {
    if (!this.#isBody) return
    const note = this.#notes.at(-1)
    if (this.#isCitation && note) {
      note.mark = (note.mark + data).slice(0, 20)
      return
    }
    const { paragraph } = this
    if (!paragraph) return
    this.#characters += data.length
    if (this.#characters > this.#charactersMax) throw tooMuchText(this.#charactersMax)
    paragraph.text += data.replace(/[ \t\r\n]+/g, ' ')
  }

  #openHead(name: string, attributes: Attributes): void {
    if (name === 'body') this.#isBody = true
    else this.#styles.open(name, attributes)
  }

  /** @returns whether it was something inside a line */
  #openInline(name: string, attributes: Attributes): boolean {
    const { paragraph } = this
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
        if (paragraph) this.flush(paragraph)
        this.flow.startPage()
        return true
      case 'note-citation':
        this.#isCitation = true
        return true
      default:
        return false
    }
  }

  #openStructure(name: string, attributes: Attributes): void {
    if (this.openTablePart(name, tables)) return
    switch (name) {
      case 'h':
      case 'p':
        this.#startParagraph(name, attributes)
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
        this.beginBox()
        break
    }
  }

  protected override closeTag(name: string): void {
    if (this.closeTablePart(name, tables)) return
    switch (name) {
      case 'h':
      case 'p':
        this.endParagraph()
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
        this.endBox()
        break
    }
  }

  #startParagraph(name: string, attributes: Attributes): void {
    const style = attribute(attributes, 'style-name') ?? ''
    if (this.#styles.startsPage(style)) this.flow.startPage()
    const outline = Number(attribute(attributes, 'outline-level') ?? 1)
    const level = name === 'h' ? Math.min(Math.max(1, Math.trunc(outline) || 1), 9) : undefined
    const endsPage = this.#styles.endsPage(style)
    this.beginParagraph({ text: '', level, endsPage, after: [] })
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
    const { paragraph } = this
    if (note && paragraph) paragraph.text += `[${note.mark.trim()}]`
  }

  #endNote(): void {
    const text = this.takeBox()
      .flatMap((item) => (item.kind === 'block' ? [item.block.text] : []))
      .join('\n')
    const mark = this.#notes.at(-1)?.mark.trim() ?? ''
    const clean = cleanBlock(`[${mark}] ${text}`)
    if (text !== '') this.paragraph?.after.push({ kind: 'block', block: { text: clean } })
  }

  protected override flush(paragraph: Paragraph): void {
    const { text, level } = paragraph
    paragraph.text = ''
    if (text.trim() === '') return
    const isItem = this.#lists.length > 0 && !this.isInBox
    const item = isItem ? { mark: this.#mark ?? '  ', depth: this.#lists.length - 1 } : undefined
    if (isItem) this.#mark = undefined
    this.flow.paragraph(text, { level, item })
  }
}
