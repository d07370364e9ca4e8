/** The stored text of passages, for whoever must look at it again: phrases. */
import type { Db } from '../base/sqlite.ts'

const selectText = `SELECT p.text, p.section, p.language, d.title FROM passages p JOIN documents d ON d.seq = p.document_seq
  WHERE p.id = ?`

/** What phrases are looked for in, field by field: a phrase never reaches from one into the next. */
export interface PassageText {
  readonly text: string
  readonly section: readonly string[]
  readonly title: string
  readonly language: string
}

/** @returns undefined for a passage that is gone */
export function passageText(app: Db, passageId: number): PassageText | undefined {
  const row = app.get<{ text: string; section: string; title: string; language: string }>(
    selectText,
    passageId,
  )
  return row && { ...row, section: JSON.parse(row.section) as string[] }
}
