/** What control.db knows of bringing every library to the present version: the campaign, and how it ended for each. */
import type { Db } from '../base/sqlite.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

export const fleetSql = `
-- The one campaign there is or was last, as JSON.
CREATE TABLE campaign (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  campaign TEXT NOT NULL
) STRICT;

CREATE TABLE migrated (
  tenant TEXT PRIMARY KEY,
  -- JSON: versions, snapshot, error.
  record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`
const selectCampaign = 'SELECT campaign FROM campaign'
const upsertCampaign = `INSERT INTO campaign (one, campaign) VALUES (1, ?)
  ON CONFLICT (one) DO UPDATE SET campaign = excluded.campaign`
const selectMigrated = 'SELECT tenant, record FROM migrated'
const upsertMigrated = `INSERT INTO migrated (tenant, record) VALUES (?, ?)
  ON CONFLICT (tenant) DO UPDATE SET record = excluded.record`
const deleteMigrated = 'DELETE FROM migrated WHERE tenant = ?'

export interface Campaign {
  readonly state: 'running' | 'paused' | 'done' | 'undone'
  /** Of the libraries, 0 to 1; below 1 the others wait, and are not served, until a campaign for all. */
  readonly share: number
  readonly concurrency: number
  /** Whether each is copied before. */
  readonly hasSnapshots: boolean
  readonly begunAtMs: number
}

export interface MigratedRecord {
  readonly generation: string
  readonly app: number
  readonly vecs: number
  /** As it was before; null where none was wanted or nothing was to be done. */
  readonly snapshot: string | null
  readonly error: string | null
  /** Of app.db as the migration left it; null where that is not known, as after a crash. */
  readonly sha256: string | null
}

export type FleetChange =
  | { readonly kind: 'campaign'; readonly campaign: Campaign }
  | { readonly kind: 'migrated'; readonly tenant: TenantId; readonly record: MigratedRecord }
  | { readonly kind: 'migrated_removed'; readonly tenant: TenantId }

export interface FleetContents {
  readonly campaign: Campaign | null
  readonly migrated: readonly (readonly [TenantId, MigratedRecord])[]
}

/** In memory, as durable. */
export class FleetRecords {
  readonly #write: (change: FleetChange) => Promise<void>
  readonly #migrated: Map<TenantId, MigratedRecord>
  campaign: Campaign | null

  constructor(contents: FleetContents, write: (change: FleetChange) => Promise<void>) {
    this.#write = write
    this.campaign = contents.campaign
    this.#migrated = new Map(contents.migrated)
  }

  of(tenant: TenantId): MigratedRecord | undefined {
    return this.#migrated.get(tenant)
  }

  /** The snapshot that its last migration can be undone with; null where there is none. */
  copyFromBefore({ id, generation }: { id: TenantId; generation: string }): string | null {
    const record = this.#migrated.get(id)
    return record?.generation === generation ? record.snapshot : null
  }

  async setCampaign(campaign: Campaign): Promise<void> {
    await this.#write({ kind: 'campaign', campaign })
    this.campaign = campaign
  }

  async set(tenant: TenantId, record: MigratedRecord): Promise<void> {
    await this.#write({ kind: 'migrated', tenant, record })
    this.#migrated.set(tenant, record)
  }

  async remove(tenant: TenantId): Promise<void> {
    await this.#write({ kind: 'migrated_removed', tenant })
    this.#migrated.delete(tenant)
  }
}

export function readFleet(db: Db): FleetContents {
  const campaign = db.get<{ campaign: string }>(selectCampaign)?.campaign
  const rows = db.all<{ tenant: TenantId; record: string }>(selectMigrated)
  return {
    campaign: campaign === undefined ? null : (JSON.parse(campaign) as Campaign),
    migrated: rows.map(({ tenant, record }) => [tenant, JSON.parse(record) as MigratedRecord]),
  }
}

export function applyFleetChange(db: Db, change: FleetChange): void {
  switch (change.kind) {
    case 'campaign':
      db.run(upsertCampaign, JSON.stringify(change.campaign))
      return
    case 'migrated':
      db.run(upsertMigrated, change.tenant, JSON.stringify(change.record))
      return
    case 'migrated_removed':
      db.run(deleteMigrated, change.tenant)
      return
  }
}
