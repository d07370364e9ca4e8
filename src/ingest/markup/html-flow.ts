/** Turns the tags of HTML and XHTML into blocks of text: paragraphs, headings, lists, tables, notes. */
import { tooMuchText } from '../limits.ts'
import type { FlowItem } from './flow.ts'
import { type End, HtmlContainers } from './html-containers.ts'
import {
  headingLevel,
  isBlock,
  isNote,
  isNoteReference,
  isPageBreak,
  isSkipped,
} from './html-elements.ts'
import { InlineText, raisedNumber } from './inline-text.ts'
import { type Attributes, attribute, type TagHandler } from './parser.ts'

/** Pictures of single characters, as Japanese books use them, say which in two letters at most. */
const glyphAltMax = 2
const labelMax = 40

export interface HtmlFlowOptions {
  readonly charactersMax: number
  /** Ids that are reported as marks. */
  readonly marks?: ReadonlySet<string>
  /** Labels of printed pages by the id where they begin; null to take what the text itself marks. */
  readonly pages?: ReadonlyMap<string, string> | null
  /** Whether an element is none of the text, beside those that never are. */
  readonly skips?: (name: string, attributes: Attributes) => boolean
}

/** An open element that changes where text goes or what becomes of it. */
interface Frame {
  readonly depth: number
  readonly end: End
}

/** Give it to a markup parser, then `end` it; `take` what is complete as often as wanted. */
export class HtmlFlow implements TagHandler {
  readonly #options: HtmlFlowOptions
  readonly #frames: Frame[] = []
  readonly #containers = new HtmlContainers({ add: (item) => this.#items.push(item) })
  #inline = new InlineText()
  #notes: string[] = []
  #marks: string[] = []
  #items: FlowItem[] = []
  #depth = 0
  #skipFrom: number | undefined
  #heading: number | undefined
  #pageLabel: string | undefined
  #characters = 0
  #title = ''
  #isInTitle = false

  constructor(options: HtmlFlowOptions) {
    this.#options = options
  }

  /** The text of `<title>`. */
  get title(): string {
    return this.#title
  }

  /** What is complete since the last call. */
  take(): FlowItem[] {
    const items = this.#items
    this.#items = []
    return items
  }

  /** Ends the last paragraph. Call `take` after it. */
  end(): void {
    this.#flush()
    for (const id of this.#marks) this.#add({ kind: 'mark', id })
    this.#marks = []
  }

  /** A page of the printed edition begins here. */
  startPage(label: string): void {
    this.#flush()
    this.#add({ kind: 'page', label })
  }

  open(name: string, attributes: Attributes): void {
    this.#depth++
    if (this.#skipFrom !== undefined) return
    if (isBlock(name)) this.#border()
    this.#notePlace(attributes)
    if (isPageBreak(attributes)) this.#skip()
    else if (isSkipped(name, attributes) || this.#options.skips?.(name, attributes)) this.#skip()
    else this.#enter(name, attributes)
  }

  close(name: string): void {
    if (this.#skipFrom === undefined) {
      if (isBlock(name)) this.#border()
      while (this.#frames.at(-1)?.depth === this.#depth) this.#frames.pop()?.end()
    } else if (this.#skipFrom === this.#depth) this.#endSkip()
    this.#depth--
  }

  text(data: string): void {
    if (this.#isInTitle) {
      this.#title = (this.#title + data).slice(0, 1_000)
      return
    }
    if (this.#skipFrom !== undefined) {
      if (this.#pageLabel !== undefined)
        this.#pageLabel = (this.#pageLabel + data).slice(0, labelMax)
      return
    }
    this.#characters += data.length
    // Markup is not counted, so this is more generous than the limit on pages; it only bounds what is held.
    if (this.#characters > this.#options.charactersMax * 2)
      throw tooMuchText(this.#options.charactersMax)
    this.#inline.add(data)
  }

  #skip(): void {
    this.#skipFrom = this.#depth
  }

  #endSkip(): void {
    this.#skipFrom = undefined
    const label = this.#pageLabel?.trim()
    this.#pageLabel = undefined
    if (label) this.startPage(label)
  }

  /** Reports links' targets and borders of printed pages. */
  #notePlace(attributes: Attributes): void {
    const id = attributes['id'] ?? attributes['name'] ?? attributes['xml:id']
    if (id !== undefined && this.#options.marks?.has(id)) this.#marks.push(id)
    const { pages } = this.#options
    const listed = id === undefined ? undefined : pages?.get(id)
    if (listed !== undefined) this.startPage(listed)
    else if (pages === null && isPageBreak(attributes)) {
      const label = attribute(attributes, 'title') ?? attributes['aria-label'] ?? ''
      if (label.trim() === '') this.#pageLabel = ''
      else this.startPage(label.trim().slice(0, labelMax))
    }
  }

  #enter(name: string, attributes: Attributes): void {
    const level = headingLevel(name)
    if (level !== undefined) this.#enterHeading(level)
    else if (isNote(attributes) && !isBlock(name)) this.#enterNote()
    else if (isNoteReference(attributes) || name === 'sup') this.#enterRaised(attributes)
    else this.#enterStructure(name, attributes)
  }

  #enterStructure(name: string, attributes: Attributes): void {
    switch (name) {
      case 'title':
        this.#enterTitle()
        break
      case 'br':
        this.#breakLine()
        break
      case 'img':
      case 'image':
        this.#addGlyph(attributes['alt'])
        break
      case 'math':
        this.#enterMath(attributes['alttext'])
        break
      case 'pre':
        this.#enterVerbatim()
        break
      case 'ul':
      case 'ol':
      case 'menu':
      case 'dir':
      case 'dl':
        this.#push(this.#containers.enterList(name, attributes, this.#depth))
        break
      case 'li':
      case 'dt':
      case 'dd':
        this.#enterPart(this.#containers.enterItem(name))
        break
      case 'table':
        this.#push(this.#containers.enterTable(this.#depth))
        break
      case 'tr':
        this.#containers.startRow()
        break
      case 'td':
      case 'th':
      case 'caption':
        this.#enterPart(this.#containers.enterCell(name))
        break
    }
  }

  #enterTitle(): void {
    this.#isInTitle = this.#title === ''
    if (!this.#isInTitle) this.#skip()
    else this.#push(() => (this.#isInTitle = false))
  }

  #enterHeading(level: number): void {
    if (this.#heading !== undefined) return
    this.#heading = level
    this.#push(() => {
      this.#heading = undefined
      this.#flush(level)
    })
  }

  /** A note that stands inside a sentence comes after the paragraph. */
  #enterNote(): void {
    const around = this.#inline
    this.#inline = new InlineText()
    this.#push(() => {
      const text = this.#inline.take()
      this.#inline = around
      if (text !== '') this.#notes.push(text)
    })
  }

  #enterRaised(attributes: Attributes): void {
    const inline = this.#inline
    const start = inline.place
    const isLink = isNoteReference(attributes)
    this.#push(() => {
      if (inline === this.#inline)
        inline.replaceFrom(start, (text, before) => raisedNumber(text, before, isLink))
    })
  }

  #enterMath(alternative: string | undefined): void {
    if (alternative === undefined || alternative === '') return
    this.#inline.add(` ${alternative} `)
    this.#skip()
  }

  /** A picture is text where it is a single letter, or the first that a heading has. */
  #addGlyph(alternative: string | undefined): void {
    if (alternative === undefined) return
    const isHeading = this.#heading !== undefined && this.#inline.isEmpty
    if (isHeading || [...alternative.slice(0, 10)].length <= glyphAltMax)
      this.#inline.add(alternative)
  }

  /** Two line ends in a row are how old pages part their paragraphs. */
  #breakLine(): void {
    if (this.#inline.endsWithBreak && this.#heading === undefined && !this.#inline.isVerbatim)
      this.#flush()
    else this.#inline.breakLine()
  }

  #enterVerbatim(): void {
    if (this.#inline.isVerbatim) return
    this.#inline.isVerbatim = true
    this.#push(() => {
      this.#flush(undefined, true)
      this.#inline.isVerbatim = false
    })
  }

  /** A cell or an item, whose last paragraph ends with it. */
  #enterPart(end: End | undefined): void {
    if (!end) return
    this.#push(() => {
      this.#flush()
      end()
    })
  }

  #push(end: End): void {
    this.#frames.push({ depth: this.#depth, end })
  }

  #add(item: FlowItem): void {
    this.#containers.sink.add(item)
  }

  /** A block element begins or ends. */
  #border(): void {
    if (this.#heading !== undefined || this.#inline.isVerbatim) {
      if (!this.#inline.endsWithBreak) this.#inline.breakLine()
    } else this.#flush()
  }

  #flush(level?: number, isWhole?: boolean): void {
    const text = this.#inline.take()
    if (text !== '' || level !== undefined) {
      for (const id of this.#marks) this.#add({ kind: 'mark', id })
      this.#marks = []
    }
    if (text !== '' && level !== undefined) this.#add({ kind: 'block', block: { text, level } })
    else if (text !== '') this.#add({ kind: 'block', block: { text, isWhole: isWhole ?? false } })
    const notes = this.#notes
    this.#notes = []
    for (const note of notes) this.#add({ kind: 'block', block: { text: note } })
  }
}
