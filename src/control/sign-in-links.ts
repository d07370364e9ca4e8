/** Links that sign somebody in, once: the newest for each user, kept as a hash until it is used or too old. */
import { hash, randomBytes } from 'node:crypto'
import { base32 } from '../base/ids.ts'
import type { Db } from '../base/sqlite.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

export const signInLinksSql = `
CREATE TABLE sign_in_links (
  tenant TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  -- SHA-256: whoever reads this file cannot use a link of it.
  hash BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`
const selectLinks = 'SELECT tenant, user_id, hash, created_at FROM sign_in_links'
const upsertLink = `INSERT INTO sign_in_links (tenant, user_id, hash, created_at) VALUES (?, ?, ?, ?)
  ON CONFLICT (tenant) DO UPDATE SET user_id = excluded.user_id, hash = excluded.hash, created_at = excluded.created_at`
const deleteLink = 'DELETE FROM sign_in_links WHERE tenant = ?'

const codeBytes = 32
const codeGrammar = /^[a-z2-7]{52}$/
const linkMs = 24 * 3_600_000

export interface SignInLink {
  readonly tenant: TenantId
  readonly userId: string
  readonly hash: Uint8Array
  readonly createdAtMs: number
}

export type LinkChange =
  | { readonly kind: 'link_made'; readonly link: SignInLink }
  | { readonly kind: 'link_removed'; readonly tenant: TenantId }

/** All links, in memory, by their hash and by their tenant. */
export class SignInLinks {
  readonly #write: (change: LinkChange) => Promise<void>
  readonly #byHash = new Map<string, SignInLink>()
  readonly #byTenant = new Map<TenantId, string>()

  constructor(links: readonly SignInLink[], write: (change: LinkChange) => Promise<void>) {
    this.#write = write
    for (const link of links) this.#remember(link)
  }

  has(tenant: TenantId): boolean {
    return this.#byTenant.has(tenant)
  }

  /** A new link ends the one before it. @returns the code, this once; resolves when durable */
  async make(
    user: Pick<SignInLink, 'tenant' | 'userId'>,
    nowMs: number,
  ): Promise<{ code: string; expiresAtMs: number }> {
    const code = base32(randomBytes(codeBytes))
    const link = { ...user, hash: hash('sha256', code, 'buffer'), createdAtMs: nowMs }
    this.forget(user.tenant)
    await this.#write({ kind: 'link_made', link })
    this.forget(user.tenant)
    this.#remember(link)
    return { code, expiresAtMs: nowMs + linkMs }
  }

  /**
   * Takes the link away: in memory at once, so that of two who come together one gets it, and for good before it counts.
   * @returns undefined for a code that is none, was used, was replaced or is older than a day
   */
  async redeem(code: string, nowMs: number): Promise<SignInLink | undefined> {
    // The text is as good as random: that a look-up takes longer for some tells nothing about the others.
    const link = codeGrammar.test(code) ? this.#byHash.get(hash('sha256', code)) : undefined
    if (!link) return undefined
    this.forget(link.tenant)
    await this.#write({ kind: 'link_removed', tenant: link.tenant })
    return nowMs < link.createdAtMs + linkMs ? link : undefined
  }

  /** The tenant is gone, or its link, and the row with it. */
  forget(tenant: TenantId): void {
    this.#byHash.delete(this.#byTenant.get(tenant) ?? '')
    this.#byTenant.delete(tenant)
  }

  #remember(link: SignInLink): void {
    const name = Buffer.from(link.hash).toString('hex')
    this.#byHash.set(name, link)
    this.#byTenant.set(link.tenant, name)
  }
}

export function readSignInLinks(db: Db): SignInLink[] {
  return db
    .all<{ tenant: TenantId; user_id: string; hash: Uint8Array; created_at: number }>(selectLinks)
    .map((row) => ({
      tenant: row.tenant,
      userId: row.user_id,
      hash: row.hash,
      createdAtMs: row.created_at,
    }))
}

export function applyLinkChange(db: Db, change: LinkChange): void {
  if (change.kind === 'link_removed') {
    db.run(deleteLink, change.tenant)
    return
  }
  const { tenant, userId, hash: digest, createdAtMs } = change.link
  db.run(upsertLink, tenant, userId, digest, createdAtMs)
}
