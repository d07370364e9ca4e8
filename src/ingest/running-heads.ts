/** Finds running heads, feet and page numbers: what is printed at the edge of page after page and is no part of the text. */
import { countAt, type EdgeLine, edgesOf, isSameHead, type PageEdges } from './edge-lines.ts'
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
      const edges = page.isPrinted ? edgesOf(page.text) : { top: [], bottom: [] }
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
  const isNumber = [...edges.top, ...edges.bottom].every(({ isBare }) => isBare)
  return isNumber ? { start: 0, end: 0 } : whole(page)
}

/** The heads among the lines, from the edge inwards: behind a line that is none there are no more. */
function peel(page: number, lines: readonly EdgeLine[], edge: Edge, known: Known): EdgeLine[] {
  const heads: EdgeLine[] = []
  let wordLines = 0
  for (const [at, line] of lines.entries()) {
    if (!line.isBare && ++wordLines > wordLinesMax) break
    if (!isHead(page, line, at, edge, known) && !isInSlot(page, line, at, edge, known)) break
    heads.push(line)
  }
  return heads
}

/** Whether page after page shows the same line at about the same place. */
function isHead(page: number, line: EdgeLine, at: number, edge: Edge, known: Known): boolean {
  const pages: number[] = []
  let isCounting = line.isBare
  for (let other = page - reach; other <= page + reach; other++) {
    const same =
      other === page ? line : findSame(page, line, known.get(other)?.[edge] ?? [], other, at)
    if (!same) continue
    pages.push(other)
    isCounting ||= line.numbers.some((number, i) => number !== same.numbers[i])
  }
  const needed = isCounting ? pagesCounted : pagesUncounted
  return runAround(pages, page, stepMax) >= needed || runAround(pages, page, gapMax) > needed
}

function findSame(
  page: number,
  line: EdgeLine,
  lines: readonly EdgeLine[],
  other: number,
  at: number,
): EdgeLine | undefined {
  return lines
    .slice(Math.max(0, at - shiftMax), at + shiftMax + 1)
    .find((candidate) => isSameHead(line, page, candidate, other))
}

/** How many of the ascending pages follow each other around one of them, no step longer than `step`. */
function runAround(pages: readonly number[], page: number, step: number): number {
  const at = pages.indexOf(page)
  let [first, last] = [at, at]
  while (first > 0 && (pages[first] ?? 0) - (pages[first - 1] ?? 0) <= step) first--
  while (last < pages.length - 1 && (pages[last + 1] ?? 0) - (pages[last] ?? 0) <= step) last++
  return last - first + 1
}

/** Whether the line has the page's number where heads nearby, surely heads, have theirs. */
function isInSlot(page: number, line: EdgeLine, at: number, edge: Edge, known: Known): boolean {
  if (line.end - line.start > slotLineMax) return false
  return (['first', 'last'] as const).some((side) => {
    const count = countAt(line, page, side)
    if (count === undefined) return false
    let proofs = 0
    for (let other = page - slotReach; other <= page + slotReach; other++) {
      const there = other === page ? undefined : known.get(other)?.[edge][at]
      if (!there || there.isBare || countAt(there, other, side) !== count) continue
      if (isHead(other, there, at, edge, known)) proofs++
    }
    return proofs >= slotPages
  })
}
