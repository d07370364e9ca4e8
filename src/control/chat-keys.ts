/** Keys that tenants brought for the chat endpoint: sealed in control.db and in memory, opened when they are used. */
import type { Db } from '../base/sqlite.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { SecretFault, type Secrets } from './secrets.ts'

export const chatKeysSql = `
CREATE TABLE chat_keys (
  tenant TEXT PRIMARY KEY,
  -- Sealed.
  key TEXT NOT NULL,
  -- NULL: the server's.
  model TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`

const selectKeys = 'SELECT tenant, key, model, created_at FROM chat_keys'
/** Of somebody who was deleted meanwhile nothing is written down again. */
const upsertKey = `INSERT INTO chat_keys (tenant, key, model, created_at)
  SELECT id, @sealed, @model, @createdAtMs FROM tenants WHERE id = @tenant
  ON CONFLICT (tenant) DO UPDATE SET key = excluded.key, model = excluded.model, created_at = excluded.created_at`
const deleteKey = 'DELETE FROM chat_keys WHERE tenant = ?'
const resealKey = 'UPDATE chat_keys SET key = @sealed WHERE tenant = @owner AND key = @was'

interface Kept {
  readonly tenant: TenantId
  readonly sealed: string
  readonly model: string | null
  readonly createdAtMs: number
}

/** A key as it is used, or why it cannot be. */
export type OwnChatKey = {
  readonly model: string | null
  readonly createdAtMs: number
} & ({ readonly key: string } | { readonly fault: string })

export type ChatKeyChange =
  | ({ readonly kind: 'chat_key_set' } & Kept)
  | { readonly kind: 'chat_key_removed'; readonly tenant: TenantId }

export interface ChatKeysOptions {
  readonly all: readonly Kept[]
  readonly secrets: Pick<Secrets, 'seal' | 'open'>
  readonly write: (change: ChatKeyChange) => Promise<void>
  readonly isThere: (tenant: TenantId) => boolean
}

export class ChatKeys {
  readonly #options: Omit<ChatKeysOptions, 'all'>
  readonly #all: Map<TenantId, Kept>

  constructor({ all, ...options }: ChatKeysOptions) {
    this.#options = options
    this.#all = new Map(all.map((kept) => [kept.tenant, kept]))
  }

  of(tenant: TenantId): OwnChatKey | undefined {
    const kept = this.#all.get(tenant)
    if (!kept) return undefined
    const { model, createdAtMs } = kept
    try {
      return { model, createdAtMs, key: this.#options.secrets.open(kept.sealed, placeOf(tenant)) }
    } catch (error) {
      if (!(error instanceof SecretFault)) throw error
      return { model, createdAtMs, fault: error.message }
    }
  }

  /** Resolves when durable; counts from then on. */
  async set(tenant: TenantId, key: string, model: string | null, nowMs: number): Promise<void> {
    const { secrets, write, isThere } = this.#options
    const kept = {
      tenant,
      sealed: secrets.seal(key, placeOf(tenant)),
      model,
      createdAtMs: nowMs,
    }
    await write({ kind: 'chat_key_set', ...kept })
    if (isThere(tenant)) this.#all.set(tenant, kept)
  }

  /** @returns false when there is none */
  async remove(tenant: TenantId): Promise<boolean> {
    if (!this.#all.delete(tenant)) return false
    await this.#options.write({ kind: 'chat_key_removed', tenant })
    return true
  }

  /** The tenant is gone, and its row with it. */
  forget(tenant: TenantId): void {
    this.#all.delete(tenant)
  }

  /** Its row was sealed anew. */
  resealed(tenant: TenantId, sealed: string, was: string): void {
    const kept = this.#all.get(tenant)
    if (kept?.sealed === was) this.#all.set(tenant, { ...kept, sealed })
  }
}

function placeOf(tenant: TenantId) {
  return { purpose: 'chat_key', owner: tenant } as const
}

export function readChatKeys(db: Db): Kept[] {
  const rows = db.all<{ tenant: TenantId; key: string; model: string | null; created_at: number }>(
    selectKeys,
  )
  return rows.map(({ tenant, key, model, created_at }) => ({
    tenant,
    sealed: key,
    model,
    createdAtMs: created_at,
  }))
}

export function applyChatKey(db: Db, change: ChatKeyChange): void {
  if (change.kind === 'chat_key_removed') {
    db.run(deleteKey, change.tenant)
    return
  }
  const { kind: _, ...kept } = change
  db.run(upsertKey, kept)
}

/** Only where the row is still what was opened. */
export function resealChatKey(
  db: Db,
  resealed: { readonly owner: string; readonly sealed: string; readonly was: string },
): void {
  db.run(resealKey, resealed)
}
