/** app.db: which passages came and went, in order, for the vectors in the other file to follow. */

/**
 * Two files have no common transaction, so the truth keeps a log: a row is written in the transaction that publishes or drops
 * passages, and its id becomes the file's epoch. vecs.db notes how far it has followed, in the transaction that follows.
 */
export const vectorChangesSql = `
CREATE TABLE vector_changes (
  -- The epoch of app.db after this change.
  epoch INTEGER PRIMARY KEY,
  -- embed: they are searched from now on, or their title is another; drop: they are gone.
  kind TEXT NOT NULL CHECK (kind IN ('embed', 'drop')),
  first INTEGER NOT NULL,
  last INTEGER NOT NULL
) STRICT;
`
