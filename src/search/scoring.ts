/** BM25 over posting lists, summed in arrays with one place per passage of a segment. */
import type { Db } from '../base/sqlite.ts'
import type { PostingList } from './dictionary.ts'
import { PostingReader } from './postings.ts'
import type { QueryField } from './query.ts'
import { segmentNorms } from './segments.ts'

export interface FieldWeights {
  readonly body: number
  readonly title: number
  readonly section: number
}

/** Norms kept between queries, all tenants of a thread together: of eighty libraries with 100,000 passages. */
const keptNormBytesMax = 8 * 1024 * 1024

/**
 * Arrays used again by the next query, all zero between queries, and the norms of segments searched lately, which never
 * change. Owned by whoever runs queries, one thread at a time.
 */
export class SearchScratch {
  scores = new Float32Array(0)
  counts = new Float32Array(0)
  marks = new Uint8Array(0)
  #norms = new WeakMap<Db, Map<number, Uint8Array>>()
  #normBytes = 0

  /** Makes room for a segment. */
  fit(passages: number): void {
    if (passages <= this.scores.length) return
    const size = Math.ceil(passages * 1.25)
    this.scores = new Float32Array(size)
    this.counts = new Float32Array(size)
    this.marks = new Uint8Array(size)
  }

  clear(passages: number, withMarks: boolean): void {
    this.scores.fill(0, 0, passages)
    if (withMarks) this.marks.fill(0, 0, passages)
  }

  /** The norms of a live segment: one number per handle and segment id names them for good. */
  norms(app: Db, segment: number): Uint8Array {
    const found = this.#norms.get(app)?.get(segment)
    if (found) return found
    const norms = segmentNorms(app, segment)
    if (this.#normBytes + norms.length > keptNormBytesMax) {
      this.#norms = new WeakMap()
      this.#normBytes = 0
    }
    const kept = this.#norms.get(app) ?? new Map<number, Uint8Array>()
    this.#norms.set(app, kept.set(segment, norms))
    this.#normBytes += norms.length
    return norms
  }
}

/** Robertson's idf as Lucene has it, which never falls below zero. */
export function inverseDocumentFrequency(passages: number, df: number): number {
  return Math.log(1 + Math.max(0, passages - df + 0.5) / (df + 0.5))
}

/** BM25F with one length for all fields: the weighted counts of a word are added up and saturate as one. */
export function saturate(idf: number, count: number, factor: number): number {
  return count > 0 ? (idf * count) / (count + factor) : 0
}

export function weightedCount(reader: PostingReader, weights: FieldWeights): number {
  return (
    reader.body * weights.body + reader.title * weights.title + reader.section * weights.section
  )
}

/** Before which byte of a list a reader stands, and the ordinal read last. */
interface ListPosition {
  readonly at: number
  readonly ordinal: number
}

/** Adds scores to the passages of one segment. */
export class SegmentScorer {
  readonly #norms: Uint8Array
  readonly #factors: Float64Array
  readonly #weights: FieldWeights
  /** Weighted count by the byte after a posting of kind 2 or 3; -1 where that byte does not say all. */
  readonly #detailCounts = new Float64Array(512)
  /** Score of a posting that stands once, or twice, in the body, by norm. */
  readonly #one = new Float64Array(256)
  readonly #two = new Float64Array(256)
  readonly #reader = new PostingReader(new Uint8Array(0))

  /** @param factors k1 · (1 - b + b · length / average) by norm */
  constructor(norms: Uint8Array, factors: Float64Array, weights: FieldWeights) {
    this.#norms = norms
    this.#factors = factors
    this.#weights = weights
    for (let detail = 0; detail < 256; detail++) {
      const [body, title, section] = [detail & 15, (detail >> 4) & 3, detail >> 6]
      const count = body * weights.body + title * weights.title + section * weights.section
      this.#detailCounts[detail] = detail > 127 ? -1 : detail * weights.body
      this.#detailCounts[256 + detail] = detail === 255 ? -1 : count
    }
  }

  /** Adds one word's score to every passage that has any of its terms. */
  addWord(scratch: SearchScratch, idf: number, lists: readonly PostingList[]): void {
    const [only] = lists
    if (only && lists.length === 1) this.#addList(scratch.scores, idf, only)
    else this.#addSynonyms(scratch, idf, lists)
  }

  #addList(scores: Float32Array, idf: number, list: PostingList): void {
    this.#scoreCommonCounts(idf)
    let rest = { at: list.start, ordinal: -1 }
    while (rest.at < list.end) {
      rest = this.#addCommon(scores, idf, list, rest)
      if (rest.at < list.end) rest = this.#addLarge(scores, idf, list, rest)
    }
  }

  #scoreCommonCounts(idf: number): void {
    const factors = this.#factors
    const { body } = this.#weights
    const one = this.#one
    const two = this.#two
    const numerator = idf * body
    for (let norm = 0; norm < 256; norm++) {
      const factor = factors[norm] as number
      // A weight of zero with b = 1 and no length would divide zero by zero.
      one[norm] = body > 0 ? numerator / (body + factor) : 0
      two[norm] = body > 0 ? (2 * numerator) / (2 * body + factor) : 0
    }
  }

  /** The loop that a query spends its time in. Stops before a posting with unusually large counts. */
  #addCommon(
    scores: Float32Array,
    idf: number,
    { bytes, end }: PostingList,
    start: ListPosition,
  ): ListPosition {
    const norms = this.#norms
    const factors = this.#factors
    const detailCounts = this.#detailCounts
    const one = this.#one
    const two = this.#two
    let { at, ordinal } = start
    while (at < end) {
      const from = at
      let value = bytes[at++] as number
      if (value > 0x7f) value = (value & 0x7f) | ((bytes[at++] as number) << 7)
      if (value > 0x3fff) value = (value & 0x3fff) | ((bytes[at++] as number) << 14)
      if (value > 0x1fffff) value = (value & 0x1fffff) | ((bytes[at++] as number) << 21)
      const next = ordinal + (value >>> 2) + 1
      const norm = norms[next] as number
      const kind = value & 3
      if (kind === 0) (scores[next] as number) += one[norm] as number
      else if (kind === 1) (scores[next] as number) += two[norm] as number
      else {
        const count = detailCounts[((kind - 2) << 8) | (bytes[at++] as number)] as number
        if (count < 0) return { at: from, ordinal }
        ;(scores[next] as number) += (idf * count) / (count + (factors[norm] as number))
      }
      ordinal = next
    }
    return { at, ordinal }
  }

  #addLarge(
    scores: Float32Array,
    idf: number,
    { bytes, end }: PostingList,
    { at, ordinal }: ListPosition,
  ): ListPosition {
    const reader = this.#reader
    reader.reset(bytes, at, end, ordinal)
    reader.next()
    const score = this.#score(idf, weightedCount(reader, this.#weights), reader.ordinal)
    ;(scores[reader.ordinal] as number) += score
    return { at: reader.at, ordinal: reader.ordinal }
  }

  /** Terms that are one word: of a passage that has several, the most frequent counts, for a spelling may be indexed twice. */
  #addSynonyms(
    { scores, counts }: SearchScratch,
    idf: number,
    lists: readonly PostingList[],
  ): void {
    const reader = this.#reader
    for (const { bytes, start, end } of lists) {
      reader.reset(bytes, start, end, -1)
      while (reader.next()) {
        const count = weightedCount(reader, this.#weights)
        if (count > (counts[reader.ordinal] as number)) counts[reader.ordinal] = count
      }
    }
    for (const { bytes, start, end } of lists) {
      reader.reset(bytes, start, end, -1)
      while (reader.next()) {
        const count = counts[reader.ordinal] as number
        if (count > 0) (scores[reader.ordinal] as number) += this.#score(idf, count, reader.ordinal)
        counts[reader.ordinal] = 0
      }
    }
  }

  #score(idf: number, count: number, ordinal: number): number {
    return saturate(idf, count, this.#factors[this.#norms[ordinal] ?? 0] as number)
  }
}

/**
 * Which passages satisfy every constraint, in `marks`: the number of leading constraints a passage satisfies, or
 * `excludedMark`. Constraints must be applied in order, from 0.
 */
export const excludedMark = 255

export function markConstraint(
  marks: Uint8Array,
  lists: readonly PostingList[],
  constraint: number | typeof excludedMark,
  field: QueryField,
): void {
  const reader = new PostingReader(new Uint8Array(0))
  for (const { bytes, start, end } of lists) {
    reader.reset(bytes, start, end, -1)
    while (reader.next()) {
      if (field === 'title' && reader.title === 0) continue
      if (constraint === excludedMark) marks[reader.ordinal] = excludedMark
      else if (marks[reader.ordinal] === constraint) marks[reader.ordinal] = constraint + 1
    }
  }
}

/** Takes the score away from every passage that does not satisfy all constraints. */
export function dropUnmarked(
  scores: Float32Array,
  marks: Uint8Array,
  passages: number,
  constraints: number,
): void {
  for (let ordinal = 0; ordinal < passages; ordinal++)
    if (marks[ordinal] !== constraints) scores[ordinal] = 0
}
