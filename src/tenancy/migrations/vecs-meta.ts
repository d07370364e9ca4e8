/** vecs.db, first migration: whose file it is. */

export const vecsMetaSql = `
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`
