/**
 * Blocks: neighbouring terms of a segment with their posting lists, about a database page each.
 *
 * An entry of `terms` is: a byte of two nibbles, bytes shared with the term before and bytes that follow (15: and a
 * varint more); the bytes; a varint of (length of the list << 1 | whether more than one passage has the term); and if
 * so, how many. The lists stand one after another in `postings`.
 */
import type { Db } from '../base/sqlite.ts'
import { ByteWriter } from './bytes.ts'

const insertBlock =
  'INSERT INTO keyword_blocks (segment, first, terms, postings) VALUES (?, ?, ?, ?)'

/** A row of this size fills a page of 4,096 bytes without an overflow page. */
const blockBytes = 4_020
/** A word of 64 UTF-16 units is at most 192 bytes. */
export const termBytesMax = 256

/** Writes a segment's terms, which must come in ascending order, block by block. */
export class BlockWriter {
  readonly #app: Db
  readonly #segment: number
  readonly #terms = new ByteWriter(8192)
  readonly #postings = new ByteWriter(8192)
  readonly #last = new Uint8Array(termBytesMax)
  #lastLength = 0
  #first = new Uint8Array(0)
  #count = 0

  constructor(app: Db, segment: number) {
    this.#app = app
    this.#segment = segment
  }

  add(term: Uint8Array, termLength: number, df: number, postings: Uint8Array): void {
    const size = this.#first.length + this.#terms.length + this.#postings.length
    if (this.#count > 0 && size + termLength + postings.length + 8 > blockBytes) this.flush()
    if (this.#count === 0) this.#first = term.slice(0, termLength)
    this.#entry(term, termLength)
    this.#terms.varint(postings.length * 2 + (df > 1 ? 1 : 0))
    if (df > 1) this.#terms.varint(df)
    this.#postings.append(postings)
    this.#count++
  }

  /** Writes the block begun. */
  flush(): void {
    if (this.#count === 0) return
    this.#app.run(
      insertBlock,
      this.#segment,
      this.#first,
      this.#terms.view(),
      this.#postings.view(),
    )
    this.#terms.clear()
    this.#postings.clear()
    this.#count = 0
    this.#lastLength = 0
  }

  #entry(term: Uint8Array, termLength: number): void {
    const limit = Math.min(this.#lastLength, termLength)
    let shared = 0
    while (shared < limit && this.#last[shared] === term[shared]) shared++
    const rest = termLength - shared
    this.#terms.byte((Math.min(shared, 15) << 4) | Math.min(rest, 15))
    if (shared >= 15) this.#terms.varint(shared - 15)
    if (rest >= 15) this.#terms.varint(rest - 15)
    this.#terms.append(term, shared, termLength)
    for (let i = shared; i < termLength; i++) this.#last[i] = term[i] as number
    this.#lastLength = termLength
  }
}

/** Reads entry after entry. The fields describe the entry read last. */
class EntryReader {
  /** Bytes shared with the term before, bytes that follow, and where those stand. */
  shared = 0
  rest = 0
  suffix = 0
  df = 0
  /** Where the entry's list lies in the block's postings. */
  start = 0
  end = 0
  bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  reset(bytes: Uint8Array): void {
    this.bytes = bytes
    this.#at = 0
    this.end = 0
  }

  next(): boolean {
    if (this.#at >= this.bytes.length) return false
    const head = this.bytes[this.#at++] as number
    this.shared = head >> 4
    this.rest = head & 15
    if (this.shared === 15) this.shared += this.#varint()
    if (this.rest === 15) this.rest += this.#varint()
    this.suffix = this.#at
    this.#at += this.rest
    const size = this.#varint()
    this.df = size & 1 ? this.#varint() : 1
    this.start = this.end
    this.end = this.start + (size >>> 1)
    return true
  }

  #varint(): number {
    let byte = this.bytes[this.#at++] ?? 0
    let value = byte & 127
    for (let shift = 7; byte > 127 && shift < 32; shift += 7) {
      byte = this.bytes[this.#at++] ?? 0
      value |= (byte & 127) << shift
    }
    return value
  }
}

/** Walks the terms of a block with their bytes: `term` holds them and is used again. */
export class TermCursor extends EntryReader {
  readonly term = new Uint8Array(termBytesMax)
  termLength = 0

  override next(): boolean {
    if (!super.next()) return false
    const { bytes, shared, rest, suffix, term } = this
    for (let i = 0; i < rest; i++) term[shared + i] = bytes[suffix + i] as number
    this.termLength = shared + rest
    return true
  }
}

/** How many passages of the segment have a term, and where its list lies in the block's postings. */
export interface TermEntry {
  readonly df: number
  readonly start: number
  readonly end: number
}

/** Looks a term up in a block. Terms are never put together: only bytes beyond what is known to be equal are compared. */
export function findTerm(bytes: Uint8Array, target: Uint8Array): TermEntry | undefined {
  const entry = new EntryReader(bytes)
  let matched = 0
  while (entry.next()) {
    // Sharing more than what is matched: less than the target, as the term before. Sharing less: greater.
    if (entry.shared > matched) continue
    if (entry.shared < matched) return undefined
    const { rest, suffix } = entry
    let i = 0
    while (i < rest && matched < target.length && bytes[suffix + i] === target[matched]) {
      i++
      matched++
    }
    if (i === rest && matched === target.length)
      return { df: entry.df, start: entry.start, end: entry.end }
    if (i < rest && (bytes[suffix + i] as number) > (target[matched] ?? -1)) return undefined
  }
  return undefined
}
