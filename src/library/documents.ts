/** Documents: their rows, and their shape on the wire. */

import { randomId } from '../base/ids.ts'
import { isoTime } from '../base/iso-time.ts'
import { Problem } from '../base/problem.ts'
import type { Db, Row } from '../base/sqlite.ts'
import type { ExtractReport } from '../ingest/contract.ts'
import { setTags } from './tags.ts'

const columns = `seq, id, title, filename, media_type, extension, bytes, sha256, language, pages, passages,
  status, pages_done, pages_total, error, report, revision, created_at, updated_at,
  (SELECT json_group_array(tag ORDER BY tag) FROM tags WHERE document_seq = documents.seq) AS tags`
const selectById = `SELECT ${columns} FROM documents WHERE id = ?`
const selectBySha256 = `SELECT ${columns} FROM documents WHERE sha256 = ?`
const selectPage = `SELECT ${columns} FROM documents WHERE seq < ? ORDER BY seq DESC LIMIT ?`
const selectTotals = `SELECT count(*) AS documents, coalesce(sum(bytes), 0) AS bytes,
  coalesce(sum(passages), 0) AS passages FROM documents`
const selectTitleFor =
  'SELECT iif(title_chosen = 1, title, coalesce(?, title)) AS title FROM documents WHERE seq = ?'
const selectOriginalNames = 'SELECT sha256, extension FROM documents'
const insertDocument = `INSERT INTO documents (id, sha256, title, title_chosen, filename, media_type, extension,
  bytes, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?)`
const updateTitle = 'UPDATE documents SET title = ?, title_chosen = 1, updated_at = ? WHERE seq = ?'
const updateLanguage = `UPDATE documents SET language = ?, language_chosen = ?, updated_at = ?
  WHERE seq = ?`
const selectChosenLanguage = 'SELECT language_chosen AS language FROM documents WHERE seq = ?'
const updateTouched = 'UPDATE documents SET updated_at = ? WHERE seq = ?'
const deleteDocument = 'DELETE FROM documents WHERE seq = ?'

export type DocumentStatus = 'queued' | 'processing' | 'ready' | 'failed'

/** How far the reading of a document is. */
export interface DocumentProgress {
  readonly phase: 'waiting' | 'opening' | 'reading' | 'publishing'
  readonly pages_done: number
  readonly pages_total: number | null
  /** 0 to 1; null while the number of pages is unknown. */
  readonly fraction: number | null
  /** At the pace so far; null while there is none. */
  readonly seconds_left: number | null
}

/** A document as the API shows it. */
export interface DocumentView {
  readonly id: string
  readonly title: string
  readonly filename: string
  readonly media_type: string
  readonly bytes: number
  readonly sha256: string
  readonly language: string | null
  readonly pages: number | null
  readonly passages: number
  readonly tags: readonly string[]
  readonly status: DocumentStatus
  /** Null unless it is waiting or being read. */
  readonly progress: DocumentProgress | null
  readonly error: { readonly code: string; readonly detail: string } | null
  readonly report: ExtractReport | null
  readonly created_at: string
  readonly updated_at: string
}

export interface DocumentRow {
  readonly seq: number
  readonly id: string
  readonly title: string
  readonly filename: string
  readonly media_type: string
  readonly extension: string
  readonly bytes: number
  readonly sha256: string
  readonly language: string | null
  readonly pages: number | null
  readonly passages: number
  readonly status: DocumentStatus
  readonly pages_done: number
  readonly pages_total: number | null
  readonly error: string | null
  readonly report: string | null
  readonly revision: number
  readonly created_at: number
  readonly updated_at: number
  /** A JSON array. */
  readonly tags: string
}

export interface NewDocument {
  readonly sha256: string
  readonly bytes: number
  readonly filename: string
  readonly title: string | null
  readonly tags: readonly string[]
  readonly mediaType: string
  readonly extension: string
}

/** @throws Problem `not_found`, the same for an unknown id and one of somebody else's */
export function documentRow(app: Db, id: string): DocumentRow {
  const row = app.get<DocumentRow>(selectById, id)
  if (!row) throw new Problem('not_found', 'There is no such document in your library.')
  return row
}

export function documentBySha256(app: Db, sha256: string): DocumentRow | undefined {
  return app.get<DocumentRow>(selectBySha256, sha256)
}

export function addDocument(app: Db, document: NewDocument, nowMs: number): DocumentRow {
  const id = randomId('doc')
  const { lastId } = app.run(
    insertDocument,
    id,
    document.sha256,
    document.title ?? titleOfFilename(document.filename),
    document.title === null ? 0 : 1,
    document.filename,
    document.mediaType,
    document.extension,
    document.bytes,
    nowMs,
    nowMs,
  )
  setTags(app, lastId, document.tags)
  return documentRow(app, id)
}

/** Newest first. @param cursor what the last page gave, or null for the first page */
export function listDocuments(
  app: Db,
  { limit, cursor }: { limit: number; cursor: string | null },
): { items: DocumentView[]; next_cursor: string | null } {
  const before = cursor === null ? Number.MAX_SAFE_INTEGER : parseCursor(cursor)
  const rows = app.all<DocumentRow>(selectPage, before, limit + 1)
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return {
    items: items.map(documentView),
    next_cursor: rows.length > limit && last ? last.seq.toString(36) : null,
  }
}

/** What a person may change of a document; what is left out stays. */
export interface DocumentChange {
  readonly title?: string | undefined
  readonly tags?: readonly string[] | undefined
  /** ISO 639. */
  readonly language?: string | undefined
}

/** @returns whether the title or the language changed, so that its passages must be indexed again */
export function updateDocument(
  app: Db,
  row: DocumentRow,
  change: DocumentChange,
  nowMs: number,
): boolean {
  const { language } = change
  const isRenamed = change.title !== undefined && change.title !== row.title
  const isTranslated = language !== undefined && language !== chosenLanguage(app, row.seq)
  if (change.title !== undefined) app.run(updateTitle, change.title, nowMs, row.seq)
  if (change.tags) setTags(app, row.seq, change.tags)
  if (isTranslated) app.run(updateLanguage, language, language, nowMs, row.seq)
  app.run(updateTouched, nowMs, row.seq)
  return isRenamed || isTranslated
}

/** The language that a person says the document is in; null where nobody did. */
export function chosenLanguage(app: Db, documentSeq: number): string | null {
  return app.get<{ language: string | null }>(selectChosenLanguage, documentSeq)?.language ?? null
}

/** Tags and jobs go with it; passages and pages are the caller's to drop. */
export function removeDocument(app: Db, seq: number): void {
  app.run(deleteDocument, seq)
}

/** The title a document will have when it is ready: a person's own choice, else what the file says of itself. */
export function titleFor(app: Db, documentSeq: number, suggested: string | null): string {
  return app.get<{ title: string }>(selectTitleFor, suggested, documentSeq)?.title ?? ''
}

export function libraryTotals(app: Db): { documents: number; bytes: number; passages: number } {
  return app.get(selectTotals) ?? { documents: 0, bytes: 0, passages: 0 }
}

/** File names in `books/` that a document stands for. */
export function originalNames(app: Db): Set<string> {
  const rows = app.all<{ sha256: string; extension: string }>(selectOriginalNames)
  return new Set(rows.map((row) => `${row.sha256}.${row.extension}`))
}

export function documentView(row: DocumentRow): DocumentView {
  return {
    id: row.id,
    title: row.title,
    filename: row.filename,
    media_type: row.media_type,
    bytes: row.bytes,
    sha256: row.sha256,
    language: row.language,
    pages: row.pages,
    passages: row.passages,
    tags: parseJson(row.tags) as string[],
    status: row.status,
    progress: progressOf(row),
    error: parseJson(row.error) as DocumentView['error'],
    report: parseJson(row.report) as ExtractReport | null,
    created_at: isoTime(row.created_at),
    updated_at: isoTime(row.updated_at),
  }
}

function progressOf(row: DocumentRow): DocumentProgress | null {
  if (row.status === 'ready' || row.status === 'failed') return null
  const isWaiting = row.status === 'queued'
  const { pages_done, pages_total } = row
  const started = pages_done > 0 ? 'reading' : 'opening'
  return {
    phase: isWaiting ? 'waiting' : started,
    pages_done: isWaiting ? 0 : pages_done,
    pages_total,
    fraction: isWaiting ? 0 : pages_total && Math.min(1, pages_done / pages_total),
    seconds_left: null,
  }
}

function parseJson(text: string | null): unknown {
  return text === null ? null : (JSON.parse(text) as Row)
}

function titleOfFilename(filename: string): string {
  return filename.replace(/\.[A-Za-z0-9]{1,10}$/, '') || filename
}

/** @throws Problem `invalid_request` */
export function parseCursor(cursor: string): number {
  const seq = /^[0-9a-z]{1,10}$/.test(cursor) ? Number.parseInt(cursor, 36) : Number.NaN
  if (!Number.isSafeInteger(seq))
    throw new Problem('invalid_request', 'The cursor is not one that this list gave.', {
      errors: [{ path: 'cursor', message: 'use `next_cursor` of the page before, as it is' }],
    })
  return seq
}
