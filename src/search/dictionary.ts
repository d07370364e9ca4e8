/** Looking terms up: exactly, and by their beginning. Nothing of the index stays in memory between queries. */
import type { Db } from '../base/sqlite.ts'
import { findTerm, TermCursor } from './blocks.ts'
import { termText } from './bytes.ts'

/**
 * `+?` instead of `?`: SQLite with STAT4 compiles a statement anew at every run where a bound value next to a range
 * could change its plan, which takes ten times as long as the look-up itself.
 *
 * Long lists stay where they are until it is known that they are wanted.
 */
const selectBlock = `SELECT id, terms, iif(length(postings) <= 4096, postings, NULL) AS postings FROM keyword_blocks
  WHERE segment = +? AND first <= ? ORDER BY first DESC LIMIT 1`
const selectPostings = 'SELECT postings FROM keyword_blocks WHERE id = ?'
const selectTermsAt = `SELECT id, first, terms FROM keyword_blocks
  WHERE segment = +? AND first <= ? ORDER BY first DESC LIMIT 1`
const selectTermsAfter = `SELECT first, terms FROM keyword_blocks
  WHERE segment = +? AND first > ? ORDER BY first LIMIT 1`
const selectBlocksFrom = `SELECT id, first FROM keyword_blocks
  WHERE segment = +? AND first > +? AND first < +? ORDER BY first`
const selectTerms = 'SELECT terms FROM keyword_blocks WHERE id = ?'
const none = new Uint8Array(0)

/** A posting list of one segment, read from the file when it is first wanted. */
export class PostingList {
  readonly df: number
  readonly start: number
  readonly end: number
  readonly #app: Db
  readonly #block: number
  #bytes: Uint8Array | null

  constructor(
    app: Db,
    block: number,
    bytes: Uint8Array | null,
    entry: { df: number; start: number; end: number },
  ) {
    this.#app = app
    this.#block = block
    this.#bytes = bytes
    this.df = entry.df
    this.start = entry.start
    this.end = entry.end
  }

  get bytes(): Uint8Array {
    this.#bytes ??=
      this.#app.get<{ postings: Uint8Array }>(selectPostings, this.#block)?.postings ?? none
    return this.#bytes
  }
}

export function findList(app: Db, segment: number, term: Uint8Array): PostingList | undefined {
  const block = app.get<{ id: number; terms: Uint8Array; postings: Uint8Array | null }>(
    selectBlock,
    segment,
    term,
  )
  const entry = block && findTerm(block.terms, term)
  return entry && new PostingList(app, block.id, block.postings, entry)
}

/**
 * Walks the terms of a segment that begin with `prefix`, without their postings.
 * @param visit gets the cursor at every term; false ends the walk
 */
export function walkTerms(
  app: Db,
  segment: number,
  prefix: Uint8Array,
  visit: (cursor: TermCursor) => boolean,
): void {
  const cursor = new TermCursor(none)
  let row = app.get<{ first: Uint8Array; terms: Uint8Array }>(selectTermsAt, segment, prefix)
  row ??= app.get(selectTermsAfter, segment, prefix)
  while (row) {
    cursor.reset(row.terms)
    while (cursor.next()) {
      const order = comparePrefix(cursor, prefix)
      if (order > 0 || (order === 0 && !visit(cursor))) return
    }
    row = app.get(selectTermsAfter, segment, row.first)
  }
}

/** The blocks that may have terms beginning with `prefix`, without reading them. */
export function blocksOf(
  app: Db,
  segment: number,
  prefix: Uint8Array,
): { id: number; first: Uint8Array }[] {
  const before = app.get<{ id: number; first: Uint8Array }>(selectTermsAt, segment, prefix)
  const end = Uint8Array.from([...prefix, 0xff])
  const blocks = app.all<{ id: number; first: Uint8Array }>(selectBlocksFrom, segment, prefix, end)
  return before ? [before, ...blocks] : blocks
}

export function blockTerms(app: Db, block: number): Uint8Array {
  return app.get<{ terms: Uint8Array }>(selectTerms, block)?.terms ?? none
}

/** Zero where the term begins with the prefix; else whether it stands before (< 0) or after those that do. */
function comparePrefix({ term, termLength }: TermCursor, prefix: Uint8Array): number {
  for (let i = 0; i < prefix.length; i++) {
    if (i >= termLength) return -1
    const difference = (term[i] as number) - (prefix[i] as number)
    if (difference !== 0) return difference
  }
  return 0
}

export function cursorText(cursor: TermCursor): string {
  return termText(cursor.term, 0, cursor.termLength)
}
