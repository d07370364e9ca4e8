/** Walks all terms of a segment in order, from any term on, block by block. */
import type { Db } from '../base/sqlite.ts'
import { TermCursor } from './blocks.ts'
import { compareBytes } from './bytes.ts'

const selectBlockAt = `SELECT first, terms, postings FROM keyword_blocks
  WHERE segment = +? AND first <= ? ORDER BY first DESC LIMIT 1`
const selectBlockAfter = `SELECT first, terms, postings FROM keyword_blocks
  WHERE segment = +? AND first > ? ORDER BY first LIMIT 1`
const empty = new Uint8Array(0)

interface BlockRow {
  readonly first: Uint8Array
  readonly terms: Uint8Array
  readonly postings: Uint8Array
}

export class SegmentCursor {
  readonly terms = new TermCursor(empty)
  /** The postings of the block that `terms` walks. */
  postings: Uint8Array = empty
  isAtEnd = false
  readonly #app: Db
  readonly #segment: number
  #first: Uint8Array = empty

  /** @param after starts at the first term greater than this one */
  constructor(app: Db, segment: number, after: Uint8Array | null) {
    this.#app = app
    this.#segment = segment
    if (after) this.#enter(app.get<BlockRow>(selectBlockAt, segment, after))
    this.next()
    while (after && !this.isAtEnd && this.#compare(after) <= 0) this.next()
  }

  next(): void {
    while (!this.terms.next()) {
      const row = this.#app.get<BlockRow>(selectBlockAfter, this.#segment, this.#first)
      if (!row) {
        this.isAtEnd = true
        return
      }
      this.#enter(row)
    }
  }

  #enter(row: BlockRow | undefined): void {
    if (!row) return
    this.#first = row.first
    this.postings = row.postings
    this.terms.reset(row.terms)
  }

  #compare(after: Uint8Array): number {
    return compareBytes(this.terms.term, this.terms.termLength, after, after.length)
  }
}
