/** Jobs: what is still to be read. Rows, so that a crash forgets none of them. */
import type { Db } from '../base/sqlite.ts'
import type { ExtractFailure, ExtractSummary } from '../ingest/contract.ts'

const insertJob = `INSERT INTO jobs (document_seq, revision, state, not_before, bytes)
  SELECT seq, revision + 1, 'queued', ?, bytes FROM documents WHERE seq = ?
  ON CONFLICT (document_seq) DO NOTHING`
const selectDue = `SELECT j.id, j.document_seq, j.revision, j.attempts, d.id AS document_id, d.sha256, d.extension,
  d.media_type, d.filename, j.bytes FROM jobs j JOIN documents d ON d.seq = j.document_seq
  WHERE j.state = 'queued' AND j.not_before <= ? AND j.bytes <= ?`
const selectNext = `${selectDue} ORDER BY j.not_before + j.bytes / 100, j.id LIMIT 1`
const selectOldest = `${selectDue} ORDER BY j.not_before, j.id LIMIT 1`
const selectByDocument = `SELECT id, document_seq AS documentSeq, revision, attempts FROM jobs WHERE document_seq = ?`
const selectRunning =
  "SELECT document_seq FROM jobs WHERE id = ? AND revision = ? AND attempts = ? AND state = 'running'"
const selectWaitMs = "SELECT min(not_before) AS at FROM jobs WHERE state = 'queued'"
const selectAny = 'SELECT 1 AS found FROM jobs LIMIT 1'
const setRunning = "UPDATE jobs SET state = 'running', attempts = attempts + 1 WHERE id = ?"
const setQueued = "UPDATE jobs SET state = 'queued', not_before = ? WHERE id = ?"
const queueRunning = "UPDATE jobs SET state = 'queued' WHERE state = 'running'"
const queueDocuments = `UPDATE documents SET status = 'queued' WHERE status = 'processing'
  AND seq IN (SELECT document_seq FROM jobs)`
const deleteJob = 'DELETE FROM jobs WHERE id = ?'
// Reading again drops the pending postings of the document, those of a re-indexing as well: that starts anew.
const setProcessing = `UPDATE documents SET status = 'processing', pages_done = 0, pages_total = NULL,
  reindex_after = iif(reindex_after IS NULL, NULL, 0), updated_at = ? WHERE seq = ?`
const setProgress = 'UPDATE documents SET pages_done = ?, pages_total = ? WHERE seq = ?'
const setQueuedStatus =
  "UPDATE documents SET status = 'queued', error = NULL, updated_at = ? WHERE seq = ?"
const setReady = `UPDATE documents SET status = 'ready', error = NULL, report = ?, outline = ?,
  language = coalesce(language_chosen, ?), pages = ?,
  passages = ?, pages_done = ?, pages_total = ?, revision = ?, updated_at = ?, reindex_after = NULL,
  title = iif(title_chosen = 1, title, coalesce(?, title)) WHERE seq = ?`
const setFailed = `UPDATE documents SET status = iif(revision > 0, 'ready', 'failed'), error = ?, updated_at = ?
  WHERE seq = ?`

export interface Job {
  readonly id: number
  readonly documentSeq: number
  readonly revision: number
  /** Counts this try; with the id it names one holder, so that a late one cannot write. */
  readonly attempts: number
}

export interface ClaimedJob extends Job {
  readonly documentId: string
  readonly sha256: string
  readonly extension: string
  readonly mediaType: string
  readonly filename: string
  readonly bytes: number
}

/** Which job is wanted. */
export interface JobWish {
  /** The largest; null for any. */
  readonly bytesMax: number | null
  /** Whether waiting alone counts, and not size. */
  readonly isOldestFirst: boolean
}

/** Why a document was not read: its own fault, or somebody stopped it. */
export type JobFailure =
  | ExtractFailure
  | { readonly code: 'cancelled' | 'quota_exceeded'; readonly detail: string }

/** Queues a document for (another) reading; one that is queued already stays as it is. */
export function queueJob(app: Db, documentSeq: number, nowMs: number): void {
  const { changes } = app.run(insertJob, nowMs, documentSeq)
  if (changes > 0) app.run(setQueuedStatus, nowMs, documentSeq)
}

/**
 * Takes a document whose time has come: small ones first, so that a long book does not hold up a note. A megabyte counts as
 * ten seconds of waiting, so that a row of notes does not hold up the book for ever.
 */
export function claimJob(
  app: Db,
  nowMs: number,
  { bytesMax, isOldestFirst }: JobWish,
): ClaimedJob | undefined {
  const row = app.get<{
    id: number
    document_seq: number
    revision: number
    attempts: number
    document_id: string
    sha256: string
    extension: string
    media_type: string
    filename: string
    bytes: number
  }>(isOldestFirst ? selectOldest : selectNext, nowMs, bytesMax ?? Number.MAX_SAFE_INTEGER)
  if (!row) return undefined
  app.run(setRunning, row.id)
  app.run(setProcessing, nowMs, row.document_seq)
  return {
    id: row.id,
    documentSeq: row.document_seq,
    revision: row.revision,
    attempts: row.attempts + 1,
    documentId: row.document_id,
    sha256: row.sha256,
    extension: row.extension,
    mediaType: row.media_type,
    filename: row.filename,
    bytes: row.bytes,
  }
}

/** The document's job, in whatever state. */
export function jobOf(app: Db, documentSeq: number): Job | undefined {
  return app.get<{ id: number; documentSeq: number; revision: number; attempts: number }>(
    selectByDocument,
    documentSeq,
  )
}

/** Whether this try still holds the job: false after a delete, a cancel or a crash in between. */
export function holdsJob(app: Db, job: Job): boolean {
  return app.get(selectRunning, job.id, job.revision, job.attempts) !== undefined
}

export function reportProgress(
  app: Db,
  job: Job,
  { pagesDone, pagesTotal }: { pagesDone: number; pagesTotal: number | null },
): void {
  app.run(setProgress, pagesDone, pagesTotal, job.documentSeq)
}

/** Puts the job back, to be tried again `delayMs` from now. */
export function requeueJob(app: Db, job: Job, delayMs: number, nowMs: number): void {
  app.run(setQueued, nowMs + delayMs, job.id)
  app.run(setQueuedStatus, nowMs, job.documentSeq)
}

/** Jobs of a process that died are nobody's: they wait again. */
export function requeueRunning(app: Db): void {
  app.run(queueRunning)
  app.run(queueDocuments)
}

export function completeJob(app: Db, job: Job, summary: ExtractSummary, nowMs: number): void {
  app.run(
    setReady,
    JSON.stringify(summary.report),
    JSON.stringify(summary.outline),
    summary.language,
    summary.pages,
    summary.passages,
    summary.pages,
    summary.pages,
    job.revision,
    nowMs,
    summary.title,
    job.documentSeq,
  )
  app.run(deleteJob, job.id)
}

/** A document that had a complete revision keeps it and says why the new one failed. */
export function failJob(app: Db, job: Job, failure: JobFailure, nowMs: number): void {
  app.run(setFailed, JSON.stringify(failure), nowMs, job.documentSeq)
  app.run(deleteJob, job.id)
}

export function hasJobs(app: Db): boolean {
  return app.get(selectAny) !== undefined
}

/** When the next job that waits may run, in Unix milliseconds; undefined when none waits. */
export function nextJobAtMs(app: Db): number | undefined {
  return app.get<{ at: number | null }>(selectWaitMs)?.at ?? undefined
}
