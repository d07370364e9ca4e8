/** Logins that were ended before their time: single tokens, and all that a user had up to a moment. */
import type { Db } from '../base/sqlite.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

const selectRevocations = 'SELECT kind, name, at FROM revocations'
const upsertRevocation = `INSERT INTO revocations (kind, name, at) VALUES (?, ?, ?)
  ON CONFLICT (kind, name) DO UPDATE SET at = max(at, excluded.at)`

export interface Revocation {
  /** `token`: by its `jti`. `user`: by the subject, everything issued up to `atMs`. */
  readonly kind: 'token' | 'user'
  readonly name: string
  readonly atMs: number
}

export type RevocationChange = { readonly kind: 'revoked'; readonly revocation: Revocation }

export interface Issued {
  readonly subject: TenantId
  readonly tokenId?: string
  readonly issuedAtMs?: number
}

/** All revocations, in memory. One counts at once, before it is durable, and for as long as the process lives even if it cannot be written. */
export class Revocations {
  readonly #write: (change: RevocationChange) => Promise<void>
  readonly #tokens = new Set<string>()
  readonly #users = new Map<string, number>()

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
  }

  #remember({ kind, name, atMs }: Revocation): void {
    if (kind === 'token') this.#tokens.add(name)
    else this.#users.set(name, Math.max(atMs, this.#users.get(name) ?? 0))
  }
}

export function readRevocations(db: Db): Revocation[] {
  const rows = db.all<{ kind: 'token' | 'user'; name: string; at: number }>(selectRevocations)
  return rows.map(({ kind, name, at }) => ({ kind, name, atMs: at }))
}

export function applyRevocation(db: Db, { revocation }: RevocationChange): void {
  db.run(upsertRevocation, revocation.kind, revocation.name, revocation.atMs)
}
