/** Pictures of documents: made while they are read, kept in app.db, gone with the document. */
import { createHash } from 'node:crypto'
import { Problem } from '../base/problem.ts'
import type { Db } from '../base/sqlite.ts'

const upsert = `INSERT INTO thumbnails (document_seq, sha256, png) VALUES (?, ?, ?)
  ON CONFLICT (document_seq) DO UPDATE SET sha256 = excluded.sha256, png = excluded.png`
const remove = 'DELETE FROM thumbnails WHERE document_seq = ?'
const select = 'SELECT sha256, png FROM thumbnails WHERE document_seq = ?'

export interface Thumbnail {
  /** Of the picture. */
  readonly sha256: string
  readonly png: Uint8Array
}

/** @param png null where there is nothing to show, which takes an earlier picture away */
export function setThumbnail(app: Db, documentSeq: number, png: Uint8Array | null): void {
  if (png === null) app.run(remove, documentSeq)
  else app.run(upsert, documentSeq, createHash('sha256').update(png).digest('hex'), png)
}

/** @throws Problem `not_found` where there is none */
export function thumbnailOf(app: Db, documentSeq: number): Thumbnail {
  const found = app.get<Thumbnail>(select, documentSeq)
  if (found) return found
  throw new Problem(
    'not_found',
    'There is no picture of this document: a PDF has one of its first page, an EPUB one of its cover, once they are read.',
  )
}
