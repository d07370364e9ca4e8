/** What a reader of a document asks for besides its text: its contents, and what was read of each page. */
import { Problem } from '../base/problem.ts'
import type { Db } from '../base/sqlite.ts'
import type { ExtractReport, OutlineEntry, PageSource } from '../ingest/contract.ts'
import type { DocumentRow } from './documents.ts'

const selectOutline = 'SELECT outline FROM documents WHERE seq = ?'
const selectLabels = `SELECT number, label FROM pages WHERE document_seq = ? AND revision = ? AND label IS NOT NULL
  AND number IN (SELECT value FROM json_each(?))`
const selectPages = `SELECT number AS page, label, characters, source, language, is_suspicious FROM pages
  WHERE document_seq = ? AND revision = ? AND number > ? ORDER BY number LIMIT ?`

export interface ContentsEntry {
  readonly title: string
  /** 1 is the highest. */
  readonly level: number
  /** Null where the entry leads nowhere. */
  readonly page: number | null
  readonly page_label: string | null
}

export interface PageReport {
  readonly page: number
  readonly label: string | null
  /** UTF-16 units. */
  readonly characters: number
  readonly source: PageSource
  readonly language: string
  readonly is_suspicious: boolean
}

export interface ReportView {
  /** Of the whole document; null before it was read. */
  readonly report: ExtractReport | null
  readonly items: readonly PageReport[]
  readonly next_cursor: string | null
}

/** @throws Problem `not_found` for a document that nothing was read of yet */
export function mustBeRead({ revision }: Pick<DocumentRow, 'revision'>): void {
  if (revision === 0)
    throw new Problem('not_found', 'The document has no pages to show: it is not read yet.')
}

/** The table of contents, as the file gives it or as its headings make it. */
export function contentsOf(app: Db, { seq, revision }: DocumentRow): ContentsEntry[] {
  const json = app.get<{ outline: string | null }>(selectOutline, seq)?.outline
  const outline = JSON.parse(json ?? '[]') as OutlineEntry[]
  const pages = JSON.stringify([...new Set(outline.map(({ page }) => page))])
  const rows = app.all<{ number: number; label: string }>(selectLabels, seq, revision, pages)
  const labels = new Map(rows.map(({ number, label }) => [number, label]))
  return outline.map(({ title, level, page }) => ({
    title,
    level,
    page,
    page_label: page === null ? null : (labels.get(page) ?? null),
  }))
}

/** What was read page by page. @param cursor what the last part gave, or null for the first */
export function reportOf(
  app: Db,
  { seq, revision, report }: DocumentRow,
  { limit, cursor }: { limit: number; cursor: string | null },
): ReportView {
  const after = cursor === null ? 0 : parseCursor(cursor)
  const rows = app.all<Omit<PageReport, 'is_suspicious'> & { is_suspicious: number }>(
    selectPages,
    seq,
    revision,
    after,
    limit + 1,
  )
  const items = rows
    .slice(0, limit)
    .map((row) => ({ ...row, is_suspicious: row.is_suspicious > 0 }))
  return {
    report: report === null ? null : (JSON.parse(report) as ExtractReport),
    items,
    next_cursor: rows.length > limit ? String(items.at(-1)?.page) : null,
  }
}

function parseCursor(cursor: string): number {
  if (/^[1-9]\d{0,8}$/.test(cursor)) return Number(cursor)
  throw new Problem('invalid_request', 'The cursor is not one that this list gave.', {
    errors: [{ path: 'cursor', message: 'use `next_cursor` of the part before, as it is' }],
  })
}
