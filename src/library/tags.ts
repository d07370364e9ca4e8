/** Tags: a person's own words on a document. */
import type { Db } from '../base/sqlite.ts'

const deleteTags = 'DELETE FROM tags WHERE document_seq = ?'
const insertTag = 'INSERT OR IGNORE INTO tags (document_seq, tag) VALUES (?, ?)'

/** Replaces all tags of a document. */
export function setTags(app: Db, documentSeq: number, tags: readonly string[]): void {
  app.run(deleteTags, documentSeq)
  for (const tag of tags) app.run(insertTag, documentSeq, tag)
}
