/** What control.db knows of how much a tenant may use: the tier it was last seen with, and the operator's own word. */
import type { Db } from '../base/sqlite.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { Limits, Tier } from './limits.ts'

const selectAllowances = 'SELECT tenant, tier, overrides FROM allowances'
const deleteAllowance = 'DELETE FROM allowances WHERE tenant = ?'
const upsertAllowance = `INSERT INTO allowances (tenant, tier, overrides) VALUES (?, ?, ?)
  ON CONFLICT (tenant) DO UPDATE SET tier = excluded.tier, overrides = excluded.overrides`

/** What the operator decided for one tenant, over its tier: another tier, or single limits. */
export interface Overrides {
  readonly tier?: Tier | undefined
  readonly limits?: { readonly [Name in keyof Limits]?: Limits[Name] | undefined } | undefined
}

export interface Allowance {
  /** As the last login said; what the server's own work for the tenant goes by. */
  readonly tier: Tier
  readonly overrides: Overrides | null
}

export type AllowanceChange =
  | { readonly kind: 'allowance'; readonly tenant: TenantId; readonly allowance: Allowance }
  | { readonly kind: 'allowance_removed'; readonly tenant: TenantId }

export class Allowances {
  readonly #write: (change: AllowanceChange) => Promise<void>
  readonly #all: Map<TenantId, Allowance>

  constructor(
    all: readonly (readonly [TenantId, Allowance])[],
    write: (change: AllowanceChange) => Promise<void>,
  ) {
    this.#write = write
    this.#all = new Map(all)
  }

  of(tenant: TenantId): Allowance | undefined {
    return this.#all.get(tenant)
  }

  /** Counts at once; the next start knows it too, unless it could not be written, and then the next login says it again. */
  noteTier(tenant: TenantId, tier: Tier): void {
    const known = this.#all.get(tenant)
    if (known?.tier === tier) return
    const allowance = { tier, overrides: known?.overrides ?? null }
    this.#all.set(tenant, allowance)
    this.#write({ kind: 'allowance', tenant, allowance }).catch(() => undefined)
  }

  /** Resolves when durable. @param overrides null takes them back */
  async override(tenant: TenantId, overrides: Overrides | null): Promise<void> {
    const allowance = { tier: this.#all.get(tenant)?.tier ?? 'free', overrides }
    this.#all.set(tenant, allowance)
    await this.#write({ kind: 'allowance', tenant, allowance })
  }

  /** The tenant is gone, and its row with it. */
  forget(tenant: TenantId): void {
    this.#all.delete(tenant)
  }
}

export function readAllowances(db: Db): [TenantId, Allowance][] {
  const rows = db.all<{ tenant: TenantId; tier: Tier; overrides: string | null }>(selectAllowances)
  return rows.map(({ tenant, tier, overrides }) => [
    tenant,
    { tier, overrides: overrides === null ? null : (JSON.parse(overrides) as Overrides) },
  ])
}

export function applyAllowance(db: Db, change: AllowanceChange): void {
  const { tenant } = change
  if (change.kind === 'allowance_removed') {
    db.run(deleteAllowance, tenant)
    return
  }
  const { allowance } = change
  const overrides = allowance.overrides && JSON.stringify(allowance.overrides)
  db.run(upsertAllowance, tenant, allowance.tier, overrides)
}
