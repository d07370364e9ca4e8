/** Pages and passages: written batch by batch under a revision that nobody sees until it is complete. */
import { Problem } from '../base/problem.ts'
import type { Db } from '../base/sqlite.ts'
import type { PassageDraft, PassageSpan, ReadPage } from '../ingest/contract.ts'

const insertPage = `INSERT INTO pages (document_seq, revision, number, label, text, source, language, is_suspicious,
  characters) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
const insertPassage = `INSERT INTO passages (document_seq, revision, section, language, first_page, last_page, spans, text)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
const extendRange =
  'UPDATE passage_ranges SET last = ? WHERE document_seq = ? AND revision = ? AND last = ? - 1'
const insertRange =
  'INSERT INTO passage_ranges (document_seq, revision, first, last) VALUES (?, ?, ?, ?)'
const selectRanges =
  'SELECT first, last FROM passage_ranges WHERE document_seq = ? AND revision = ? ORDER BY first'
const selectRevisions = 'SELECT DISTINCT revision FROM passage_ranges WHERE document_seq = ?'
const selectPage = `SELECT number, label, text FROM pages WHERE document_seq = ? AND revision = ? AND number = ?`
const selectLabel = 'SELECT label FROM pages WHERE document_seq = ? AND revision = ? AND number = ?'
// The plus keeps SQLite from compiling the join anew for each value, which takes longer than running it.
const selectPassage = `SELECT p.id, p.document_seq, p.revision, p.section, p.language, p.spans, p.text,
  d.id AS document_id, d.title FROM passages p JOIN documents d ON d.seq = p.document_seq WHERE p.id = +?`
const selectPlace = 'SELECT document_seq AS document, spans FROM passages WHERE id = ?'
const selectPassages = `SELECT id, section, language, text FROM passages
  WHERE document_seq = ? AND revision = ? AND id > ? ORDER BY id LIMIT ?`
const selectPublished = `SELECT r.first, r.last FROM documents d
  JOIN passage_ranges r ON r.document_seq = d.seq AND r.revision = d.revision ORDER BY r.first`
const selectTexts = `SELECT p.id, p.language, p.text, d.title FROM passages p
  JOIN documents d ON d.seq = p.document_seq AND d.revision = p.revision
  WHERE p.id BETWEEN ? AND ? AND p.id % ? = 0 ORDER BY p.id LIMIT ?`
const selectCount = 'SELECT coalesce(sum(passages), 0) AS count FROM documents WHERE revision > 0'
const deletePages = 'DELETE FROM pages WHERE document_seq = ? AND revision = ?'
const deletePassages = 'DELETE FROM passages WHERE document_seq = ? AND revision = ?'
const deleteRanges = 'DELETE FROM passage_ranges WHERE document_seq = ? AND revision = ?'
const selectReindex = `SELECT seq AS documentSeq, revision, title, language_chosen AS language,
  reindex_after AS after FROM documents
  WHERE reindex_after IS NOT NULL AND status <> 'processing' ORDER BY seq LIMIT 1`
const selectPublishedAfter =
  'SELECT seq AS documentSeq, revision FROM documents WHERE seq > ? AND revision > 0 ORDER BY seq LIMIT 1'
const updateLanguage = 'UPDATE passages SET language = ? WHERE id = ?'
const updateReindex = 'UPDATE documents SET reindex_after = ? WHERE seq = ?'
const selectPageRevisions = 'SELECT DISTINCT revision FROM pages WHERE document_seq = ?'

/** A run of passage ids, both ends included. */
export interface PassageRange {
  readonly first: number
  readonly last: number
}

/** One making of a document: everything extracted carries it. */
export interface Revision {
  readonly documentSeq: number
  readonly revision: number
}

export interface PassageRow {
  readonly id: number
  readonly document_seq: number
  readonly revision: number
  readonly document_id: string
  readonly title: string
  readonly section: readonly string[]
  readonly language: string
  readonly spans: readonly PassageSpan[]
  readonly text: string
}

export function addPages(
  app: Db,
  { documentSeq, revision }: Revision,
  pages: readonly ReadPage[],
): void {
  for (const { number, label, text, source, language, isSuspicious } of pages)
    app.run(
      insertPage,
      documentSeq,
      revision,
      number,
      label,
      text,
      source,
      language,
      isSuspicious ? 1 : 0,
      text.length,
    )
}

/** @returns the ids of the passages, in their order */
export function addPassages(
  app: Db,
  { documentSeq, revision }: Revision,
  passages: readonly PassageDraft[],
): number[] {
  const ids = passages.map(
    (passage) =>
      app.run(
        insertPassage,
        documentSeq,
        revision,
        JSON.stringify(passage.section),
        passage.language,
        passage.spans[0]?.page ?? 1,
        passage.spans.at(-1)?.page ?? 1,
        JSON.stringify(passage.spans.map((span) => [span.page, span.start, span.end, span.at])),
        passage.text,
      ).lastId,
  )
  insertRanges(app, { documentSeq, revision }, ids)
  return ids
}

/** Notes ids (ascending) as a document's. */
export function insertRanges(
  app: Db,
  { documentSeq, revision }: Revision,
  ids: readonly number[],
): void {
  for (const range of toRanges(ids)) {
    const { changes } = app.run(extendRange, range.last, documentSeq, revision, range.first)
    if (changes === 0) app.run(insertRange, documentSeq, revision, range.first, range.last)
  }
}

export function passageRanges(app: Db, { documentSeq, revision }: Revision): PassageRange[] {
  return app.all<PassageRange>(selectRanges, documentSeq, revision)
}

/** Every revision of a document that has rows, complete or not. */
export function revisionsOf(app: Db, documentSeq: number): number[] {
  const found = [selectRevisions, selectPageRevisions].flatMap((sql) =>
    app.all<{ revision: number }>(sql, documentSeq),
  )
  return [...new Set(found.map((row) => row.revision))]
}

export function dropRevision(app: Db, { documentSeq, revision }: Revision): void {
  app.run(deletePages, documentSeq, revision)
  app.run(deletePassages, documentSeq, revision)
  app.run(deleteRanges, documentSeq, revision)
}

/** @throws Problem `not_found` for a page the document does not have */
export function pageView(
  app: Db,
  { documentSeq, revision }: Revision,
  number: number,
): { page: number; label: string | null; text: string } {
  const row = app.get<{ number: number; label: string | null; text: string }>(
    selectPage,
    documentSeq,
    revision,
    number,
  )
  if (!row) throw new Problem('not_found', `The document has no page ${number}.`)
  return { page: row.number, label: row.label, text: row.text }
}

export function pageLabel(
  app: Db,
  { documentSeq, revision }: Revision,
  page: number,
): string | null {
  return app.get<{ label: string | null }>(selectLabel, documentSeq, revision, page)?.label ?? null
}

/** What an embedder reads of a passage. */
export interface PassageToEmbed {
  readonly id: number
  readonly language: string
  readonly text: string
  readonly title: string
}

/** The passage ids that are searched, of the whole library: ascending, apart. */
export function publishedRanges(app: Db): PassageRange[] {
  return app.all<PassageRange>(selectPublished)
}

/** How many passages are searched. */
export function publishedPassages(app: Db): number {
  return app.get<{ count: number }>(selectCount)?.count ?? 0
}

/** Passages that are searched, ascending; ids of others in the range are passed over. @param every only ids it divides */
export function passagesToEmbed(
  app: Db,
  { first, last }: PassageRange,
  limit: number,
  every = 1,
): PassageToEmbed[] {
  return app.all<PassageToEmbed>(selectTexts, first, last, every, limit)
}

/** A passage with its document, or undefined when it is gone. */
export function passageRow(app: Db, id: number): PassageRow | undefined {
  const row = app.get<Record<keyof PassageRow, never> & { section: string; spans: string }>(
    selectPassage,
    id,
  )
  if (!row) return undefined
  return { ...row, section: JSON.parse(row.section) as string[], spans: spansOf(row.spans) }
}

/** Where a passage stands, without its text; undefined when it is gone. */
export function passagePlace(
  app: Db,
  id: number,
): { readonly document: number; readonly spans: readonly PassageSpan[] } | undefined {
  const row = app.get<{ document: number; spans: string }>(selectPlace, id)
  return row && { document: row.document, spans: spansOf(row.spans) }
}

function spansOf(json: string): PassageSpan[] {
  const spans = JSON.parse(json) as [number, number, number, number][]
  return spans.map(([page, start, end, at]) => ({ page, start, end, at }))
}

/** The next passages of a revision after `afterId`: for indexing them again, batch by batch. */
export function passagesAfter(
  app: Db,
  { documentSeq, revision }: Revision,
  afterId: number,
  limit: number,
): { id: number; section: readonly string[]; language: string; text: string }[] {
  const rows = app.all<{ id: number; section: string; language: string; text: string }>(
    selectPassages,
    documentSeq,
    revision,
    afterId,
    limit,
  )
  return rows.map((row) => ({ ...row, section: JSON.parse(row.section) as string[] }))
}

/** The next document whose postings are out of date (an old title, an old analyser), and how far its re-indexing has come. */
export function nextReindex(app: Db):
  | (Revision & {
      readonly title: string
      /** That its reader chose; null where it was detected. */
      readonly language: string | null
      readonly after: number
    })
  | undefined {
  return app.get(selectReindex)
}

export function setPassageLanguage(app: Db, id: number, language: string): void {
  app.run(updateLanguage, language, id)
}

/** The next document that is searched, in order of their numbers. */
export function publishedAfter(app: Db, documentSeq: number): Revision | undefined {
  return app.get(selectPublishedAfter, documentSeq)
}

/** @param after the last passage done; 0 to start (again), null when all postings are up to date */
export function setReindexAfter(app: Db, documentSeq: number, after: number | null): void {
  app.run(updateReindex, after, documentSeq)
}

/** The page on which the text at `offset` of the passage stands: the citation of a match. */
export function pageAt(spans: readonly PassageSpan[], offset: number): number {
  let page = spans[0]?.page ?? 1
  for (const span of spans) {
    if (span.at > offset) break
    page = span.page
  }
  return page
}

/** Where a stretch of a passage that holds `offset` stands in that page's text, as far as it is on one page. */
export function stretchOnPage(
  spans: readonly PassageSpan[],
  offset: number,
  stretch: { readonly start: number; readonly end: number },
): { start: number; end: number } {
  const span = spans.findLast(({ at }) => at <= offset) ?? spans[0]
  if (!span) return { start: 0, end: 0 }
  const clip = (at: number): number =>
    Math.min(span.end, Math.max(span.start, span.start + at - span.at))
  return { start: clip(stretch.start), end: clip(stretch.end) }
}

/** Ascending ids as runs. */
export function toRanges(ids: readonly number[]): PassageRange[] {
  const ranges: { first: number; last: number }[] = []
  for (const id of ids) {
    const open = ranges.at(-1)
    if (open && open.last === id - 1) open.last = id
    else ranges.push({ first: id, last: id })
  }
  return ranges
}
