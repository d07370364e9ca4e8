/** Cuts pages into passages, one page at a time: by section, at paragraphs and sentences, with a little overlap. */
import type { PassageDraft } from './contract.ts'
import type { Heading, MarkedPage, TextRange } from './extraction.ts'
import { gapMax, joinPieces, overlapOf, type Piece } from './pieces.ts'
import { cutPieces, trimRange } from './sentences.ts'
import { estimateTokens } from './tokens.ts'

/** What a passage aims at, in estimated tokens: small enough to cite, large enough to be found by its context. */
const tokensTarget = 400
/** A passage this full ends before a paragraph that does not fit, rather than in the middle of it. */
const tokensFull = 240
/** A table, list or block of code up to this stays in one passage. */
const tokensWholeMax = 600
/** A section with less than this joins its neighbour under the same parent. */
const tokensTiny = 100
/** Hard limit of a passage, whatever its estimate says. */
const charactersMax = 4_000
/** Hard limit of pieces a passage is put together from: many pages may have a word or two each. */
const piecesMax = 64
/** How far beyond its title a block may reach and still be the heading alone. */
const headingSlack = 20
/** Headings above a passage that are kept, and their length: an outline is somebody else's data. */
const sectionDepthMax = 8
const sectionTitleMax = 300

export interface Passager {
  /**
   * Gives the passages that this page completed, in reading order.
   * @param body the page's text without its running heads; all of it where not given
   */
  push(page: MarkedPage, body?: TextRange): PassageDraft[]
  /** Gives what is left. */
  end(): PassageDraft[]
}

/**
 * A cutter for one document; it holds the passage it is building and the pages that one touches, nothing else.
 * @param detectLanguage gives an ISO 639-1 code, or `und`, for a passage's text
 */
export function createPassager(detectLanguage: (text: string) => string): Passager {
  const builder = new Builder(detectLanguage)
  const outline: Heading[] = []
  return {
    push(page, body = { start: 0, end: page.text.length }) {
      for (const part of splitAtHeadings(page, body)) {
        if (part.heading) enter(outline, part.heading)
        const section = outline.map((heading) => heading.title.slice(0, sectionTitleMax))
        builder.startSection(section.slice(0, sectionDepthMax))
        for (const block of splitBlocks(page, part)) addBlock(builder, page, block, part)
      }
      return builder.take()
    },
    end() {
      builder.flush()
      return builder.take()
    },
  }
}

function enter(outline: Heading[], heading: Heading): void {
  while ((outline.at(-1)?.level ?? 0) >= heading.level) outline.pop()
  outline.push(heading)
}

interface Part extends TextRange {
  readonly heading: Heading | null
}

/** The page's text between its headings; the first part may stand under the heading of an earlier page. */
function splitAtHeadings({ headings }: MarkedPage, body: TextRange): Part[] {
  const parts: Part[] = []
  let { start } = body
  let heading: Heading | null = null
  for (const next of headings) {
    const at = Math.min(Math.max(next.at, body.start), body.end)
    if (at > start || heading) parts.push({ start, end: at, heading })
    start = at
    heading = next
  }
  parts.push({ start, end: body.end, heading })
  return parts
}

interface Block extends TextRange {
  readonly isWhole: boolean
}

/** Paragraphs (a blank line between them) and whole blocks, in order. */
function splitBlocks({ text, wholes }: MarkedPage, part: Part): Block[] {
  const blocks: Block[] = []
  let from = part.start
  for (const whole of wholes) {
    if (whole.end <= from || whole.start >= part.end) continue
    addParagraphs(text, from, Math.max(from, whole.start), blocks)
    from = Math.min(whole.end, part.end)
    addTrimmed(text, Math.max(whole.start, part.start), from, true, blocks)
  }
  addParagraphs(text, from, part.end, blocks)
  return blocks
}

function addParagraphs(text: string, start: number, end: number, blocks: Block[]): void {
  let from = start
  while (from < end) {
    const gap = text.indexOf('\n\n', from)
    const to = gap < 0 || gap > end ? end : gap
    addTrimmed(text, from, to, false, blocks)
    from = to + 2
  }
}

function addTrimmed(
  text: string,
  start: number,
  end: number,
  isWhole: boolean,
  blocks: Block[],
): void {
  const range = trimRange(text, start, end)
  if (range.start < range.end) blocks.push({ ...range, isWhole })
}

function addBlock(builder: Builder, page: MarkedPage, block: Block, part: Part): void {
  const tokens = estimateTokens(page.text, block.start, block.end)
  const isHeading =
    part.heading?.at === block.start &&
    block.end - block.start <= part.heading.title.length + headingSlack
  const fits = tokens <= tokensWholeMax && block.end - block.start <= charactersMax
  builder.startBlock(tokens)
  if (block.isWhole && fits) {
    builder.add({ page, start: block.start, end: block.end, tokens, isHeading, isWhole: true })
    return
  }
  for (const { start, end } of cutPieces(page.text, block.start, block.end)) {
    const size = estimateTokens(page.text, start, end)
    builder.add({ page, start, end, tokens: size, isHeading, isWhole: false })
  }
}

/** The passage being built. */
class Builder {
  readonly #detectLanguage: (text: string) => string
  #done: PassageDraft[] = []
  #pieces: Piece[] = []
  /** How many of the pieces only repeat the end of the passage before. */
  #repeated = 0
  #tokens = 0
  #characters = 0
  #section: readonly string[] = []

  constructor(detectLanguage: (text: string) => string) {
    this.#detectLanguage = detectLanguage
  }

  take(): PassageDraft[] {
    const done = this.#done
    this.#done = []
    return done
  }

  startSection(section: readonly string[]): void {
    if (isSamePath(section, this.#section)) return
    if (this.#pieces.length > this.#repeated && !this.#joins(section)) this.flush()
    if (this.#pieces.length === this.#repeated) this.#clear()
    this.#section = this.#pieces.length === 0 ? section : this.#shared(section)
  }

  /** A tiny section goes together with the next one under the same parent, or with its own first child. */
  #joins(section: readonly string[]): boolean {
    if (this.#tokens >= tokensTiny || this.#repeated > 0) return false
    const parent = this.#section.slice(0, -1)
    const isSibling = isSamePath(parent, section.slice(0, -1))
    return isSibling || isPrefix(this.#section, section)
  }

  #shared(section: readonly string[]): readonly string[] {
    const isBareHeading = this.#pieces.every((piece) => piece.isHeading)
    if (isBareHeading && isPrefix(this.#section, section)) return section
    const depth = section.findIndex((title, i) => title !== this.#section[i])
    return depth < 0 ? section : section.slice(0, depth)
  }

  /** @param tokens of the block to come: one that fits the next passage whole does not begin at the end of this one. */
  startBlock(tokens: number): void {
    const isOver = this.#tokens + tokens > tokensTarget
    if (isOver && this.#tokens >= tokensFull && tokens <= tokensTarget) this.#break()
  }

  add(piece: Piece): void {
    const isFresh = this.#pieces.length > this.#repeated
    if (isFresh && !this.#hasRoomFor(piece)) this.#break()
    if (!this.#hasRoomFor(piece)) this.#clear()
    this.#pieces.push(piece)
    this.#tokens += piece.tokens
    this.#characters += piece.end - piece.start + gapMax
  }

  #hasRoomFor(piece: Piece): boolean {
    if (this.#pieces.length === 0) return true
    return (
      this.#tokens + piece.tokens <= tokensTarget &&
      this.#characters + piece.end - piece.start + gapMax <= charactersMax &&
      this.#pieces.length < piecesMax
    )
  }

  /** Ends the passage and starts the next one of the same section with its last sentences. */
  #break(): void {
    const last = this.#pieces
    const section = this.#section
    this.flush()
    this.#section = section
    const repeated = overlapOf(last)
    for (const piece of repeated) this.add(piece)
    this.#repeated = repeated.length
  }

  flush(): void {
    if (this.#pieces.length > this.#repeated) {
      const { text, spans } = joinPieces(this.#pieces)
      const language = this.#detectLanguage(text)
      this.#done.push({ section: this.#section, text, spans, language })
    }
    this.#clear()
  }

  #clear(): void {
    this.#pieces = []
    this.#repeated = 0
    this.#tokens = 0
    this.#characters = 0
  }
}

function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && isPrefix(a, b)
}

function isPrefix(a: readonly string[], b: readonly string[]): boolean {
  return a.every((title, i) => title === b[i])
}
