/** Reading documents, the shard's side: jobs claimed, batches written and indexed, a revision published or dropped. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { removeFile, syncDirectory } from '../base/fs.ts'
import type { ExtractBatch, ExtractSummary } from '../ingest/contract.ts'
import {
  chosenLanguage,
  type DocumentView,
  documentRow,
  documentView,
  originalNames,
  titleFor,
} from '../library/documents.ts'
import {
  type ClaimedJob,
  claimJob,
  completeJob,
  failJob,
  holdsJob,
  type Job,
  type JobFailure,
  type JobWish,
  jobOf,
  nextJobAtMs,
  reportProgress,
  requeueJob,
  requeueRunning,
} from '../library/jobs.ts'
import {
  addPages,
  addPassages,
  dropRevision,
  passageRanges,
  revisionsOf,
} from '../library/passages.ts'
import {
  dropRecognisedPages,
  keepRecognisedPage,
  recognisedPage,
} from '../library/recognised-pages.ts'
import { setThumbnail } from '../library/thumbnails.ts'
import { checkPassages, mayReadAtMs, notePagesRead } from '../library/usage.ts'
import { noteVectorChange } from '../library/vector-changes.ts'
import {
  dropPending,
  type IndexedPassage,
  indexPassages,
  publishSegments,
  tombstonePassages,
} from '../search/index-writer.ts'
import { booksDirectory, uploadsDirectory } from '../tenancy/layout.ts'
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'

/** Takes the next job, unless the day's pages are used up, and clears what an earlier try left of its revision. */
export function claim(context: ShardContext, store: Store, wish: JobWish): ClaimedJob | null {
  const { app } = store
  if (mayReadAtMs(store, context.nowMs()) > 0) return null
  return app.unsyncedTransaction(() => {
    const job = claimJob(app, context.nowMs(), wish)
    if (!job) return null
    dropRevision(app, job)
    dropPending(app, job.documentSeq)
    return job
  })
}

/**
 * Writes and indexes one batch, invisible until `finish`. @returns false when this try no longer holds the job
 * @throws Problem `quota_exceeded` when the library would hold more than it may
 */
export function append(
  context: ShardContext,
  store: Store,
  { job, batch }: { job: ClaimedJob; batch: ExtractBatch },
): boolean {
  const { app } = store
  return app.unsyncedTransaction(() => {
    if (!holdsJob(app, job)) return false
    addPages(app, job, batch.pages)
    const language = chosenLanguage(app, job.documentSeq)
    const drafts = batch.passages.map((draft) => (language ? { ...draft, language } : draft))
    const ids = addPassages(app, job, drafts)
    const title = titleFor(app, job.documentSeq, batch.title)
    const passages = drafts.map((passage, at) => ({ ...passage, id: ids[at] ?? 0 }))
    indexPassages(app, job, asIndexed(title, passages), context.analyser)
    reportProgress(app, job, batch)
    notePagesRead(app, batch.pages.length, context.nowMs())
    checkPassages(store, job)
    return true
  })
}

/**
 * Publishes the new revision and drops the old one, in one transaction: a search sees one or the other.
 * @returns the document; null when this try no longer holds the job
 */
export function finish(
  context: ShardContext,
  { app }: Store,
  {
    job,
    summary,
    thumbnail,
  }: { job: ClaimedJob; summary: ExtractSummary; thumbnail?: Uint8Array | null },
): DocumentView | null {
  return app.transaction(() => {
    if (!holdsJob(app, job)) return null
    publishSegments(app, job)
    for (const revision of revisionsOf(app, job.documentSeq))
      if (revision !== job.revision) dropSearched(app, { documentSeq: job.documentSeq, revision })
    completeJob(app, job, summary, context.nowMs())
    setThumbnail(app, job.documentSeq, thumbnail ?? null)
    dropRecognisedPages(app, job.documentSeq)
    noteVectorChange(app, 'embed', passageRanges(app, job))
    return documentView(documentRow(app, job.documentId))
  })
}

/** What an earlier try recognised of a page. */
export function recognised(
  _context: ShardContext,
  { app }: Store,
  { job, page }: { job: Job; page: number },
): string | null {
  return recognisedPage(app, job.documentSeq, page)
}

/** Keeps a recognised page until its document is ready. @returns false when this try no longer holds the job */
export function keepRecognised(
  _context: ShardContext,
  { app }: Store,
  { job, page, text }: { job: Job; page: number; text: string },
): boolean {
  return app.unsyncedTransaction(() => {
    if (!holdsJob(app, job)) return false
    keepRecognisedPage(app, job.documentSeq, page, text)
    return true
  })
}

/** Ends a job with the reason that its user will read. */
export function fail(
  context: ShardContext,
  { app }: Store,
  { job, failure }: { job: ClaimedJob; failure: JobFailure },
): DocumentView | null {
  return app.transaction(() => {
    if (!holdsJob(app, job)) return null
    dropRevision(app, job)
    dropPending(app, job.documentSeq)
    failJob(app, job, failure, context.nowMs())
    return documentView(documentRow(app, job.documentId))
  })
}

/** Puts a job back for later: the reader, not the document, was at fault. */
export function requeue(
  context: ShardContext,
  { app }: Store,
  { job, delayMs }: { job: ClaimedJob; delayMs: number },
): DocumentView | null {
  return app.transaction(() => {
    if (!holdsJob(app, job)) return null
    requeueJob(app, job, delayMs, context.nowMs())
    return documentView(documentRow(app, job.documentId))
  })
}

/**
 * After a start: jobs of the dead process wait again, files that no row knows are removed. Only while no request runs.
 * @returns when the next job is due, in Unix milliseconds, or null when there is none
 */
export function recover(_context: ShardContext, store: Store): { nextJobAtMs: number | null } {
  store.app.transaction(() => requeueRunning(store.app))
  emptyUploads(store.directory)
  const known = originalNames(store.app)
  const books = booksDirectory(store.directory)
  const strays = readdirSync(books).filter((name) => !known.has(name))
  for (const name of strays) removeFile(join(books, name))
  // Nobody looks again, should a power cut bring them back.
  if (strays.length > 0) syncDirectory(books)
  return { nextJobAtMs: nextJobAtMs(store.app) ?? null }
}

/** Whether this try still holds the job. */
export function holds(_context: ShardContext, { app }: Store, { job }: { job: Job }): boolean {
  return holdsJob(app, job)
}

/**
 * Stops the reading of a document, now or before it began. What was read before stays; a document that was never read
 * fails, and says that it was stopped. One that is not being read stays as it is.
 */
export function cancel(
  context: ShardContext,
  { app }: Store,
  { id }: { id: string },
): DocumentView {
  return app.transaction(() => {
    const { seq } = documentRow(app, id)
    const job = jobOf(app, seq)
    if (job) {
      dropRevision(app, job)
      dropPending(app, seq)
      failJob(app, job, cancelled, context.nowMs())
    }
    return documentView(documentRow(app, id))
  })
}

const cancelled = {
  code: 'cancelled',
  detail: 'Reading was stopped because you asked for it. Start it again with “reprocess”.',
} as const

/** After a fence: jobs whose reading it cut off wait again. @returns as `recover` */
export function resume(context: ShardContext, store: Store): { nextJobAtMs: number | null } {
  store.app.transaction(() => requeueRunning(store.app))
  return nextJob(context, store)
}

/** When the next job is due, not before the day's pages allow it. */
export function nextJob(context: ShardContext, store: Store): { nextJobAtMs: number | null } {
  const dueAtMs = nextJobAtMs(store.app)
  const mayAtMs = mayReadAtMs(store, context.nowMs())
  return { nextJobAtMs: dueAtMs === undefined ? null : Math.max(dueAtMs, mayAtMs) }
}

/** Takes a published revision out of the index and out of the tables. */
export function dropSearched(
  app: Store['app'],
  revision: { documentSeq: number; revision: number },
): void {
  const ranges = passageRanges(app, revision)
  for (const range of ranges) tombstonePassages(app, range.first, range.last)
  noteVectorChange(app, 'drop', ranges)
  dropRevision(app, revision)
}

/** The fields of a passage as the index counts them. */
export function asIndexed(
  title: string,
  passages: readonly {
    id: number
    section: readonly string[]
    text: string
    language: string
  }[],
): IndexedPassage[] {
  return passages.map((passage) => ({
    id: passage.id,
    title,
    section: passage.section.join('\n'),
    text: passage.text,
    language: passage.language,
  }))
}

function emptyUploads(directory: string): void {
  const uploads = uploadsDirectory(directory)
  const left = readdirSync(uploads).filter((name) => name !== 'partial')
  for (const name of left) rmSync(join(uploads, name), { recursive: true, force: true })
  if (left.length > 0) syncDirectory(uploads)
}
