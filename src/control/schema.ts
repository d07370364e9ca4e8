/** control.db: who exists. Never a tenant's content. */
import { auditSql } from './audit.ts'
import { chatKeysSql } from './chat-keys.ts'
import { fleetSql } from './fleet-records.ts'
import { revocationExpirySql } from './revocations.ts'
import { signInLinksSql } from './sign-in-links.ts'
import { tenantStatesSql } from './tenant-states.ts'
import { usageSql } from './usage.ts'
import { webhooksSql } from './webhooks.ts'

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
  `
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  generation TEXT NOT NULL,
  user_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  name TEXT NOT NULL,
  prefix TEXT NOT NULL UNIQUE,
  -- SHA-256: whoever reads this file cannot use a key of it.
  hash BLOB NOT NULL,
  scopes TEXT NOT NULL,
  requests_per_minute INTEGER,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE revocations (
  kind TEXT NOT NULL CHECK (kind IN ('token', 'user')),
  name TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE allowances (
  tenant TEXT PRIMARY KEY,
  tier TEXT NOT NULL,
  -- JSON; NULL where the operator decided nothing.
  overrides TEXT
) STRICT, WITHOUT ROWID;
`,
  usageSql,
  auditSql,
  webhooksSql,
  fleetSql,
  signInLinksSql,
  chatKeysSql,
  revocationExpirySql,
]
