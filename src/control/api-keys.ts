/** API keys: shown once, kept as hashes, found by their prefix; each bound to one life of one tenant. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { base32, randomId } from '../base/ids.ts'
import type { Db } from '../base/sqlite.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

const selectKeys = `SELECT id, tenant, generation, user_id, subject, name, prefix, hash, scopes, requests_per_minute,
  created_at, expires_at, last_used_at FROM api_keys ORDER BY created_at, id`
const insertKey = `INSERT INTO api_keys (id, tenant, generation, user_id, subject, name, prefix, hash, scopes,
  requests_per_minute, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
const deleteKey = 'DELETE FROM api_keys WHERE id = ?'
const deleteKeysOf = 'DELETE FROM api_keys WHERE tenant = ?'
const updateUsed = 'UPDATE api_keys SET last_used_at = ? WHERE id = ?'

/** `crl_`, eight characters that may be shown, and fifty-two of 256 random bits that may not. */
const keyGrammar = /^crl_([a-z2-7]{8})_[a-z2-7]{52}$/
const prefixBytes = 5
const secretBytes = 32
/** "Last used" is as coarse as this, so that reading costs no write. */
const usedEveryMs = 5 * 60_000

export interface ApiKey {
  readonly id: string
  readonly tenant: TenantId
  /** Of the tenant: a key of a deleted account opens nothing of a later one. */
  readonly generation: string
  /** Who made it, and acts by it. */
  readonly userId: string
  readonly subject: TenantId
  readonly name: string
  readonly prefix: string
  /** SHA-256 of the whole key. */
  readonly hash: Uint8Array
  readonly scopes: readonly string[]
  readonly requestsPerMinute: number | null
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
  readonly lastUsedAtMs: number | null
}

export type KeyChange =
  | { readonly kind: 'key_added'; readonly key: ApiKey }
  | { readonly kind: 'key_removed'; readonly id: string }
  | { readonly kind: 'keys_removed'; readonly tenant: TenantId }
  | { readonly kind: 'key_used'; readonly id: string; readonly atMs: number }

export type NewKey = Omit<ApiKey, 'id' | 'prefix' | 'hash' | 'createdAtMs' | 'lastUsedAtMs'>

/** Whether a credential is meant as an API key, be it a good one or not. */
export function isApiKey(token: string): boolean {
  return token.startsWith('crl_')
}

/** All keys, in memory. Taking one away counts at once; giving one counts when it is durable. */
export class ApiKeys {
  readonly #write: (change: KeyChange) => Promise<void>
  readonly #byPrefix = new Map<string, ApiKey>()
  readonly #byTenant = new Map<TenantId, Map<string, ApiKey>>()
  /** Given and not yet durable, by tenant: they count against its limit. */
  readonly #giving = new Map<TenantId, number>()

  constructor(keys: readonly ApiKey[], write: (change: KeyChange) => Promise<void>) {
    this.#write = write
    for (const key of keys) this.#remember(key)
  }

  /** @returns the key that this credential is, whether or not it has expired */
  find(token: string): ApiKey | undefined {
    const [, prefix] = keyGrammar.exec(token) ?? []
    const key = prefix === undefined ? undefined : this.#byPrefix.get(prefix)
    return key && timingSafeEqual(hash('sha256', token, 'buffer'), key.hash) ? key : undefined
  }

  /** The oldest first. */
  of(tenant: TenantId): ApiKey[] {
    return [...(this.#byTenant.get(tenant)?.values() ?? [])]
  }

  /** Keys there are and keys being given. */
  countOf(tenant: TenantId): number {
    return (this.#byTenant.get(tenant)?.size ?? 0) + (this.#giving.get(tenant) ?? 0)
  }

  /** @returns the key and, this once, its text; resolves when durable */
  async add(made: NewKey, nowMs: number): Promise<{ key: ApiKey; text: string }> {
    const prefix = base32(randomBytes(prefixBytes))
    const text = `crl_${prefix}_${base32(randomBytes(secretBytes))}`
    const key: ApiKey = {
      ...made,
      id: randomId('key'),
      prefix,
      hash: hash('sha256', text, 'buffer'),
      createdAtMs: nowMs,
      lastUsedAtMs: null,
    }
    this.#giving.set(key.tenant, (this.#giving.get(key.tenant) ?? 0) + 1)
    try {
      await this.#write({ kind: 'key_added', key })
    } finally {
      this.#giving.set(key.tenant, (this.#giving.get(key.tenant) ?? 1) - 1)
    }
    this.#remember(key)
    return { key, text }
  }

  /** Counts at once, before it is durable. @returns false when the tenant has no such key */
  async remove(tenant: TenantId, id: string): Promise<boolean> {
    const key = this.#byTenant.get(tenant)?.get(id)
    if (!key) return false
    this.#byTenant.get(tenant)?.delete(id)
    this.#byPrefix.delete(key.prefix)
    await this.#write({ kind: 'key_removed', id })
    return true
  }

  /** The tenant is gone, and the rows of its keys with it. */
  forget(tenant: TenantId): void {
    for (const { prefix } of this.of(tenant)) this.#byPrefix.delete(prefix)
    this.#byTenant.delete(tenant)
  }

  /** Notes the use, and writes it now and then; nobody waits for that. */
  used(key: ApiKey, nowMs: number): void {
    if (key.lastUsedAtMs !== null && nowMs - key.lastUsedAtMs < usedEveryMs) return
    if (this.#byTenant.get(key.tenant)?.get(key.id) === undefined) return
    this.#remember({ ...key, lastUsedAtMs: nowMs })
    this.#write({ kind: 'key_used', id: key.id, atMs: nowMs }).catch(() => undefined)
  }

  #remember(key: ApiKey): void {
    this.#byPrefix.set(key.prefix, key)
    const there = this.#byTenant.get(key.tenant)
    if (there) there.set(key.id, key)
    else this.#byTenant.set(key.tenant, new Map([[key.id, key]]))
  }
}

interface KeyRow {
  readonly id: string
  readonly tenant: TenantId
  readonly generation: string
  readonly user_id: string
  readonly subject: TenantId
  readonly name: string
  readonly prefix: string
  readonly hash: Uint8Array
  readonly scopes: string
  readonly requests_per_minute: number | null
  readonly created_at: number
  readonly expires_at: number | null
  readonly last_used_at: number | null
}

export function readApiKeys(db: Db): ApiKey[] {
  return db.all<KeyRow>(selectKeys).map((row) => ({
    id: row.id,
    tenant: row.tenant,
    generation: row.generation,
    userId: row.user_id,
    subject: row.subject,
    name: row.name,
    prefix: row.prefix,
    hash: row.hash,
    scopes: row.scopes.split(' '),
    requestsPerMinute: row.requests_per_minute,
    createdAtMs: row.created_at,
    expiresAtMs: row.expires_at,
    lastUsedAtMs: row.last_used_at,
  }))
}

export function applyKeyChange(db: Db, change: KeyChange): void {
  switch (change.kind) {
    case 'key_added':
      db.run(insertKey, ...valuesOf(change.key))
      return
    case 'key_removed':
      db.run(deleteKey, change.id)
      return
    case 'keys_removed':
      db.run(deleteKeysOf, change.tenant)
      return
    case 'key_used':
      db.run(updateUsed, change.atMs, change.id)
      return
  }
}

function valuesOf(key: ApiKey): (string | number | null | Uint8Array)[] {
  return [
    key.id,
    key.tenant,
    key.generation,
    key.userId,
    key.subject,
    key.name,
    key.prefix,
    key.hash,
    key.scopes.join(' '),
    key.requestsPerMinute,
    key.createdAtMs,
    key.expiresAtMs,
  ]
}
