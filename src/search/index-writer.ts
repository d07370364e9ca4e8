/** Writing the keyword index: a batch of passages becomes a pending segment, which is published or dropped. */
import type { Db } from '../base/sqlite.ts'
import { type Analyser, analyserVersion } from './analysis/analyser.ts'
import { BlockWriter, termBytesMax } from './blocks.ts'
import { ByteWriter, writeTerm } from './bytes.ts'
import { encodeIds, normaliseRanges, type Range } from './id-runs.ts'
import { decodedLengths, encodeLength } from './norms.ts'
import { type PassageFields, PostingBatch } from './posting-batch.ts'
import { PostingWriter } from './postings.ts'
import { addSegment, buryIds, liveSegments, segmentIds, segmentsOverlapping } from './segments.ts'

const selectPending = `SELECT id FROM keyword_segments
  WHERE state = 'pending' AND document_seq = ? AND revision = ? ORDER BY id`
const publishPending = `UPDATE keyword_segments SET state = 'live', document_seq = NULL, revision = NULL
  WHERE state = 'pending' AND document_seq = ? AND revision = ?`
const dropPendingOf = `UPDATE keyword_segments SET state = 'dropped', document_seq = NULL, revision = NULL
  WHERE state = 'pending' AND document_seq = ?`

/** A passage as the index counts it: `title` of its document, `section` the headings above it. */
export interface IndexedPassage extends PassageFields {
  readonly id: number
}

/** The making of a document that segments belong to until they are published. */
export interface SegmentOwner {
  readonly documentSeq: number
  readonly revision: number
}

/** Indexes a batch, at best of a few hundred passages, as one pending segment. Ids must be distinct. */
export function indexPassages(
  app: Db,
  owner: SegmentOwner,
  passages: readonly IndexedPassage[],
  analyser: Analyser,
): void {
  if (passages.length === 0) return
  const batch = new PostingBatch()
  const norms = new Uint8Array(passages.length)
  let length = 0
  for (const [ordinal, passage] of passages.entries()) {
    const code = encodeLength(batch.add(ordinal, passage, analyser))
    norms[ordinal] = code
    length += decodedLengths[code] ?? 0
  }
  const ids = passages.map((passage) => passage.id)
  app.transaction(() => {
    const segment = addSegment(app, {
      state: 'pending',
      documentSeq: owner.documentSeq,
      revision: owner.revision,
      analyser: analyserVersion,
      passages: passages.length,
      length,
      firstId: ids.reduce((least, id) => Math.min(least, id)),
      lastId: ids.reduce((most, id) => Math.max(most, id)),
      ids: encodeIds(ids.map((id) => ({ first: id, last: id }))),
      norms,
    })
    writeBatch(app, segment, batch)
  })
}

function writeBatch(app: Db, segment: number, batch: PostingBatch): void {
  const blocks = new BlockWriter(app, segment)
  const list = new ByteWriter()
  const postings = new PostingWriter(list)
  const term = new Uint8Array(termBytesMax)
  for (const { text, slot } of batch.sortedTerms()) {
    list.clear()
    postings.start()
    batch.postingsOf(slot, postings)
    blocks.add(term, writeTerm(text, term), postings.count, list.view())
  }
  blocks.flush()
}

/** Makes the owner's segments searchable: in the transaction in which its document becomes ready. */
export function publishSegments(app: Db, owner: SegmentOwner): void {
  app.run(publishPending, owner.documentSeq, owner.revision)
}

/**
 * Makes the owner's segments searchable in place of what is searched now under the same passage ids: after the same
 * passages were indexed again, because their title or the analyser changed.
 */
export function replaceSegments(app: Db, owner: SegmentOwner): void {
  app.transaction(() => {
    const rows = app.all<{ id: number }>(selectPending, owner.documentSeq, owner.revision)
    const runs = rows.flatMap(({ id }) => segmentIds(app, id))
    tombstoneRanges(
      app,
      runs.map(({ first, count }) => ({ first, last: first + count - 1 })),
    )
    publishSegments(app, owner)
  })
}

/** Gives up every unpublished segment of a document; its blocks go step by step, as in a merge. */
export function dropPending(app: Db, documentSeq: number): void {
  app.run(dropPendingOf, documentSeq)
}

/** Takes passages out of every search, both ids included. Their terms leave the file with the next merges. */
export function tombstonePassages(app: Db, firstId: number, lastId: number): void {
  tombstoneRanges(app, [{ first: firstId, last: lastId }])
}

/** As `tombstonePassages`, for ranges in any order. */
export function tombstoneRanges(app: Db, ranges: readonly Range[]): void {
  const ids = normaliseRanges(ranges)
  const [from, to] = [ids[0]?.first, ids.at(-1)?.last]
  if (from === undefined || to === undefined) return
  app.transaction(() => {
    for (const segment of segmentsOverlapping(app, { first: from, last: to }))
      buryIds(app, segment, ids)
  })
}

/** Between which passage ids something is searched that another version of the analyser indexed. Cheap: a few rows. */
export function staleRanges(app: Db): Range[] {
  return liveSegments(app)
    .filter(({ analyser, passages, dead }) => analyser !== analyserVersion && dead < passages)
    .map(({ first, last }) => ({ first, last }))
}
