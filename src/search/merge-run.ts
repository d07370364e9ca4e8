/** One merge: several live segments become one, in steps of bounded time that may stop anywhere, also by a crash. */
import type { Db } from '../base/sqlite.ts'
import { BlockWriter, termBytesMax } from './blocks.ts'
import { ByteWriter, compareBytes } from './bytes.ts'
import {
  countRanges,
  decodeRanges,
  encodeIds,
  encodeRanges,
  idsOf,
  type Range,
  subtractRanges,
} from './id-runs.ts'
import { decodedLengths } from './norms.ts'
import { PostingReader, PostingWriter } from './postings.ts'
import { SegmentCursor } from './segment-cursor.ts'
import { addSegment, buryOrdinals, segmentIds, segmentNorms, tombstonesOf } from './segments.ts'

const selectSources = `SELECT source, output, left_out, after, passages FROM keyword_merges
  JOIN keyword_segments ON id = source ORDER BY source`
const insertSource =
  'INSERT INTO keyword_merges (source, output, left_out, after) VALUES (?, ?, ?, NULL)'
const updateAfter = 'UPDATE keyword_merges SET after = ?'
const selectAnalyser = 'SELECT min(analyser) AS version FROM keyword_segments WHERE id = ?'
const publishOutput = `UPDATE keyword_segments
  SET state = ?, passages = ?, length = ?, first_id = ?, last_id = ?, ids = ?, norms = ? WHERE id = ?`
const dropSource = `UPDATE keyword_segments SET state = 'dropped' WHERE id = ?`
const deleteTombstones = 'DELETE FROM keyword_tombstones WHERE segment = ?'
const deleteMerge = 'DELETE FROM keyword_merges'

/** Terms between two looks at the clock. */
const termsPerLook = 16

interface SourceRow {
  readonly source: number
  readonly output: number
  readonly left_out: Uint8Array
  readonly after: Uint8Array | null
  readonly passages: number
}

/** A source with the ordinals that its passages get. */
interface Source {
  readonly id: number
  readonly passages: number
  /** Dead when the merge began; those that die later are buried in the output. */
  readonly leftOut: readonly Range[]
  /** What an ordinal becomes: + offset, or by table (-1: left out) where some are left out. */
  readonly offset: number
  readonly table: Int32Array | undefined
}

/** Begins a merge of these live segments. */
export function startMerge(app: Db, segments: readonly number[]): void {
  const versions = segments.map((id) => app.get<{ version: number }>(selectAnalyser, id)?.version)
  const output = addSegment(app, {
    state: 'building',
    documentSeq: null,
    revision: null,
    // The oldest, so that whatever of it is stale is seen to be.
    analyser: Math.min(...versions.map((version) => version ?? 0)),
    passages: 0,
    length: 0,
    firstId: 0,
    lastId: 0,
    ids: new Uint8Array(0),
    norms: new Uint8Array(0),
  })
  for (const id of segments) app.run(insertSource, id, output, encodeRanges(tombstonesOf(app, id)))
}

/** Carries the merge under way on until the deadline (of `performance.now()`). @returns false when there is none */
export function advanceMerge(app: Db, deadlineMs: number): boolean {
  const rows = app.all<SourceRow & Record<string, never>>(selectSources)
  const [first] = rows
  if (!first) return false
  const sources = readSources(rows)
  const blocks = new BlockWriter(app, first.output)
  const after = mergeTerms(app, sources, first.after, blocks, deadlineMs)
  blocks.flush()
  if (after) app.run(updateAfter, after)
  else finishMerge(app, first.output, sources)
  return true
}

function readSources(rows: readonly SourceRow[]): Source[] {
  const sources: Source[] = []
  let offset = 0
  for (const row of rows) {
    const leftOut = decodeRanges(row.left_out)
    const table = leftOut.length > 0 ? ordinalTable(row.passages, leftOut, offset) : undefined
    sources.push({ id: row.source, passages: row.passages, leftOut, offset, table })
    offset += row.passages - countRanges(leftOut)
  }
  return sources
}

function ordinalTable(passages: number, leftOut: readonly Range[], offset: number): Int32Array {
  const table = new Int32Array(passages)
  for (const { first, last } of leftOut) table.fill(-1, first, last + 1)
  let next = offset
  for (let i = 0; i < passages; i++) if (table[i] === 0) table[i] = next++
  return table
}

/** @returns the last term written when time ran out, or undefined when all are done */
function mergeTerms(
  app: Db,
  sources: readonly Source[],
  after: Uint8Array | null,
  blocks: BlockWriter,
  deadlineMs: number,
): Uint8Array | undefined {
  const merged = new TermMerger(app, sources, after)
  for (let count = 1; merged.next(); count++) {
    if (merged.df > 0) blocks.add(merged.term, merged.termLength, merged.df, merged.list.view())
    if (count % termsPerLook === 0 && performance.now() >= deadlineMs)
      return merged.term.slice(0, merged.termLength)
  }
  return undefined
}

/** Walks the terms of all sources together. After `next` the fields describe the merged term and its list. */
class TermMerger {
  readonly term = new Uint8Array(termBytesMax)
  termLength = 0
  df = 0
  readonly list = new ByteWriter(65536)
  readonly #inputs: { readonly cursor: SegmentCursor; readonly source: Source }[]
  readonly #postings = new PostingWriter(this.list)
  readonly #reader = new PostingReader(new Uint8Array(0))

  constructor(app: Db, sources: readonly Source[], after: Uint8Array | null) {
    this.#inputs = sources.map((source) => ({
      cursor: new SegmentCursor(app, source.id, after),
      source,
    }))
  }

  next(): boolean {
    if (!this.#findLeast()) return false
    this.list.clear()
    this.#postings.start()
    for (const { cursor, source } of this.#inputs)
      if (!cursor.isAtEnd && this.#compare(cursor) === 0) {
        this.#copy(cursor, source)
        cursor.next()
      }
    this.df = this.#postings.count
    return true
  }

  #findLeast(): boolean {
    let least: SegmentCursor | undefined
    for (const { cursor } of this.#inputs) {
      if (cursor.isAtEnd) continue
      if (least && this.#compare(cursor) <= 0) continue
      least = cursor
      this.termLength = cursor.terms.termLength
      for (let i = 0; i < this.termLength; i++) this.term[i] = cursor.terms.term[i] as number
    }
    return least !== undefined
  }

  /** The term chosen against a cursor's: zero when equal, positive when the cursor's is less. */
  #compare(cursor: SegmentCursor): number {
    return compareBytes(this.term, this.termLength, cursor.terms.term, cursor.terms.termLength)
  }

  #copy({ terms, postings }: SegmentCursor, { offset, table }: Source): void {
    const reader = this.#reader
    reader.reset(postings, terms.start, terms.end, -1)
    while (reader.next()) {
      const ordinal = table ? (table[reader.ordinal] as number) : reader.ordinal + offset
      if (ordinal >= 0) this.#postings.posting(ordinal, reader.body, reader.title, reader.section)
    }
  }
}

/** Swaps the output for its sources, in the transaction of the last step. */
function finishMerge(app: Db, output: number, sources: readonly Source[]): void {
  const norms = new ByteWriter(4096)
  const ids: Range[] = []
  for (const { id, passages, leftOut } of sources) {
    const runs = segmentIds(app, id)
    const codes = segmentNorms(app, id)
    for (const kept of subtractRanges([{ first: 0, last: passages - 1 }], leftOut)) {
      norms.append(codes, kept.first, kept.last + 1)
      ids.push(...idsOf(runs, kept))
    }
  }
  app.run(
    publishOutput,
    norms.length > 0 ? 'live' : 'dropped',
    norms.length,
    norms.view().reduce((sum, code) => sum + (decodedLengths[code] ?? 0), 0),
    ids.reduce((least, { first }) => Math.min(least, first), ids[0]?.first ?? 0),
    ids.reduce((most, { last }) => Math.max(most, last), 0),
    encodeIds(ids),
    norms.view(),
    output,
  )
  for (const source of sources) {
    buryOrdinals(app, output, mappedTombstones(app, source))
    app.run(deleteTombstones, source.id)
    app.run(dropSource, source.id)
  }
  app.run(deleteMerge)
}

/** What died in a source while it was being merged, as ordinals of the output. */
function mappedTombstones(app: Db, { id, leftOut, offset, table }: Source): Range[] {
  const later = subtractRanges(tombstonesOf(app, id), leftOut)
  // A range that has no hole in it stays one: what is left out inside it was subtracted.
  return later.map(({ first, last }) => ({
    first: table ? (table[first] as number) : first + offset,
    last: table ? (table[last] as number) : last + offset,
  }))
}
