/** control.db: who exists. Never a tenant's content. */
import { tenantStatesSql } from './tenant-states.ts'

/** `Crlc` in ASCII. */
export const controlApplicationId = 0x43726c63

/** Index + 1 is the file's `user_version`. Released entries are never edited. */
export const controlMigrations: readonly string[] = [
  `
CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  -- The user's id as the token says it: what an operator looks for.
  user_id TEXT NOT NULL,
  -- Names this life of the tenant; a directory of an earlier one is not served.
  generation TEXT NOT NULL,
  -- 1: its directory may hold a log to fold or unfinished work. It may say so too often, never too seldom.
  hint INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
  tenantStatesSql,
  `
CREATE TABLE embedders (
  -- A space of vectors, as vecs.db names it.
  fingerprint TEXT PRIMARY KEY,
  model TEXT NOT NULL,
  query_prefix TEXT NOT NULL,
  document_prefix TEXT NOT NULL,
  found_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
]
