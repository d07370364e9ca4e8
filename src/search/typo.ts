/** Which word of the library somebody probably meant who typed one that it does not have. */
import type { Db } from '../base/sqlite.ts'
import { TermCursor } from './blocks.ts'
import { termBytes, termText } from './bytes.ts'
import { blocksOf, blockTerms, cursorText, walkTerms } from './dictionary.ts'
import { EditDistances } from './edit-distance.ts'
import type { NearTerms } from './near-terms.ts'
import type { SegmentHeader } from './segments.ts'

/** Shorter words are too close to too many others; longer ones may have two faults (as Lucene's AUTO fuzziness). */
const lengthMin = 4
const lengthOfTwoFaults = 8
const lengthMax = 32
/** Blocks of the dictionary read per word, all segments together: a few milliseconds. */
const blocksMax = 600

interface Likely {
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
    let left = blocksMax
    for (const { id } of segments) left -= searchSegment(app, id, term, faultsMax, left, found)
  }
  return closest(found)
}

/** The most frequent of these terms that the library has. */
export function likelyEnding(
  app: Db,
  segments: readonly SegmentHeader[],
  near: NearTerms,
): string | undefined {
  if (near.beginning === '') return undefined
  const counts = new Map<string, number>()
  const beginning = termBytes(near.beginning)
  for (const { id } of segments)
    walkTerms(app, id, beginning, (cursor) => {
      const text = cursorText(cursor)
      counts.set(text, (counts.get(text) ?? 0) + cursor.df)
      return true
    })
  const stems = new Set([...counts.keys()].map(certainPart))
  const found = new Map<string, Likely>()
  for (const term of near.terms((word) => beginsWithAny(word, stems))) {
    const df = counts.get(term)
    if (df !== undefined) found.set(term, { distance: 1, df })
  }
  return closest(found)
}

/** What a word has of its stem for certain: a stemmer cuts endings and replaces two letters at most (-y by -i). */
function certainPart(stem: string): string {
  return stem.slice(0, Math.max(1, stem.length - 2))
}

function beginsWithAny(word: string, beginnings: ReadonlySet<string>): boolean {
  for (let end = 1; end <= word.length; end++) if (beginnings.has(word.slice(0, end))) return true
  return false
}

function closest(found: ReadonlyMap<string, Likely>): string | undefined {
  const [best] = [...found].sort(
    ([a, one], [b, two]) => one.distance - two.distance || two.df - one.df || (a < b ? -1 : 1),
  )
  return best?.[0]
}

/** @returns blocks read */
function searchSegment(
  app: Db,
  segment: number,
  term: string,
  faultsMax: number,
  readMax: number,
  found: Map<string, Likely>,
): number {
  const distances = new EditDistances(termBytes(term), faultsMax * bytesPerFault(term))
  const blocks = blocksOf(app, segment, termBytes(String.fromCodePoint(term.codePointAt(0) ?? 0)))
  let read = 0
  for (const [at, { id, first }] of blocks.entries()) {
    const next = blocks[at + 1]?.first
    // All terms of a block begin with what its first term and the next block's have in common.
    if (next && !distances.mayBegin(first, sharedLength(first, next))) continue
    if (++read > readMax) break
    const cursor = new TermCursor(blockTerms(app, id))
    while (cursor.next()) note(found, cursor, distances, term, faultsMax)
  }
  return read
}

function note(
  found: Map<string, Likely>,
  { term: bytes, termLength, shared, df }: TermCursor,
  distances: EditDistances,
  term: string,
  faultsMax: number,
): void {
  const distance = distances.next(bytes, termLength, shared)
  const most = faultsMax * bytesPerFault(term)
  if (distance > most) return
  const text = termText(bytes, 0, termLength)
  if (text[0] !== term[0]) return
  const known = found.get(text)
  found.set(text, {
    distance: Math.min(distance, known?.distance ?? distance),
    df: (known?.df ?? 0) + df,
  })
}

/** Distances are in bytes. A wrong letter of another alphabet may differ in its last byte or in all. */
function bytesPerFault(term: string): number {
  return (term.codePointAt(0) ?? 0) < 0x80 ? 1 : 2
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  const limit = Math.min(a.length, b.length)
  let shared = 0
  while (shared < limit && a[shared] === b[shared]) shared++
  return shared
}
