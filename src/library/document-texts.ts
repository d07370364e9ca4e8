/** Documents as the JSON of the API, put together by SQLite: a list of fifty is made in a third of the time that objects take. */
import { isoTime } from '../base/iso-time.ts'
import { Problem } from '../base/problem.ts'
import type { Db } from '../base/sqlite.ts'
import { documentRow, documentView, parseCursor } from './documents.ts'

/** The fields of `DocumentView` in its order, up to the times; null while it is read, which `documentView` tells. */
const columns = `seq, id, created_at, updated_at, iif(status IN ('ready', 'failed'), concat(
  '{"id":"', id, '","title":', json_quote(title), ',"filename":', json_quote(filename),
  ',"media_type":', json_quote(media_type), ',"bytes":', bytes, ',"sha256":"', sha256,
  '","language":', json_quote(language), ',"pages":', coalesce(pages, 'null'), ',"passages":', passages,
  ',"tags":', (SELECT json_group_array(tag ORDER BY tag) FROM tags WHERE document_seq = documents.seq),
  ',"status":"', status, '","progress":null,"error":', coalesce(error, 'null'), ',"report":', coalesce(report, 'null')
), NULL) AS head`
const selectById = `SELECT ${columns} FROM documents WHERE id = ?`
const selectPage = `SELECT ${columns} FROM documents WHERE seq < ? ORDER BY seq DESC LIMIT ?`

interface TextRow {
  readonly seq: number
  readonly id: string
  readonly created_at: number
  readonly updated_at: number
  readonly head: string | null
}

/** @returns the JSON of what `documents.get` gives @throws Problem `not_found` */
export function documentText(app: Db, id: string): string {
  const row = app.get<TextRow>(selectById, id)
  if (!row) throw new Problem('not_found', 'There is no such document in your library.')
  return textOf(app, row)
}

/** @returns the JSON of what `listDocuments` gives */
export function listText(
  app: Db,
  { limit, cursor }: { limit: number; cursor: string | null },
): string {
  const before = cursor === null ? Number.MAX_SAFE_INTEGER : parseCursor(cursor)
  const rows = app.all<TextRow>(selectPage, before, limit + 1)
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const next = rows.length > limit && last ? `"${last.seq.toString(36)}"` : 'null'
  return `{"items":[${items.map((row) => textOf(app, row)).join(',')}],"next_cursor":${next}}`
}

function textOf(app: Db, { id, head, created_at, updated_at }: TextRow): string {
  if (head === null) return JSON.stringify(documentView(documentRow(app, id)))
  return `${head},"created_at":"${isoTime(created_at)}","updated_at":"${isoTime(updated_at)}"}`
}
