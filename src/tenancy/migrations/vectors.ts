/** vecs.db: vectors of passages in one or more spaces, their compact form, and the built-in embedder's terms. */

/**
 * A key is `space · 2^36 + passage id`: one table for all spaces, each a run of neighbouring rows in it, and ids stay
 * exact (below 2^53). A space is one embedder's: provider, model, dimensions, prefixes; each fit of the built-in one.
 */
export const vectorsSql = `
CREATE TABLE vector_spaces (
  -- Never used twice: what is remembered of one space can never be taken for another's.
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id < 131072),
  fingerprint TEXT NOT NULL UNIQUE,
  dims INTEGER NOT NULL CHECK (dims > 0),
  -- building: being filled; live: searched, at most one; kept: an earlier one, to go back to; dropped: its rows are being removed.
  state TEXT NOT NULL CHECK (state IN ('building', 'live', 'kept', 'dropped')),
  -- The embedder's own settings, as JSON.
  config TEXT NOT NULL,
  passages INTEGER NOT NULL DEFAULT 0,
  -- Grows with every write; a block carries the value of its last one, so that a cache knows what is new.
  changes INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX vector_spaces_live ON vector_spaces (state) WHERE state = 'live';

-- Unit vectors, 32-bit floats, little-endian.
CREATE TABLE vectors (
  key INTEGER PRIMARY KEY,
  vector BLOB NOT NULL
) STRICT;

-- Up to some hundred passages each, in order of their ids; key is that of the first. See search/vectors/block.ts.
CREATE TABLE vector_blocks (
  key INTEGER PRIMARY KEY,
  last INTEGER NOT NULL,
  count INTEGER NOT NULL,
  change INTEGER NOT NULL,
  block BLOB NOT NULL
) STRICT;

-- What a fit of the built-in embedder knows of a term. The term itself is a hash: a word of a deleted document must not
-- be readable here until the next fit.
CREATE TABLE embedder_terms (
  space INTEGER NOT NULL,
  term INTEGER NOT NULL,
  idf REAL NOT NULL,
  scale REAL NOT NULL,
  vector BLOB NOT NULL,
  PRIMARY KEY (space, term)
) STRICT, WITHOUT ROWID;
`
