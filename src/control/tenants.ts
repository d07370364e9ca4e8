/** The tenants table: rows, mutations, and how they are applied in one transaction. */
import type { Db } from '../base/sqlite.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { type AllowanceChange, applyAllowance } from './allowances.ts'
import { applyKeyChange, type KeyChange } from './api-keys.ts'
import { type AuditChange, applyAudit } from './audit.ts'
import { applyChatKey, type ChatKeyChange } from './chat-keys.ts'
import { type EmbedderRecord, writeEmbedder } from './embedders.ts'
import { applyFleetChange, type FleetChange } from './fleet-records.ts'
import { applyRevocation, type RevocationChange } from './revocations.ts'
import { applyResealed, type ResealedChange } from './sealed-rows.ts'
import { applyLinkChange, type LinkChange } from './sign-in-links.ts'
import { applyStateChange, type StateChange } from './tenant-states.ts'
import { applyUsage, type UsageChange } from './usage.ts'
import { applyWebhook, type WebhookChange } from './webhooks.ts'

const selectTenants = `SELECT id, user_id, generation, hint, created_at FROM tenants WHERE id > ?
  ORDER BY id LIMIT ?`
const insertTenant = `INSERT INTO tenants (id, user_id, generation, hint, created_at) VALUES (?, ?, ?, 1, ?)
  ON CONFLICT (id) DO UPDATE SET generation = excluded.generation, hint = 1`
const updateHint = 'UPDATE tenants SET hint = ? WHERE id = ?'
const deleteTenant = 'DELETE FROM tenants WHERE id = ?'

export interface TenantRecord {
  readonly id: TenantId
  readonly userId: string
  readonly generation: string
  readonly hint: boolean
  readonly createdAt: number
}

/** A change to control.db as plain data: many are committed together, in the order they were asked for. */
export type ControlChange =
  | KeyChange
  | RevocationChange
  | AllowanceChange
  | UsageChange
  | AuditChange
  | WebhookChange
  | FleetChange
  | LinkChange
  | ChatKeyChange
  | ResealedChange
  | {
      readonly kind: 'tenant_added'
      readonly id: TenantId
      readonly userId: string
      readonly generation: string
      readonly atMs: number
    }
  | { readonly kind: 'tenant_removed'; readonly id: TenantId }
  | { readonly kind: 'hint'; readonly id: TenantId; readonly hint: boolean }
  /** Several that are true together or not at all. */
  | { readonly kind: 'all'; readonly changes: readonly ControlChange[] }
  | StateChange
  | (EmbedderRecord & { readonly kind: 'embedder_found'; readonly atMs: number })

interface TenantRow {
  readonly id: TenantId
  readonly user_id: string
  readonly generation: string
  readonly hint: number
  readonly created_at: number
}

/** A hundred thousand at once would leave as many megabytes lie about. */
const rowsPerPart = 1_000

/** By name, so many at a time. */
export function* readTenantsInParts(db: Db): Generator<TenantRecord[]> {
  for (let last = ''; ; ) {
    const rows = db.all<TenantRow>(selectTenants, last, rowsPerPart)
    if (rows.length > 0) yield rows.map(recordOf)
    if (rows.length < rowsPerPart) return
    last = rows.at(-1)?.id ?? ''
  }
}

export function readTenants(db: Db): TenantRecord[] {
  return [...readTenantsInParts(db)].flat()
}

function recordOf(row: TenantRow): TenantRecord {
  return {
    id: row.id,
    userId: row.user_id,
    generation: row.generation,
    hint: row.hint === 1,
    createdAt: row.created_at,
  }
}

/** Applies changes in one transaction: one wait for the disk, however many callers. */
export function applyChanges(db: Db, changes: readonly ControlChange[]): void {
  db.transaction(() => {
    for (const change of changes) applyChange(db, change)
  })
}

function applyChange(db: Db, change: ControlChange): void {
  switch (change.kind) {
    case 'tenant_added':
      db.run(insertTenant, change.id, change.userId, change.generation, change.atMs)
      return
    case 'tenant_removed':
      db.run(deleteTenant, change.id)
      return
    case 'hint':
      db.run(updateHint, change.hint ? 1 : 0, change.id)
      return
    case 'embedder_found':
      writeEmbedder(db, change, change.atMs)
      return
    case 'all':
      for (const one of change.changes) applyChange(db, one)
      return
    case 'revoked':
    case 'revocations_expired':
      applyRevocation(db, change)
      return
    case 'allowance':
    case 'allowance_removed':
      applyAllowance(db, change)
      return
    case 'usage':
    case 'usage_removed':
      applyUsage(db, change)
      return
    case 'webhook_added':
    case 'webhook_removed':
    case 'webhook_queued':
    case 'webhook_delivered':
    case 'webhook_failed':
    case 'webhook_replayed':
    case 'webhook_tenant_removed':
      applyWebhook(db, change)
      return
    case 'audited':
    case 'audit_names_removed':
      applyAudit(db, change)
      return
    case 'campaign':
    case 'migrated':
    case 'migrated_removed':
      applyFleetChange(db, change)
      return
    case 'link_made':
    case 'link_removed':
      applyLinkChange(db, change)
      return
    case 'key_added':
    case 'key_removed':
    case 'keys_removed':
    case 'key_used':
      applyKeyChange(db, change)
      return
    default:
      applySecretOrState(db, change)
  }
}

function applySecretOrState(db: Db, change: ChatKeyChange | ResealedChange | StateChange): void {
  switch (change.kind) {
    case 'chat_key_set':
    case 'chat_key_removed':
      applyChatKey(db, change)
      return
    case 'resealed':
      applyResealed(db, change)
      return
    default:
      applyStateChange(db, change)
  }
}
