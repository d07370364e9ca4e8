/** The epochs of a tenant's two files: what vectors have to follow, and how far they have. */
import type { Db } from '../base/sqlite.ts'
import type { PassageRange } from './passages.ts'

const raiseEpoch =
  "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'epoch' RETURNING CAST(value AS INTEGER) AS epoch"
const insertChange = 'INSERT INTO vector_changes (epoch, kind, first, last) VALUES (?, ?, ?, ?)'
const selectNext =
  'SELECT epoch, kind, first, last FROM vector_changes WHERE epoch > ? ORDER BY epoch LIMIT 1'
const selectDropped =
  "SELECT first, last FROM vector_changes WHERE epoch > ? AND kind = 'drop' ORDER BY first"
const selectEmbedded =
  "SELECT first, last FROM vector_changes WHERE epoch > ? AND kind = 'embed' ORDER BY first"
const selectOldest = 'SELECT epoch FROM vector_changes ORDER BY epoch LIMIT 1'
const deleteChanges = 'DELETE FROM vector_changes WHERE epoch <= ?'
const selectNote = 'SELECT value FROM meta WHERE key = ?'
const upsertNote =
  'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value'
const deleteNote = 'DELETE FROM meta WHERE key = ?'

/** A change is a run of passages that came to be searched, or went. */
export interface VectorChange extends PassageRange {
  /** The epoch of app.db with this change, and of vecs.db once it has followed. */
  readonly epoch: number
  readonly kind: 'embed' | 'drop'
}

/**
 * Notes in vecs.db that outlive a crash. `passage`: how far the next change has been followed. `fit`: the fingerprint of a
 * fit whose terms are all stored. `tidy`: rows or pages are to be removed. `learn`: a new fit is due, or it was not asked yet.
 * `remote`: passages may be without a vector of the remote embedder.
 */
export type VectorNote = 'passage' | 'fit' | 'tidy' | 'learn' | 'remote'

/** Of either file. One row. */
export function epochOf(db: Db): number {
  return Number(db.get<{ value: string }>(selectNote, 'epoch')?.value ?? 0)
}

/** Tells the vectors, in the caller's transaction. */
export function noteVectorChange(
  app: Db,
  kind: VectorChange['kind'],
  ranges: readonly PassageRange[],
): void {
  for (const { first, last } of ranges) {
    const epoch = app.get<{ epoch: number }>(raiseEpoch)?.epoch ?? 0
    app.run(insertChange, epoch, kind, first, last)
  }
}

/** The change to follow next. Undefined when there is none, or the log does not reach back so far. */
export function nextVectorChange(app: Db, epoch: number): VectorChange | undefined {
  const change = app.get<VectorChange>(selectNext, epoch)
  return change?.epoch === epoch + 1 ? change : undefined
}

/** Passages whose vectors are still there and must not be found. */
export function droppedSince(app: Db, epoch: number): PassageRange[] {
  return app.all<PassageRange>(selectDropped, epoch)
}

/** Passages that came since, or whose title is another since. */
export function embeddedSince(app: Db, epoch: number): PassageRange[] {
  return app.all<PassageRange>(selectEmbedded, epoch)
}

/** Whether the log tells everything that happened since. */
export function reachesBack(app: Db, epoch: number): boolean {
  return epoch === epochOf(app) || nextVectorChange(app, epoch) !== undefined
}

/** Forgets changes that vecs.db has followed for good. @returns whether there were so many that it was worth while */
export function vectorChangesToForget(app: Db, epoch: number, countMin: number): boolean {
  const oldest = app.get<{ epoch: number }>(selectOldest)?.epoch
  return oldest !== undefined && epoch - oldest >= countMin
}

export function forgetVectorChanges(app: Db, epoch: number): void {
  app.run(deleteChanges, epoch)
}

/** Says that vecs.db agrees with that epoch of app.db: in the transaction that makes it true. */
export function setVectorEpoch(vecs: Db, epoch: number): void {
  vecs.run(upsertNote, 'epoch', String(epoch))
  vecs.run(deleteNote, 'passage')
  // Whether a fit is due is asked once everything is quiet, after a crash as well.
  vecs.run(upsertNote, 'learn', '1')
}

export function vectorNote(vecs: Db, note: VectorNote): string | undefined {
  return vecs.get<{ value: string }>(selectNote, note)?.value
}

/** @param value undefined takes the note away */
export function setVectorNote(vecs: Db, note: VectorNote, value: string | undefined): void {
  if (value === undefined) vecs.run(deleteNote, note)
  else vecs.run(upsertNote, note, value)
}
