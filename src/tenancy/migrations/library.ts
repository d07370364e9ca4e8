/** app.db, first migration: whose file it is, its documents, pages, passages and jobs. */

export const librarySql = `
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  sha256 TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  -- 1 when a person chose the title: what the file says of itself no longer counts.
  title_chosen INTEGER NOT NULL,
  filename TEXT NOT NULL,
  media_type TEXT NOT NULL,
  extension TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  language TEXT,
  pages INTEGER,
  passages INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL CHECK (status IN ('queued', 'processing', 'ready', 'failed')),
  pages_done INTEGER NOT NULL DEFAULT 0,
  pages_total INTEGER,
  error TEXT,
  report TEXT,
  outline TEXT,
  -- The revision that is searched and read; 0 before the first one is complete.
  revision INTEGER NOT NULL DEFAULT 0,
  -- Passages up to this id carry the new title in the index; NULL when the index is up to date.
  reindex_after INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tags (
  document_seq INTEGER NOT NULL REFERENCES documents (seq) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  PRIMARY KEY (document_seq, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_by_tag ON tags (tag, document_seq);

CREATE TABLE pages (
  id INTEGER PRIMARY KEY,
  document_seq INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  number INTEGER NOT NULL,
  label TEXT,
  text TEXT NOT NULL,
  UNIQUE (document_seq, revision, number)
) STRICT;

CREATE TABLE passages (
  -- Never used twice: a vector or posting left behind can never name another passage.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  document_seq INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  section TEXT NOT NULL,
  language TEXT NOT NULL,
  first_page INTEGER NOT NULL,
  last_page INTEGER NOT NULL,
  spans TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
-- Holds all that \`page:\` asks for, so that it reads no passage.
CREATE INDEX passages_by_page ON passages (first_page, last_page);
CREATE INDEX passages_by_document ON passages (document_seq, revision);

-- The passage ids of a document, as runs: what a filter or a delete needs without reading the passages.
CREATE TABLE passage_ranges (
  document_seq INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (document_seq, revision, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  document_seq INTEGER NOT NULL UNIQUE REFERENCES documents (seq) ON DELETE CASCADE,
  -- The revision being made; its rows are invisible until it is complete.
  revision INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running')),
  attempts INTEGER NOT NULL DEFAULT 0,
  not_before INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX documents_by_language ON documents (language, passages) WHERE revision > 0;
CREATE INDEX documents_to_reindex ON documents (seq) WHERE reindex_after IS NOT NULL;
CREATE INDEX jobs_by_turn ON jobs (state, bytes, id);
`
