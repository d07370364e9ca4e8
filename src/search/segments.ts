/** The rows of segments and tombstones. */
import type { Db } from '../base/sqlite.ts'
import { decodeIds, type IdRun, ordinalsOf, type Range, subtractRanges } from './id-runs.ts'

const insertSegment = `INSERT INTO keyword_segments
  (state, document_seq, revision, analyser, passages, dead, length, first_id, last_id, ids, norms)
  VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)`
const selectLive = `SELECT id, analyser, passages, dead, length,
  first_id AS first, last_id AS last FROM keyword_segments WHERE state = 'live' ORDER BY id`
const selectNorms = 'SELECT norms FROM keyword_segments WHERE id = ?'
const selectIds = 'SELECT ids FROM keyword_segments WHERE id = ?'
const selectOverlapping = `SELECT id FROM keyword_segments
  WHERE state = 'live' AND last_id >= ? AND first_id <= ? ORDER BY id`
const selectTombstones =
  'SELECT first, last FROM keyword_tombstones WHERE segment = ? ORDER BY first'
const insertTombstone = 'INSERT INTO keyword_tombstones (segment, first, last) VALUES (?, ?, ?)'
const extendTombstone = 'UPDATE keyword_tombstones SET last = ? WHERE segment = ? AND last = ? - 1'
const addDead = 'UPDATE keyword_segments SET dead = dead + ? WHERE id = ?'

/** What a search reads of every segment. */
export interface SegmentHeader {
  readonly id: number
  /** The version of the analyser that its terms are of; the oldest, where several are in it. */
  readonly analyser: number
  /** Dead ones included, as in `length`: they leave the counts when a merge leaves them out. */
  readonly passages: number
  readonly dead: number
  /** Sum of the quantised lengths, in words. */
  readonly length: number
  /** Its passages have ids from here … */
  readonly first: number
  /** … to here. */
  readonly last: number
}

export interface NewSegment {
  readonly state: 'pending' | 'building'
  readonly documentSeq: number | null
  readonly revision: number | null
  readonly analyser: number
  readonly passages: number
  readonly length: number
  readonly firstId: number
  readonly lastId: number
  readonly ids: Uint8Array
  readonly norms: Uint8Array
}

/** @returns the id of the new segment */
export function addSegment(app: Db, segment: NewSegment): number {
  return app.run(
    insertSegment,
    segment.state,
    segment.documentSeq,
    segment.revision,
    segment.analyser,
    segment.passages,
    segment.length,
    segment.firstId,
    segment.lastId,
    segment.ids,
    segment.norms,
  ).lastId
}

export function liveSegments(app: Db): SegmentHeader[] {
  return app.all<SegmentHeader & Record<string, never>>(selectLive)
}

export function segmentNorms(app: Db, segment: number): Uint8Array {
  return app.get<{ norms: Uint8Array }>(selectNorms, segment)?.norms ?? new Uint8Array(0)
}

export function segmentIds(app: Db, segment: number): IdRun[] {
  const row = app.get<{ ids: Uint8Array }>(selectIds, segment)
  return row ? decodeIds(row.ids) : []
}

/** Dead ordinals of a segment, ascending. */
export function tombstonesOf(app: Db, segment: number): Range[] {
  return app.all<{ first: number; last: number }>(selectTombstones, segment)
}

/** Live segments that may hold passages of the id range. */
export function segmentsOverlapping(app: Db, range: Range): number[] {
  return app.all<{ id: number }>(selectOverlapping, range.first, range.last).map((row) => row.id)
}

/** Marks the passages of the id ranges (ascending, apart) dead in one segment. */
export function buryIds(app: Db, segment: number, ids: readonly Range[]): void {
  buryOrdinals(app, segment, ordinalsOf(segmentIds(app, segment), ids))
}

/**
 * Marks ordinals dead; those that are dead already count once. What dies right after its neighbour lengthens the
 * neighbour's row: a segment whose documents go one by one would otherwise have a row for each.
 */
export function buryOrdinals(app: Db, segment: number, ordinals: readonly Range[]): void {
  const dead = tombstonesOf(app, segment)
  let count = 0
  for (const { first, last } of subtractRanges(ordinals, dead)) {
    if (app.run(extendTombstone, last, segment, first).changes === 0)
      app.run(insertTombstone, segment, first, last)
    count += last - first + 1
  }
  if (count > 0) app.run(addDead, count, segment)
}
