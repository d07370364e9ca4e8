/** Filters: from what a person asks for to the runs of passages that may be found. Resolved before ranking, never after. */
import type { Db } from '../base/sqlite.ts'
import { type PassageRange, toRanges } from './passages.ts'

/** Values of one field are alternatives; all fields must fit. */
export interface DocumentFilter {
  readonly document_ids?: readonly string[] | undefined
  readonly tags?: readonly string[] | undefined
  readonly media_types?: readonly string[] | undefined
  readonly languages?: readonly string[] | undefined
  /** From the query's own words: every one of these tags, none of those, on one of these pages. */
  readonly allTags?: readonly string[] | undefined
  readonly noTags?: readonly string[] | undefined
  readonly pages?: readonly PassageRange[] | undefined
}

/** Parameters are JSON arrays, or NULL where the field does not matter. */
const selectRanges = `SELECT r.first, r.last FROM documents d
  JOIN passage_ranges r ON r.document_seq = d.seq AND r.revision = d.revision
  WHERE (@ids IS NULL OR d.id IN (SELECT value FROM json_each(@ids)))
    AND (@tags IS NULL OR d.seq IN (SELECT document_seq FROM tags WHERE tag IN (SELECT value FROM json_each(@tags))))
    AND (@types IS NULL OR d.media_type IN (SELECT value FROM json_each(@types)))
    AND (@languages IS NULL OR d.language IN (SELECT value FROM json_each(@languages)))
    AND (@all_tags IS NULL OR (SELECT count(*) FROM tags t WHERE t.document_seq = d.seq
      AND t.tag IN (SELECT value FROM json_each(@all_tags))) = json_array_length(@all_tags))
    AND (@no_tags IS NULL OR d.seq NOT IN (SELECT document_seq FROM tags WHERE tag IN (SELECT value FROM json_each(@no_tags))))
  ORDER BY r.first`
const selectOnPages = 'SELECT id FROM passages WHERE first_page <= ? AND last_page >= ?'

/** @returns ascending, non-overlapping runs of passage ids; undefined when nothing is filtered */
export function filteredRanges(app: Db, filter: DocumentFilter): PassageRange[] | undefined {
  const lists = {
    ids: asJson(filter.document_ids),
    tags: asJson(filter.tags),
    types: asJson(filter.media_types),
    languages: asJson(filter.languages),
    all_tags: asJson(filter.allTags && [...new Set(filter.allTags)]),
    no_tags: asJson(filter.noTags),
  }
  const byDocument = Object.values(lists).some((list) => list !== null)
    ? app.all<PassageRange>(selectRanges, lists)
    : undefined
  if (!filter.pages || filter.pages.length === 0) return byDocument
  const onPages = pageRanges(app, filter.pages)
  return byDocument ? intersect(byDocument, onPages) : onPages
}

function asJson(values: readonly string[] | undefined): string | null {
  return values && values.length > 0 ? JSON.stringify(values) : null
}

function pageRanges(app: Db, pages: readonly PassageRange[]): PassageRange[] {
  const ids = new Set<number>()
  for (const { first, last } of pages)
    for (const { id } of app.all<{ id: number }>(selectOnPages, last, first)) ids.add(id)
  return toRanges([...ids].sort((a, b) => a - b))
}

/** Of two ascending lists of runs, what is in both. */
export function intersect(
  left: readonly PassageRange[],
  right: readonly PassageRange[],
): PassageRange[] {
  const both: PassageRange[] = []
  for (let l = 0, r = 0; l < left.length && r < right.length; ) {
    const [a, b] = [left[l], right[r]]
    if (!a || !b) break
    const range = { first: Math.max(a.first, b.first), last: Math.min(a.last, b.last) }
    if (range.first <= range.last) both.push(range)
    if (a.last < b.last) l++
    else r++
  }
  return both
}
