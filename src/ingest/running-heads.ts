/** Finds running heads, feet and page numbers: what is printed at the edge of page after page and is no part of the text. */
import {
  countAt,
  type EdgeLine,
  type EdgeLines,
  edgesOf,
  isSameHead,
  type PageEdges,
} from './edge-lines.ts'
import type { MarkedPage, TextRange } from './extraction.ts'

/** Pages looked at on each side of one: enough for heads of left and right pages, and of a chapter. */
const reach = 12
/** Characters of pages held back while the pages after them are awaited. */
const heldCharactersMax = 1_000_000
/** A head may stand so many lines higher or lower than on another page. */
const shiftMax = 2
/** Pages in a row that show a line before it counts as a head: fewer where a number on it counts them. */
const pagesCounted = 3
const pagesUncounted = 4
/** From one to the next: every page or every other; with one more page as proof, a gap such as a chapter's first page. */
const stepMax = 2
const gapMax = 4
/** A head that is on this page alone (a short section's) is told by the page number it shares a place with. */
const slotReach = 6
const slotPages = 2
const slotLineMax = 80
/** Lines of words that an edge can have; more of them are the head of a table that goes on. */
const wordLinesMax = 4

type Edge = keyof PageEdges

interface Held {
  readonly page: MarkedPage
  readonly edges: PageEdges
}

/** A page with the part of its text that is the text. */
export interface BodyPage {
  readonly page: MarkedPage
  readonly body: TextRange
}

export interface RunningHeads {
  /** Gives the pages that can be told by now, in order. */
  push(page: MarkedPage): BodyPage[]
  /** Gives the rest. */
  end(): BodyPage[]
}

/** For one document. Holds up to twelve pages back and knows the edges of twelve before them, however long it is. */
export function createRunningHeads(): RunningHeads {
  /** Edges of pages near the one that is told next, by page number. */
  const known = new Map<number, PageEdges>()
  let held: Held[] = []
  let characters = 0

  function release(): BodyPage {
    const [first] = held as [Held]
    held = held.slice(1)
    characters -= first.page.text.length
    const body = first.page.isPrinted ? bodyOf(first, known) : whole(first.page)
    known.delete(first.page.number - reach)
    return { page: first.page, body }
  }

  return {
    push(page) {
      const edges = edgesOf(page.isPrinted ? page.text : '')
      held.push({ page, edges })
      known.set(page.number, edges)
      characters += page.text.length
      const told: BodyPage[] = []
      while (
        held.length > 0 &&
        (!page.isPrinted ||
          held.length > reach ||
          (characters > heldCharactersMax && held.length > 1))
      )
        told.push(release())
      return told
    },
    end() {
      const told: BodyPage[] = []
      while (held.length > 0) told.push(release())
      return told
    },
  }
}

type Known = ReadonlyMap<number, PageEdges>

function whole({ text }: MarkedPage): TextRange {
  return { start: 0, end: text.length }
}

function bodyOf({ page, edges }: Held, known: Known): TextRange {
  const top = peel(page.number, edges.top, 'top', known)
  const bottom = peel(page.number, edges.bottom, 'bottom', known)
  const start = top.at(-1)?.end ?? 0
  const end = bottom.at(-1)?.start ?? page.text.length
  // A page of nothing but a head keeps it; a page of nothing but its number has no text.
  if (start < end && page.text.slice(start, end).trim() !== '') return { start, end }
  const isNumber = top.every(({ isBare }) => isBare) && bottom.every(({ isBare }) => isBare)
  return isNumber ? { start: 0, end: 0 } : whole(page)
}

/** The heads among the lines, from the edge inwards: behind a line that is none there are no more. */
function peel(page: number, lines: EdgeLines, edge: Edge, known: Known): EdgeLine[] {
  const heads: EdgeLine[] = []
  let wordLines = 0
  for (let at = 0; ; at++) {
    const line = lines.at(at)
    if (!line) break
    if (!line.isBare && ++wordLines > wordLinesMax) break
    if (!isHead(page, line, at, edge, known) && !isInSlot(page, line, at, edge, known)) break
    heads.push(line)
  }
  return heads
}

/** Whether page after page shows the same line at about the same place. */
function isHead(page: number, line: EdgeLine, at: number, edge: Edge, known: Known): boolean {
  const onPage = (other: number): EdgeLine | undefined =>
    findSame(page, line, known.get(other)?.[edge], other, at)
  return isRunning(page, line, onPage, stepMax, 0) || isRunning(page, line, onPage, gapMax, 1)
}

/** Follows the line from page to page in both directions, no step longer than `step`, until there are enough. */
function isRunning(
  page: number,
  line: EdgeLine,
  onPage: (other: number) => EdgeLine | undefined,
  step: number,
  extra: number,
): boolean {
  let isCounting = line.isBare
  let pages = 1
  for (const same of [...follow(page, -step, onPage), ...follow(page, step, onPage)]) {
    pages++
    isCounting ||= line.numbers.some((number, i) => number !== same.numbers[i])
  }
  return pages >= (isCounting ? pagesCounted : pagesUncounted) + extra
}

/** The line on the pages after `page` (before it, where `step` is negative), as many as ever are needed. */
function follow(
  page: number,
  step: number,
  onPage: (other: number) => EdgeLine | undefined,
): EdgeLine[] {
  const found: EdgeLine[] = []
  const direction = Math.sign(step)
  for (let from = page, ahead = 1; ahead <= Math.abs(step) && found.length < pagesUncounted; ) {
    const other = from + direction * ahead
    const same = Math.abs(other - page) > reach ? undefined : onPage(other)
    if (same) {
      found.push(same)
      from = other
      ahead = 1
    } else ahead++
  }
  return found
}

function findSame(
  page: number,
  line: EdgeLine,
  lines: EdgeLines | undefined,
  other: number,
  at: number,
): EdgeLine | undefined {
  for (let near = Math.max(0, at - shiftMax); lines && near <= at + shiftMax; near++) {
    const candidate = lines.at(near)
    if (candidate && isSameHead(line, page, candidate, other)) return candidate
  }
  return undefined
}

/** Whether the line has the page's number where heads nearby, surely heads, have theirs. */
function isInSlot(page: number, line: EdgeLine, at: number, edge: Edge, known: Known): boolean {
  if (line.end - line.start > slotLineMax) return false
  return (['first', 'last'] as const).some((side) => {
    const count = countAt(line, page, side)
    if (count === undefined) return false
    let proofs = 0
    for (let other = page - slotReach; other <= page + slotReach; other++) {
      const there = other === page ? undefined : known.get(other)?.[edge].at(at)
      if (!there || there.isBare || countAt(there, other, side) !== count) continue
      if (isHead(other, there, at, edge, known)) proofs++
    }
    return proofs >= slotPages
  })
}
