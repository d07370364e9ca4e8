/** app.db: the keyword index, one sorted run of terms with their posting lists (a segment) per ingest batch or merge. */

export const keywordIndexSql = `
CREATE TABLE keyword_segments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- pending: its document is not ready; live: searched; building: a merge writes it; dropped: its blocks are being removed.
  state TEXT NOT NULL CHECK (state IN ('pending', 'live', 'building', 'dropped')),
  document_seq INTEGER,
  revision INTEGER,
  analyser INTEGER NOT NULL,
  passages INTEGER NOT NULL,
  dead INTEGER NOT NULL,
  -- Sum of the passages' quantised lengths, in words; dead passages included.
  length INTEGER NOT NULL,
  first_id INTEGER NOT NULL,
  last_id INTEGER NOT NULL,
  -- Passage ids in the order of their ordinals, as runs: varint pairs (zigzag first - end of the run before, count).
  ids BLOB NOT NULL,
  -- One byte a passage: its quantised length.
  norms BLOB NOT NULL
) STRICT;
CREATE INDEX keyword_segments_by_state ON keyword_segments (state, document_seq, revision);

-- Dead ordinals of a live segment, both ends included; runs never overlap.
CREATE TABLE keyword_tombstones (
  segment INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (segment, first)
) STRICT, WITHOUT ROWID;

-- About one database page of neighbouring terms each. The terms come before the postings in a row, so that a walk
-- through the dictionary never reads a long posting list.
CREATE TABLE keyword_blocks (
  id INTEGER PRIMARY KEY,
  segment INTEGER NOT NULL,
  first BLOB NOT NULL,
  terms BLOB NOT NULL,
  postings BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX keyword_blocks_by_term ON keyword_blocks (segment, first);

-- The merge under way, if any: its sources in order, and the dead ordinals (varint pairs) that its output leaves out.
CREATE TABLE keyword_merges (
  source INTEGER PRIMARY KEY,
  output INTEGER NOT NULL,
  left_out BLOB NOT NULL,
  -- The last term written, the same in every row; null before the first.
  after BLOB
) STRICT;
`
