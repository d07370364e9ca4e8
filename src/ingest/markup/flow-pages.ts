/** Parts a document that flows into pages: where its own pages begin if it says so, else where a reader would not mind. */
import type { Heading, MarkedPage, TextRange } from '../extraction.ts'
import type { TextBlock } from '../page-composer.ts'
import { cutTextPages } from '../text-pages.ts'
import type { FlowItem } from './flow.ts'

/** A cited page must be small enough to be shown: a screen or two. */
const pageMax = 3_000
/** Pages of a printed edition rule up to what the closest print has on one. */
const printedPageMax = 6_000
/** A page this full ends before a chapter's heading. */
const pageFull = 1_500
const chapterLevelMax = 2

export interface FlowPagerOptions {
  /** Whether a page without text counts: a chapter of pictures, a blank page with a number. */
  readonly keepsEmpty: boolean
  /** Told where marks ended up. */
  readonly onMark?: (id: string, page: number) => void
}

interface OpenPage extends MarkedPage {
  text: string
  readonly headings: Heading[]
  readonly wholes: TextRange[]
}

/** Takes items in order; `take` gives the pages that are complete. */
export class FlowPager {
  readonly #options: FlowPagerOptions
  #done: MarkedPage[] = []
  #page: OpenPage | undefined
  #number = 0
  #label: string | null = null
  #hasPages = false
  #marks: string[] = []
  #sections: Omit<Heading, 'at'>[] = []

  constructor(options: FlowPagerOptions) {
    this.#options = options
  }

  /** Of the page that is open or was last. */
  get label(): string | null {
    return this.#label
  }

  take(): MarkedPage[] {
    const done = this.#done
    this.#done = []
    return done
  }

  push(item: FlowItem): void {
    switch (item.kind) {
      case 'block':
        this.#addBlock(item.block)
        break
      case 'page':
        this.#hasPages = true
        this.startPage(item.label)
        break
      case 'mark':
        this.#marks.push(item.id)
        break
      case 'section':
        this.#sections.push({ level: item.level, title: item.title })
        break
    }
  }

  /** Begins a new page: a chapter's, or one of the document's own. */
  startPage(label: string | null): void {
    this.#close()
    this.#label = label
    if (this.#options.keepsEmpty) this.#open()
  }

  /** Ends the last page; there is always one. */
  end(): void {
    if (this.#page || this.#number === 0) this.#open()
    this.#settle(this.#page)
    this.#close()
  }

  #open(): OpenPage {
    this.#page ??= {
      number: ++this.#number,
      label: this.#label,
      text: '',
      headings: [],
      wholes: [],
    }
    return this.#page
  }

  #close(): void {
    if (!this.#page) return
    if (this.#page.text === '') this.#settle(this.#page)
    this.#done.push(this.#page)
    this.#page = undefined
  }

  #addBlock(block: TextBlock): void {
    if (block.text.length <= printedPageMax) {
      this.#addPart(block)
      return
    }
    for (const part of cutTextPages([block.text])) {
      const text = part.replace(/^\n+|\s+$/g, '')
      if (text !== '') this.#addPart({ text, isWhole: block.isWhole ?? false })
    }
  }

  #addPart(block: TextBlock): void {
    if (this.#page && this.#isFull(this.#page, block)) this.#close()
    const page = this.#open()
    const { text, level, isWhole } = block
    if (page.text !== '') page.text += '\n\n'
    const at = page.text.length
    this.#settle(page)
    page.text += text
    if (level !== undefined) page.headings.push({ at, level, title: text.replaceAll('\n', ' ') })
    if (isWhole) page.wholes.push({ start: at, end: page.text.length })
  }

  #isFull(page: OpenPage, block: TextBlock): boolean {
    if (page.text === '') return false
    // A heading never stands alone at the end of a page while its text begins the next one.
    const last = page.headings.at(-1)
    if (last && last.at + last.title.length === page.text.length) return false
    const lengthMax = this.#hasPages ? printedPageMax : pageMax
    if (page.text.length + block.text.length > lengthMax) return true
    const level = Math.min(block.level ?? 9, ...this.#sections.map((section) => section.level))
    return !this.#hasPages && level <= chapterLevelMax && page.text.length > pageFull
  }

  /** Marks and sections that waited for text stand where it begins. */
  #settle(page: OpenPage | undefined): void {
    const at = page?.text.length ?? 0
    for (const section of this.#sections) page?.headings.push({ at, ...section })
    this.#sections = []
    for (const id of this.#marks) this.#options.onMark?.(id, Math.max(1, this.#number))
    this.#marks = []
  }
}
