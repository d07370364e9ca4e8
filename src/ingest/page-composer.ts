/** Composes logical pages from blocks of a document that flows without printed pages: Markdown, and web formats alike. */
import type { Heading, MarkedPage, TextRange } from './extraction.ts'
import { cutTextPages } from './text-pages.ts'

/** See `text-pages.ts`: what fits a screen or two. */
const pageMax = 3_000
/** A page this full ends before a chapter's heading. */
const pageFull = 1_500
/** A block is cut only when it is longer than two pages. */
const blockMax = 6_000
const chapterLevelMax = 2

export interface TextBlock {
  /** Cleaned. */
  readonly text: string
  /** Set for a heading: 1 is the highest. */
  readonly level?: number
  /** A table, a list or code. */
  readonly isWhole?: boolean
}

/** Pages of the blocks, numbered from 1; at least one. */
export function* composePages(blocks: Iterable<TextBlock>): Generator<MarkedPage> {
  let page = emptyPage(1)
  for (const block of cutBlocks(blocks)) {
    if (isFull(page, block)) {
      yield page
      page = emptyPage(page.number + 1)
    }
    append(page, block)
  }
  yield page
}

interface OpenPage extends MarkedPage {
  text: string
  readonly headings: Heading[]
  readonly wholes: TextRange[]
}

function emptyPage(number: number): OpenPage {
  return { number, label: null, text: '', headings: [], wholes: [] }
}

function isFull(page: OpenPage, block: TextBlock): boolean {
  if (page.text === '') return false
  // A heading never stands alone at the end of a page while its text begins the next one.
  const last = page.headings.at(-1)
  if (last && last.at + last.title.length === page.text.length) return false
  const isChapter = (block.level ?? chapterLevelMax + 1) <= chapterLevelMax
  return (
    page.text.length + block.text.length > pageMax || (isChapter && page.text.length > pageFull)
  )
}

function append(page: OpenPage, { text, level, isWhole }: TextBlock): void {
  if (page.text !== '') page.text += '\n\n'
  const at = page.text.length
  page.text += text
  if (level !== undefined) page.headings.push({ at, level, title: text.replaceAll('\n', ' ') })
  if (isWhole) page.wholes.push({ start: at, end: page.text.length })
}

function* cutBlocks(blocks: Iterable<TextBlock>): Generator<TextBlock> {
  for (const block of blocks) {
    if (block.text.length <= blockMax) yield block
    else
      for (const part of cutTextPages([block.text]))
        if (part.trim() !== '') yield { text: part.replace(/^\n+/, '').trimEnd(), isWhole: true }
  }
}
