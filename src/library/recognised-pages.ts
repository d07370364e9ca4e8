/** Pages recognised by OCR, kept while their document is read: a crash must not cost them twice. */
import type { Db } from '../base/sqlite.ts'

const select = 'SELECT text FROM recognised_pages WHERE document_seq = ? AND number = ?'
const insert = `INSERT INTO recognised_pages (document_seq, number, text) VALUES (?, ?, ?)
  ON CONFLICT (document_seq, number) DO UPDATE SET text = excluded.text`
const remove = 'DELETE FROM recognised_pages WHERE document_seq = ?'

export function recognisedPage(app: Db, documentSeq: number, page: number): string | null {
  return app.get<{ text: string }>(select, documentSeq, page)?.text ?? null
}

export function keepRecognisedPage(app: Db, documentSeq: number, page: number, text: string): void {
  app.run(insert, documentSeq, page, text)
}

export function dropRecognisedPages(app: Db, documentSeq: number): void {
  app.run(remove, documentSeq)
}
