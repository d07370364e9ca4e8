/** What was done, by whom, to what, from where: rows that are only ever added, under names that can be erased. */
import { hash, randomBytes } from 'node:crypto'
import { base32 } from '../base/ids.ts'
import type { Db } from '../base/sqlite.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { type AuditRow, chainBegin, rowHash } from './audit-chain.ts'

export const auditSql = `
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  -- Pseudonyms: tenant, the user who did it, the address it came from.
  tenant TEXT,
  actor TEXT NOT NULL,
  via TEXT NOT NULL,
  target TEXT,
  address TEXT,
  outcome TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_tenant ON audit (tenant, seq);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;

-- Where the chain ends.
CREATE TABLE audit_head (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;

-- Who a pseudonym is. A pseudonym is the hash of its row: another name cannot be put behind it; without the row nobody is.
CREATE TABLE audit_names (
  pseudonym TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('tenant', 'user', 'address')),
  -- Whose deletion erases it; empty for the operator's side.
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  salt TEXT NOT NULL,
  UNIQUE (kind, owner, name)
) STRICT, WITHOUT ROWID;
`

const selectHead = 'SELECT seq, hash FROM audit_head'
const upsertHead = `INSERT INTO audit_head (id, seq, hash) VALUES (1, ?, ?)
  ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash`
const insertRow = `INSERT INTO audit (seq, at, action, tenant, actor, via, target, address, outcome, previous, hash)
  VALUES (@seq, @at, @action, @tenant, @actor, @via, @target, @address, @outcome, @previous, @hash)`
const selectTenant = 'SELECT 1 FROM tenants WHERE id = ?'
const selectPseudonym =
  'SELECT pseudonym FROM audit_names WHERE kind = ? AND owner = ? AND name = ?'
const insertName =
  'INSERT INTO audit_names (pseudonym, kind, owner, name, salt) VALUES (?, ?, ?, ?, ?)'
const deleteNames = `DELETE FROM audit_names WHERE owner = @tenant OR (kind = 'user' AND owner = '' AND name IN
  (SELECT user_id FROM tenants WHERE id = @tenant))`
const selectRows = 'SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?'
const selectNames = `SELECT pseudonym, kind, owner, name, salt FROM audit_names WHERE pseudonym > ?
  ORDER BY pseudonym LIMIT ?`
const selectViews = `SELECT a.seq, a.at, a.action, t.name AS tenant, u.name AS user, a.actor, a.via, a.target,
  d.name AS address, a.outcome, coalesce(d.owner, u.owner) AS owner FROM audit a
  LEFT JOIN audit_names t ON t.pseudonym = a.tenant LEFT JOIN audit_names u ON u.pseudonym = a.actor
  LEFT JOIN audit_names d ON d.pseudonym = a.address
  WHERE a.seq < @before`
const selectOwn = `${selectViews} AND a.tenant = @tenant AND (@user IS NULL OR a.actor = @user)
  ORDER BY a.seq DESC LIMIT @limit`
const selectAll = `${selectViews} AND (@action IS NULL OR a.action = @action) ORDER BY a.seq DESC LIMIT @limit`

/** Who did it. `unknown`: a user of a library that is not there, or not any more. */
export type Actor =
  | { readonly kind: 'user'; readonly name: string; readonly isOperator?: boolean }
  | { readonly kind: 'operator' | 'server' | 'nobody' }

export interface AuditEntry {
  readonly atMs: number
  readonly action: string
  readonly tenant: TenantId | null
  readonly actor: Actor
  /** How they proved it: `jwt`, `key:<id>`, `operator`, `command`. */
  readonly via: string
  /** An id that the server made; never what a caller wrote. */
  readonly target: string | null
  readonly address: string | null
  /** `ok`, `begun`, or a problem's code. */
  readonly outcome: string
}

export type AuditChange =
  | { readonly kind: 'audited'; readonly entry: AuditEntry }
  | { readonly kind: 'audit_names_removed'; readonly tenant: TenantId }

export function applyAudit(db: Db, change: AuditChange): void {
  if (change.kind === 'audit_names_removed') {
    db.run(deleteNames, { tenant: change.tenant })
    return
  }
  const { entry } = change
  const { actor, tenant } = entry
  // Of who is not there, or not any more, no name is written down.
  const isThere = tenant !== null && db.get(selectTenant, tenant) !== undefined
  const isOwn = actor.kind === 'user' && actor.isOperator !== true
  const owner = isOwn ? (tenant ?? '') : ''
  const mayName = isThere || !isOwn
  const { seq, hash: previous } = db.get<{ seq: number; hash: string }>(selectHead) ?? {
    seq: 0,
    hash: chainBegin,
  }
  const row = {
    seq: seq + 1,
    at: entry.atMs,
    action: entry.action,
    tenant: isThere ? pseudonymOf(db, 'tenant', tenant, tenant) : null,
    actor: actorOf(db, actor, mayName ? owner : undefined),
    via: entry.via,
    target: entry.target,
    address:
      entry.address !== null && mayName ? pseudonymOf(db, 'address', owner, entry.address) : null,
    outcome: entry.outcome,
    previous,
  }
  const hashed = { ...row, hash: rowHash(row) }
  db.run(insertRow, hashed)
  db.run(upsertHead, hashed.seq, hashed.hash)
}

function actorOf(db: Db, actor: Actor, owner: string | undefined): string {
  if (actor.kind !== 'user') return actor.kind
  return owner === undefined ? 'unknown' : pseudonymOf(db, 'user', owner, actor.name)
}

type NameKind = 'tenant' | 'user' | 'address'

function pseudonymOf(db: Db, kind: NameKind, owner: string, name: string): string {
  const found = db.get<{ pseudonym: string }>(selectPseudonym, kind, owner, name)
  if (found) return found.pseudonym
  const salt = randomBytes(16).toString('hex')
  const pseudonym = pseudonymFor({ kind, owner, name, salt })
  db.run(insertName, pseudonym, kind, owner, name, salt)
  return pseudonym
}

export interface AuditName {
  readonly kind: string
  readonly owner: string
  readonly name: string
  readonly salt: string
}

export function pseudonymFor({ kind, owner, name, salt }: AuditName): string {
  const digest = hash('sha256', JSON.stringify([salt, kind, owner, name]), 'buffer')
  return `${kind.slice(0, 1)}_${base32(digest).slice(0, 26)}`
}

/** For the check of the chain. */
export function auditRows(
  db: Db,
  { after, limit }: { after: number; limit: number },
): { rows: AuditRow[]; head: { seq: number; hash: string } | undefined } {
  return { rows: db.all<AuditRow>(selectRows, after, limit), head: db.get(selectHead) }
}

export function auditNames(
  db: Db,
  { after, limit }: { after: string; limit: number },
): (AuditName & { pseudonym: string })[] {
  return db.all(selectNames, after, limit)
}

/** A row with the names behind its pseudonyms; null where they were erased. */
export interface AuditView {
  readonly seq: number
  readonly at: number
  readonly action: string
  readonly tenant: string | null
  readonly user: string | null
  readonly actor: string
  readonly via: string
  readonly target: string | null
  readonly address: string | null
  readonly outcome: string
}

interface Page {
  /** Of the oldest row of the page before. */
  readonly before: number
  readonly limit: number
}

/**
 * What happened to one tenant, the newest first.
 * @param user only what they did; null for everybody
 * @param isOwn for its user, to whom the operator's people and addresses are not shown
 */
export function auditOf(
  db: Db,
  {
    tenant,
    user,
    isOwn,
    ...page
  }: Page & { tenant: TenantId; user: string | null; isOwn: boolean },
): AuditView[] {
  const named = (kind: NameKind, name: string): string =>
    db.get<{ pseudonym: string }>(selectPseudonym, kind, tenant, name)?.pseudonym ?? ''
  const only = user === null ? null : named('user', user)
  const rows = db.all<AuditView & { owner: string | null }>(selectOwn, {
    ...page,
    tenant: named('tenant', tenant),
    user: only,
  })
  return rows.map(({ owner, ...row }) =>
    isOwn && owner !== tenant ? { ...row, user: null, address: null } : row,
  )
}

export function auditOfAll(
  db: Db,
  { before, limit, action }: Page & { action: string | null },
): AuditView[] {
  return db
    .all<AuditView & { owner: string | null }>(selectAll, { before, limit, action })
    .map(({ owner: _, ...row }) => row)
}
