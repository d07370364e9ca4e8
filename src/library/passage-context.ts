/** Passages with what stands around them: neighbours of their section, and the pages they were cut from. */
import type { Db } from '../base/sqlite.ts'
import type { PassageSpan } from '../ingest/contract.ts'
import type { PassageRow } from './passages.ts'

const selectNext = `SELECT section, spans, text FROM passages
  WHERE document_seq = ? AND revision = ? AND id > ? ORDER BY id LIMIT ?`
const selectPrevious = `SELECT section, spans, text FROM passages
  WHERE document_seq = ? AND revision = ? AND id < ? ORDER BY id DESC LIMIT ?`
const selectPage =
  'SELECT label, text FROM pages WHERE document_seq = ? AND revision = ? AND number = ?'

/** A longer page is given as a window around the text that is meant. In UTF-16 units. */
const windowUnitsMax = 20_000

export interface Neighbour {
  readonly spans: readonly PassageSpan[]
  readonly text: string
}

/** Part of a page, and the stretch of it that is meant. */
export interface PageStretch {
  readonly page: number
  readonly label: string | null
  /** Where `text` begins in the page; 0 unless the page is very long. In UTF-16 units, as all places. */
  readonly from: number
  readonly text: string
  /** Of the page. */
  readonly start: number
  readonly end: number
}

/** The nearest first, as long as they belong to the same section. */
export function neighbours(
  app: Db,
  passage: PassageRow,
  side: 'next' | 'previous',
  limit: number,
): Neighbour[] {
  const sql = side === 'next' ? selectNext : selectPrevious
  const { document_seq, revision, id } = passage
  const rows = app.all<{ section: string; spans: string; text: string }>(
    sql,
    document_seq,
    revision,
    id,
    limit,
  )
  const section = JSON.stringify(passage.section)
  const end = rows.findIndex((row) => row.section !== section)
  return (end < 0 ? rows : rows.slice(0, end)).map(({ spans, text }) => ({
    text,
    spans: (JSON.parse(spans) as [number, number, number, number][]).map(
      ([page, start, spanEnd, at]) => ({ page, start, end: spanEnd, at }),
    ),
  }))
}

/**
 * The pages that spans touch, in order, each with the one stretch that holds all of its spans.
 * @param isBare without the text of the page around the stretch
 */
export function pageStretches(
  app: Db,
  { document_seq, revision }: PassageRow,
  spans: readonly PassageSpan[],
  isBare: boolean,
): PageStretch[] {
  const stretches: PageStretch[] = []
  const byPage = Map.groupBy(spans, (span) => span.page)
  for (const [page, there] of [...byPage].sort(([a], [b]) => a - b)) {
    const row = app.get<{ label: string | null; text: string }>(
      selectPage,
      document_seq,
      revision,
      page,
    )
    if (!row) continue
    const start = Math.min(...there.map((span) => span.start))
    const end = Math.max(...there.map((span) => span.end))
    const middle = Math.floor((start + end) / 2)
    const isWhole = row.text.length <= windowUnitsMax
    const from = isWhole ? 0 : Math.max(0, middle - windowUnitsMax / 2)
    const text = isWhole ? row.text : row.text.slice(from, from + windowUnitsMax)
    const within = (at: number): number => Math.min(Math.max(at, from), from + text.length)
    const whole = { page, label: row.label, from, text, start: within(start), end: within(end) }
    stretches.push(isBare ? bare(whole) : whole)
  }
  return stretches
}

function bare({ from, text, start, end, ...place }: PageStretch): PageStretch {
  return { ...place, from: start, text: text.slice(start - from, end - from), start, end }
}
