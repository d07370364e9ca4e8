/** What holds a tenant back, and who was deleted: rows of control.db that survive a crash at any step. */
import { hash } from 'node:crypto'
import type { Db } from '../base/sqlite.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

export const tenantStatesSql = `
-- A tenant without a row is active.
CREATE TABLE tenant_states (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('read_only', 'suspended', 'at_rest', 'restoring', 'deleting')),
  -- When it ends by itself (at_rest), Unix milliseconds.
  until INTEGER,
  -- restoring: the directories that are being exchanged, as JSON.
  detail TEXT,
  changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who was deleted, by the hash of the tenant's name: the mapping to a person is gone.
CREATE TABLE deletions (
  generation TEXT PRIMARY KEY,
  tenant_hash TEXT NOT NULL,
  -- A token issued up to then makes nothing any more. Unix milliseconds.
  not_before INTEGER NOT NULL,
  receipt_sha256 TEXT
) STRICT, WITHOUT ROWID;
`

const selectStates = 'SELECT id, state, until, detail, changed_at FROM tenant_states'
const upsertState = `INSERT INTO tenant_states (id, state, until, detail, changed_at) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET state = excluded.state, until = excluded.until, detail = excluded.detail,
  changed_at = excluded.changed_at`
const deleteState = 'DELETE FROM tenant_states WHERE id = ?'
const selectDeletions = 'SELECT generation, tenant_hash, not_before FROM deletions'
const insertDeletion = `INSERT INTO deletions (generation, tenant_hash, not_before) VALUES (?, ?, ?)
  ON CONFLICT (generation) DO UPDATE SET not_before = excluded.not_before`
const updateReceipt = 'UPDATE deletions SET receipt_sha256 = ? WHERE generation = ?'

export type TenantStateName =
  | 'active'
  | 'read_only'
  | 'suspended'
  | 'at_rest'
  | 'restoring'
  | 'migrating'
  | 'deleting'

export interface TenantState {
  readonly state: Exclude<TenantStateName, 'active' | 'migrating'>
  /** When it ends by itself, Unix milliseconds. */
  readonly untilMs: number | null
  readonly detail: string | null
  readonly changedAtMs: number
}

export interface Deletion {
  readonly generation: string
  readonly tenantHash: string
  readonly notBeforeMs: number
}

export type StateChange =
  | { readonly kind: 'state'; readonly id: TenantId; readonly state: TenantState | null }
  | ({ readonly kind: 'deletion' } & Deletion)
  | { readonly kind: 'receipt'; readonly generation: string; readonly sha256: string }

/** What names a deleted tenant where its own name must not stand. */
export function tenantHash(id: TenantId): string {
  return hash('sha256', `carrel tenant ${id}`, 'hex')
}

export function readStates(db: Db): [TenantId, TenantState][] {
  const rows = db.all<{
    id: TenantId
    state: TenantState['state']
    until: number | null
    detail: string | null
    changed_at: number
  }>(selectStates)
  return rows.map(({ id, state, until, detail, changed_at }) => [
    id,
    { state, untilMs: until, detail, changedAtMs: changed_at },
  ])
}

export function readDeletions(db: Db): Deletion[] {
  return db
    .all<{ generation: string; tenant_hash: string; not_before: number }>(selectDeletions)
    .map((row) => ({
      generation: row.generation,
      tenantHash: row.tenant_hash,
      notBeforeMs: row.not_before,
    }))
}

export function applyStateChange(db: Db, change: StateChange): void {
  switch (change.kind) {
    case 'state': {
      const { id, state } = change
      if (state)
        db.run(upsertState, id, state.state, state.untilMs, state.detail, state.changedAtMs)
      else db.run(deleteState, id)
      return
    }
    case 'deletion':
      db.run(insertDeletion, change.generation, change.tenantHash, change.notBeforeMs)
      return
    case 'receipt':
      db.run(updateReceipt, change.sha256, change.generation)
      return
  }
}
