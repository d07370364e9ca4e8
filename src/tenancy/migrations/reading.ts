/** app.db: what was read of each page and how, pictures of first pages, pages recognised by OCR while a document is read. */

export const readingSql = `
ALTER TABLE pages ADD COLUMN source TEXT NOT NULL DEFAULT 'text' CHECK (source IN ('text', 'ocr', 'empty'));
ALTER TABLE pages ADD COLUMN language TEXT NOT NULL DEFAULT 'und';
ALTER TABLE pages ADD COLUMN is_suspicious INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pages ADD COLUMN characters INTEGER NOT NULL DEFAULT 0;
UPDATE pages SET characters = length(text), source = iif(text = '', 'empty', 'text');

CREATE TABLE thumbnails (
  document_seq INTEGER PRIMARY KEY REFERENCES documents (seq) ON DELETE CASCADE,
  sha256 TEXT NOT NULL,
  png BLOB NOT NULL
) STRICT;

-- Of the document being read: recognising takes seconds a page, and a crash must not take them twice.
CREATE TABLE recognised_pages (
  document_seq INTEGER NOT NULL REFERENCES documents (seq) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (document_seq, number)
) STRICT, WITHOUT ROWID;
`
