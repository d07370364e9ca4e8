/** Which word of the library somebody probably meant who typed one that it does not have. */
import type { Db } from '../base/sqlite.ts'
import type { TermCursor } from './blocks.ts'
import { termBytes } from './bytes.ts'
import { cursorText, walkTerms } from './dictionary.ts'
import type { SegmentHeader } from './segments.ts'

/** Shorter words are too close to too many others; longer ones may have two faults (as Lucene's AUTO fuzziness). */
const lengthMin = 4
const lengthOfTwoFaults = 8
const lengthMax = 32
/** Terms compared per word, all segments together: a few milliseconds. */
const comparedMax = 60_000

interface Likely {
  readonly term: string
  readonly distance: number
  readonly df: number
}

/**
 * The closest term to any of `terms` within one or two faults (a letter missing, added, replaced, or two exchanged), the
 * most frequent of equally close ones. The first letter is taken to be right: people see when it is not, and the
 * dictionary need not be read as a whole.
 */
export function likelyTerm(
  app: Db,
  segments: readonly SegmentHeader[],
  terms: readonly string[],
): string | undefined {
  const found = new Map<string, Likely>()
  for (const term of terms) {
    if (term.length < lengthMin || term.length > lengthMax) continue
    const faultsMax = term.length >= lengthOfTwoFaults ? 2 : 1
    const first = String.fromCodePoint(term.codePointAt(0) ?? 0)
    let compared = 0
    for (const { id } of segments)
      walkTerms(app, id, termBytes(first), (cursor) => {
        note(found, cursor, term, faultsMax)
        return ++compared < comparedMax
      })
  }
  const [best] = [...found.values()].sort(
    (a, b) => a.distance - b.distance || b.df - a.df || (a.term < b.term ? -1 : 1),
  )
  return best?.term
}

function note(
  found: Map<string, Likely>,
  cursor: TermCursor,
  term: string,
  faultsMax: number,
): void {
  // Bytes of a term: at most three a letter, so a first look needs no text.
  if (cursor.termLength < term.length - faultsMax) return
  if (cursor.termLength > (term.length + faultsMax) * 3) return
  const candidate = cursorText(cursor)
  if (Math.abs(candidate.length - term.length) > faultsMax) return
  const distance = editDistance(term, candidate, faultsMax)
  if (distance > faultsMax) return
  const known = found.get(candidate)
  found.set(candidate, {
    term: candidate,
    distance: Math.min(distance, known?.distance ?? distance),
    df: (known?.df ?? 0) + cursor.df,
  })
}

/**
 * Optimal string alignment: the edits between two words, an exchange of neighbours being one.
 * @returns the distance, or `most + 1` when it is greater than `most`
 */
export function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1
  let [before, last, row] = [0, 1, 2].map(() => new Int16Array(b.length + 1)) as [
    Int16Array,
    Int16Array,
    Int16Array,
  ]
  for (let j = 0; j <= b.length; j++) last[j] = j
  for (let i = 1; i <= a.length; i++) {
    row[0] = i
    let least = i
    for (let j = 1; j <= b.length; j++) {
      const value = Math.min(
        edits(a, b, i, j, last, row),
        isExchange(a, b, i, j) ? (before[j - 2] as number) + 1 : most + 1,
      )
      row[j] = value
      if (value < least) least = value
    }
    if (least > most) return most + 1
    ;[before, last, row] = [last, row, before]
  }
  return Math.min(last[b.length] as number, most + 1)
}

function edits(
  a: string,
  b: string,
  i: number,
  j: number,
  last: Int16Array,
  row: Int16Array,
): number {
  const replaced = (last[j - 1] as number) + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1)
  return Math.min(replaced, (last[j] as number) + 1, (row[j - 1] as number) + 1)
}

function isExchange(a: string, b: string, i: number, j: number): boolean {
  return (
    i > 1 &&
    j > 1 &&
    a.charCodeAt(i - 1) === b.charCodeAt(j - 2) &&
    a.charCodeAt(i - 2) === b.charCodeAt(j - 1)
  )
}
