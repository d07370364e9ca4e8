/** Puts glyphs together to segments: words and runs of words with no wide gap in them, before any thought of columns. */
import {
  combiningOf,
  isLetter,
  isMark,
  isRightToLeft,
  isUnspaced,
  lastCode,
  singleCode,
  underAccent,
} from './characters.ts'
import type { Glyph, PageGlyphs, Turn } from './glyphs.ts'

/** Text on one line; coordinates as in `Glyph`. */
export interface Segment {
  readonly text: string
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  /** Font size, the mean of its glyphs. */
  readonly size: number
  readonly turn: Turn
  readonly isRightToLeft: boolean
}

/** All widths are parts of the font size (em). */
/** A distance this wide starts another segment: a gutter may be hardly wider than a space in justified text. */
const splitGap = 0.6
/** How far letters may go back: kerning, accents, slanted letters. */
const overlapMax = 0.6
/** A distance this wide is a space, whether the file has one or not. */
const spaceGap = 0.14
/** Wider than any space between words: cells of a table, parts of a running head. */
const cellGap = 1.4
const cellSeparator = '  '
/** Headings in Chinese and Japanese are spread by several widths between their single characters. */
const headingGap = 4
/** How far the middle of an accent may be from the middle of its letter, in widths of the wider one. */
const accentSlack = 0.35
/** An accent may come a few letters late. */
const accentReach = 4
/** Share of the lower one's height that must overlap for two to be on one line. */
const lineOverlap = 0.5

/** Segments of one page, by direction of text; in each in the order of the page's commands. */
export function buildSegments({ glyphs, isSpaced }: PageGlyphs): Segment[] {
  const segments: Segment[] = []
  let run: Run | undefined
  for (const [index, glyph] of glyphs.entries()) {
    if (run?.addAccent(glyph)) continue
    const distance = run?.distanceTo(glyph)
    if (run && distance !== undefined) {
      run.add(glyph, distance, isSpaced[index] ?? false)
      continue
    }
    if (run) segments.push(run.end())
    run = new Run(glyph)
  }
  if (run) segments.push(run.end())
  return segments
}

interface Letter {
  readonly glyph: Glyph
  readonly isSpaced: boolean
  accent?: string
}

class Run {
  readonly #letters: Letter[]
  #last: Glyph

  constructor(first: Glyph) {
    this.#letters = [{ glyph: first, isSpaced: false }]
    this.#last = first
  }

  /** Points between the run's end and the glyph, or undefined when it does not go on there. */
  distanceTo(glyph: Glyph): number | undefined {
    const last = this.#last
    if (glyph.turn !== last.turn || !isSameLine(glyph, last)) return undefined
    // One glyph that stands for several letters gives them all its own box.
    if (glyph.left === last.left && glyph.right === last.right) return 0
    const size = Math.max(last.bottom - last.top, glyph.bottom - glyph.top)
    const forward = glyph.left - last.right
    if (forward >= -overlapMax * size && forward <= splitGap * size) return forward
    const backward = last.left - glyph.right
    const goesBack = backward >= -overlapMax * size && backward <= splitGap * size
    return goesBack && this.#goesLeft(glyph) ? backward : undefined
  }

  /** Whether right-to-left letters are near: digits and marks among them go with them. */
  #goesLeft(glyph: Glyph): boolean {
    return (
      isRightToLeft(glyph.code) ||
      this.#letters.slice(-accentReach).some((letter) => isRightToLeft(letter.glyph.code))
    )
  }

  add(glyph: Glyph, distance: number, isSpaced: boolean): void {
    const last = this.#last
    const size = Math.max(last.bottom - last.top, glyph.bottom - glyph.top)
    const isSpace =
      (isSpaced || distance > spaceGap * size) &&
      !(isUnspaced(glyph.code) && isUnspaced(last.code)) &&
      !isMark(glyph.code)
    this.#letters.push({ glyph, isSpaced: isSpace })
    this.#last = glyph
  }

  /**
   * TeX and old typesetters draw an accent and its letter apart, one above the other, the accent first or last; text has
   * the letter first. @returns whether the glyph was one of such a pair
   */
  addAccent(glyph: Glyph): boolean {
    const accent = combiningOf(glyph.code)
    if (accent) {
      const under = this.#letters
        .slice(-accentReach)
        .findLast((letter) => isStacked(letter.glyph, glyph) && isLetter(letter.glyph.code))
      if (under) under.accent = (under.accent ?? '') + accent
      return under !== undefined
    }
    const last = this.#letters.at(-1)
    const before = last && combiningOf(last.glyph.code)
    if (!before || !isStacked(last.glyph, glyph) || !isLetter(glyph.code)) return false
    this.#letters[this.#letters.length - 1] = { glyph, isSpaced: last.isSpaced, accent: before }
    this.#last = glyph
    return true
  }

  end(): Segment {
    let text = ''
    let left = Number.POSITIVE_INFINITY
    let right = Number.NEGATIVE_INFINITY
    let top = Number.POSITIVE_INFINITY
    let bottom = Number.NEGATIVE_INFINITY
    let heights = 0
    let goesLeft = false
    for (const { glyph, isSpaced, accent } of this.#letters) {
      if (isSpaced) text += ' '
      text += accent ? underAccent(glyph.code) + accent : String.fromCodePoint(glyph.code)
      left = Math.min(left, glyph.left)
      right = Math.max(right, glyph.right)
      top = Math.min(top, glyph.top)
      bottom = Math.max(bottom, glyph.bottom)
      heights += glyph.bottom - glyph.top
      if (isRightToLeft(glyph.code)) goesLeft = true
    }
    const size = heights / this.#letters.length
    return { text, left, right, top, bottom, size, turn: this.#last.turn, isRightToLeft: goesLeft }
  }
}

function isStacked(a: Glyph, b: Glyph): boolean {
  if (a.left === b.left || a.turn !== b.turn || !isSameLine(a, b)) return false
  const width = Math.max(a.right - a.left, b.right - b.left)
  return Math.abs(a.left + a.right - b.left - b.right) < width * accentSlack * 2
}

interface Extent {
  readonly top: number
  readonly bottom: number
}

export function isSameLine(a: Extent, b: Extent): boolean {
  const overlap = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  return overlap >= lineOverlap * Math.min(a.bottom - a.top, b.bottom - b.top)
}

/**
 * What to write between two neighbours of a row: nothing, a space, or the mark of a wide gap.
 * @param distance white between what was written so far and `next`, in points
 */
export function rowJoiner(before: Segment, next: Segment, distance: number): string {
  const widths = distance / Math.max(before.size, next.size)
  if (widths <= headingGap && isSingleUnspaced(before.text) && isSingleUnspaced(next.text))
    return ''
  if (widths > cellGap) return cellSeparator
  const first = next.text.codePointAt(0) ?? 0
  const isOneWord = isMark(first) || (isUnspaced(first) && isUnspaced(lastCode(before.text)))
  return widths > spaceGap && !isOneWord ? ' ' : ''
}

function isSingleUnspaced(text: string): boolean {
  const code = singleCode(text)
  return code !== undefined && isUnspaced(code)
}

/** Segments line by line from the top, each line from the left. */
export function groupRows(segments: readonly Segment[]): Segment[][] {
  const rows: Segment[][] = []
  let row: Segment[] = []
  let extent: Extent = { top: 0, bottom: 0 }
  const ordered = segments.toSorted((a, b) => middle(a) - middle(b))
  for (const segment of ordered) {
    if (row.length > 0 && isSameLine(extent, segment)) {
      row.push(segment)
      continue
    }
    if (row.length > 0) rows.push(row)
    row = [segment]
    extent = segment
  }
  if (row.length > 0) rows.push(row)
  for (const each of rows) each.sort((a, b) => a.left - b.left)
  return rows
}

function middle({ top, bottom }: Extent): number {
  return top + bottom
}
