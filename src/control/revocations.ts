/** Logins that were ended before their time: single tokens, and all that a user had up to a moment. */
import type { Db } from '../base/sqlite.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

export const revocationExpirySql = `
-- NULL: nobody said when the token ends by itself, or it is a user's "not before". Kept for good.
ALTER TABLE revocations ADD COLUMN expires_at INTEGER;
CREATE INDEX revocations_by_expiry ON revocations (expires_at) WHERE expires_at IS NOT NULL;
`
const selectRevocations = 'SELECT kind, name, at, expires_at FROM revocations'
const upsertRevocation = `INSERT INTO revocations (kind, name, at, expires_at) VALUES (?, ?, ?, ?)
  ON CONFLICT (kind, name) DO UPDATE SET at = max(at, excluded.at),
    expires_at = CASE WHEN expires_at IS NULL OR excluded.expires_at IS NULL THEN NULL
      ELSE max(expires_at, excluded.expires_at) END`
const deleteExpired = 'DELETE FROM revocations WHERE expires_at <= ?'

/** Kept so long beyond the token's own end: clocks are set back, and tokens count a little longer than they say. */
const graceMs = 3_600_000
const sweepEveryMs = 3_600_000

export interface Revocation {
  /** `token`: by its `jti`. `user`: by the subject, everything issued up to `atMs`. */
  readonly kind: 'token' | 'user'
  readonly name: string
  readonly atMs: number
  /** Of a token: from when on it counts no more by itself, and need not be remembered. Without one it is for good. */
  readonly expiresAtMs?: number | undefined
}

export type RevocationChange =
  | { readonly kind: 'revoked'; readonly revocation: Revocation }
  | { readonly kind: 'revocations_expired'; readonly atMs: number }

export interface Issued {
  readonly subject: TenantId
  readonly tokenId?: string
  readonly issuedAtMs?: number
}

/** All revocations that still mean something, in memory. One counts at once, before it is durable, and for as long as the process lives even if it cannot be written. */
export class Revocations {
  readonly #write: (change: RevocationChange) => Promise<void>
  /** When the token ends by itself; infinity where nobody said. */
  readonly #tokens = new Map<string, number>()
  readonly #users = new Map<string, number>()
  #sweptAtMs = 0

  constructor(
    revocations: readonly Revocation[],
    write: (change: RevocationChange) => Promise<void>,
  ) {
    this.#write = write
    for (const revocation of revocations) this.#remember(revocation)
  }

  /** A token without `iat` cannot show that it is newer than a "not before". */
  isRevoked({ subject, tokenId, issuedAtMs = 0 }: Issued): boolean {
    if (tokenId !== undefined && this.#tokens.has(tokenId)) return true
    const notBeforeMs = this.#users.get(subject)
    return notBeforeMs !== undefined && issuedAtMs <= notBeforeMs
  }

  /** Resolves when durable. */
  async revoke(revocation: Revocation): Promise<void> {
    this.#remember(revocation)
    await this.#write({ kind: 'revoked', revocation })
    this.#sweep(revocation.atMs)
  }

  /** How many are remembered. */
  get size(): number {
    return this.#tokens.size + this.#users.size
  }

  /** There are only more of them when somebody revokes: that is often enough to look. */
  #sweep(nowMs: number): void {
    if (nowMs < this.#sweptAtMs + sweepEveryMs) return
    this.#sweptAtMs = nowMs
    const atMs = nowMs - graceMs
    for (const [name, expiresAtMs] of this.#tokens)
      if (expiresAtMs <= atMs) this.#tokens.delete(name)
    // What could not be removed now is removed the next time.
    void this.#write({ kind: 'revocations_expired', atMs }).catch(() => undefined)
  }

  #remember({ kind, name, atMs, expiresAtMs = Number.POSITIVE_INFINITY }: Revocation): void {
    if (kind === 'token') this.#tokens.set(name, Math.max(expiresAtMs, this.#tokens.get(name) ?? 0))
    else this.#users.set(name, Math.max(atMs, this.#users.get(name) ?? 0))
  }
}

export function readRevocations(db: Db): Revocation[] {
  const rows = db.all<{
    kind: 'token' | 'user'
    name: string
    at: number
    expires_at: number | null
  }>(selectRevocations)
  return rows.map(({ kind, name, at, expires_at: expiresAt }) => ({
    ...{ kind, name, atMs: at },
    expiresAtMs: expiresAt ?? undefined,
  }))
}

export function applyRevocation(db: Db, change: RevocationChange): void {
  if (change.kind === 'revocations_expired') {
    db.run(deleteExpired, change.atMs)
    return
  }
  const { kind, name, atMs, expiresAtMs } = change.revocation
  const expiresAt = expiresAtMs === undefined ? null : Math.ceil(expiresAtMs)
  db.run(upsertRevocation, kind, name, atMs, expiresAt)
}
