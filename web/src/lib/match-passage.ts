/**
 * Finds a passage again in the pieces a page is drawn from. Both were made from the same page by different programs, so only
 * letters and digits are compared: spaces, hyphens at line ends and ligatures differ.
 */

/** A run within one piece, in UTF-16 units. */
export interface PieceRange {
  readonly piece: number
  readonly start: number
  readonly end: number
}

/** Shorter common runs are chance. */
const windowMin = 12
const window = 24

interface Folded {
  readonly raw: readonly string[]
  readonly text: string
  /** For each unit of `text`: the piece and the place in it that it came from. */
  readonly pieces: readonly number[]
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/**
 * @param pieces the page's text, in reading order as far as it goes
 * @param passage may begin or end on a neighbouring page
 * @param occurrence which of the places that say the same, from 0; the last where there are fewer
 * @returns ranges in the order of the pieces; none where the page does not have the passage
 */
export function matchPassage(
  pieces: readonly string[],
  passage: string,
  occurrence = 0,
): PieceRange[] {
  const page = fold(pieces)
  const wanted = fold([passage]).text
  if (wanted === '' || page.text === '') return []
  const whole = placesOf(page.text, wanted)
    .slice(0, occurrence + 1)
    .at(-1)
  if (whole !== undefined) return rangesOf(page, whole, whole + wanted.length)
  return matchRuns(page, wanted)
}

/** Run by run, for a page that has not all of it, or in another order. */
function matchRuns(page: Folded, wanted: string): PieceRange[] {
  const covered = new Uint8Array(page.text.length)
  const step = Math.max(1, Math.min(window, Math.floor(wanted.length / 2)))
  if (step < windowMin) return []
  let from = 0
  for (let at = 0; at + step <= wanted.length; at += step) {
    const needle = wanted.slice(at, at + step)
    // What follows in the passage follows on the page, unless columns say otherwise.
    let found = page.text.indexOf(needle, from)
    if (found === -1) found = page.text.indexOf(needle)
    if (found === -1) continue
    let [start, end] = [found, found + step]
    for (let back = at; start > 0 && back > 0 && page.text[start - 1] === wanted[back - 1]; back--)
      start--
    for (let on = at + step; on < wanted.length && page.text[end] === wanted[on]; on++) end++
    covered.fill(1, start, end)
    from = end
  }
  return coveredRanges(page, covered)
}

/** @returns how often the page says the same before the place from `start` to `end` of its text */
export function occurrenceOf(text: string, start: number, end: number): number {
  const before = fold([text.slice(0, start)]).text.length
  const wanted = fold([text.slice(start, end)]).text
  return placesOf(fold([text]).text, wanted).filter((at) => at < before).length
}

function placesOf(text: string, wanted: string): number[] {
  const places: number[] = []
  if (wanted === '') return places
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) places.push(at)
  return places
}

/** @returns where any of the words begins a word of the pieces: what the search matched, within `within` */
export function matchWords(
  pieces: readonly string[],
  words: readonly string[],
  within: readonly PieceRange[],
): PieceRange[] {
  const wanted = new Set(words.map((word) => word.normalize('NFKC').toLowerCase()))
  if (wanted.size === 0) return []
  return within.flatMap(({ piece, start, end }) =>
    [...(pieces[piece] ?? '').matchAll(/[\p{L}\p{N}\p{M}]+/gu)].flatMap(({ 0: word, index }) =>
      index >= start &&
      index + word.length <= end &&
      wanted.has(word.normalize('NFKC').toLowerCase())
        ? [{ piece, start: index, end: index + word.length }]
        : [],
    ),
  )
}

function fold(pieces: readonly string[]): Folded {
  let text = ''
  const folded = { pieces: [] as number[], starts: [] as number[], ends: [] as number[] }
  pieces.forEach((piece, number) => {
    for (const { 0: letter, index } of piece.matchAll(/[\p{L}\p{N}\p{M}]/gu)) {
      const plain = letter.normalize('NFKC').toLowerCase()
      text += plain
      for (let unit = 0; unit < plain.length; unit++) {
        folded.pieces.push(number)
        folded.starts.push(index)
        folded.ends.push(index + letter.length)
      }
    }
  })
  return { raw: pieces, text, ...folded }
}

function coveredRanges(page: Folded, covered: Uint8Array): PieceRange[] {
  const ranges: PieceRange[] = []
  for (let at = 0; at < covered.length; at++) {
    if (!covered[at]) continue
    let end = at
    while (covered[end]) end++
    ranges.push(...rangesOf(page, at, end))
    at = end
  }
  return ranges
}

/** One range a piece, from its first to its last matching letter and the full stop after it. */
function rangesOf(page: Folded, from: number, to: number): PieceRange[] {
  const ranges: { piece: number; start: number; end: number }[] = []
  for (let at = from; at < to; at++) {
    const [piece = 0, start = 0, end = 0] = [page.pieces[at], page.starts[at], page.ends[at]]
    const last = ranges.at(-1)
    if (last?.piece === piece) last.end = end
    else ranges.push({ piece, start, end })
  }
  return ranges.map(({ piece, start, end }) => {
    const [marks = ''] = /^[^\s\p{L}\p{N}\p{M}]*/u.exec(page.raw[piece]?.slice(end) ?? '') ?? []
    return { piece, start, end: end + marks.length }
  })
}
