/** Bringing every library to the present version: some first, each copied before, one by one out of service for moments. */
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Problem } from '../base/problem.ts'
import { buildingDirectory, tenantDirectory, tenantSnapshots } from '../tenancy/layout.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { CopyThread } from '../threads/copy-thread.ts'
import { DirectoryMoves, type DirectoryMovesOptions } from './directory-moves.ts'
import {
  type FileVersions,
  fileVersions,
  isPresent,
  presentVersions,
  writtenAtMs,
} from './file-versions.ts'
import type { Campaign, MigratedRecord } from './fleet-records.ts'
import type { Lifecycle } from './lifecycle.ts'
import { snapshotName } from './snapshot-name.ts'
import type { TenantRecord } from './tenants.ts'

const errorsShownMax = 100
/** Something else has their files; they are looked at by the next campaign. */
const untouched: readonly string[] = ['deleting', 'restoring', 'at_rest']

export interface FleetOptions extends DirectoryMovesOptions {
  readonly lifecycle: Lifecycle
  readonly copies: CopyThread
  readonly version: string
  readonly onFailed: (tenant: TenantId, error: unknown) => void
}

export interface FleetView {
  readonly state: Campaign['state'] | 'none'
  readonly share: number
  readonly versions: FileVersions
  readonly libraries: number
  /** Of these, at the present version. */
  readonly migrated: number
  readonly failed: number
  readonly errors: readonly { readonly user_id: string; readonly error: string }[]
}

export class Fleet {
  readonly #options: FleetOptions
  readonly #moves: DirectoryMoves
  #running: Promise<void> | undefined
  #isClosed = false

  constructor(options: FleetOptions) {
    this.#options = options
    this.#moves = new DirectoryMoves(options)
    options.fences.isPending = (tenant) => this.#isHeldBack(tenant)
  }

  status(): FleetView {
    const { control } = this.#options
    const tenants = [...control.tenants()]
    const failed = tenants.filter((tenant) => this.#recordOf(tenant)?.error)
    return {
      state: control.fleet.campaign?.state ?? 'none',
      share: control.fleet.campaign?.share ?? 1,
      versions: presentVersions,
      libraries: tenants.length,
      migrated: tenants.filter((tenant) => this.#isCurrent(tenant)).length,
      failed: failed.length,
      errors: failed.slice(0, errorsShownMax).map((tenant) => ({
        user_id: tenant.userId,
        error: this.#recordOf(tenant)?.error ?? '',
      })),
    }
  }

  /** Begins a campaign, or goes on with one; those that failed are tried again. Returns at once. */
  async begin(given: Pick<Campaign, 'share' | 'concurrency' | 'hasSnapshots'>): Promise<FleetView> {
    await this.#stop()
    const { fleet } = this.#options.control
    const before = fleet.campaign
    // Going on with one, or from some to all: whoever came since its beginning has files of this version.
    const isNew = !before || (before.state === 'done' && before.share >= 1)
    const begunAtMs = isNew ? Date.now() : before.begunAtMs
    await fleet.setCampaign({ ...given, state: 'running', begunAtMs })
    this.#run()
    return this.status()
  }

  /** Those under way end; nothing new begins until `resume`. */
  async pause(): Promise<FleetView> {
    await this.#setState('paused', ['running'])
    await this.#running
    return this.status()
  }

  async resume(): Promise<FleetView> {
    await this.#setState('running', ['paused'])
    this.#run()
    return this.status()
  }

  /** After a start: a campaign that was interrupted goes on. */
  start(): void {
    if (this.#options.control.fleet.campaign?.state === 'running') this.#run()
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#running
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#running
  }

  #run(): void {
    if (this.#running || this.#isClosed) return
    this.#running = this.#all().finally(() => {
      this.#running = undefined
    })
  }

  async #stop(): Promise<void> {
    const { fleet } = this.#options.control
    if (fleet.campaign?.state === 'running')
      await fleet.setCampaign({ ...fleet.campaign, state: 'paused' })
    await this.#running
  }

  async #all(): Promise<void> {
    const { control, onFailed } = this.#options
    const { fleet } = control
    const due = [...control.tenants()].filter(
      (tenant) => this.#isChosen(tenant.id) && !this.#isCurrent(tenant),
    )
    const isGoingOn = (): boolean => fleet.campaign?.state === 'running' && !this.#isClosed
    const next = due.values()
    const work = async (): Promise<void> => {
      for (const tenant of next) {
        if (!isGoingOn()) return
        await this.#one(tenant).catch((error) => onFailed(tenant.id, error))
      }
    }
    await Promise.all(Array.from({ length: fleet.campaign?.concurrency ?? 1 }, work))
    if (fleet.campaign && isGoingOn()) await fleet.setCampaign({ ...fleet.campaign, state: 'done' })
  }

  /** How it ended is written down; what failed goes on being refused when it is opened, and it alone. */
  #one(tenant: TenantRecord): Promise<void> {
    const { control, fences, lifecycle } = this.#options
    const { id, generation } = tenant
    return lifecycle.exclusive(id, async () => {
      if (control.tenant(id)?.generation !== generation) return
      if (untouched.includes(control.state(id)?.state ?? '')) return
      fences.raise(id, 'migrating')
      try {
        await this.#bring(tenant)
        await this.#note(id, { generation, error: null })
      } catch (error) {
        const reason = error instanceof Problem ? error.detail : String(error)
        await this.#note(id, { generation, error: reason })
        throw error
      } finally {
        fences.settle(id)
      }
    })
  }

  async #bring({ id, generation, userId }: TenantRecord): Promise<void> {
    await this.#moves.close(id, false)
    if (isPresent(await fileVersions(this.#directory(id)))) return
    const snapshot = await this.#copyBefore(id, userId)
    // A crash after the migration must not forget which copy is the one from before.
    if (snapshot !== undefined) await this.#note(id, { generation, snapshot, error: null })
    await this.#migrate(id, generation)
  }

  /** @returns the name of the copy, which is of the version that the files have */
  async #copyBefore(id: TenantId, userId: string): Promise<string | undefined> {
    const { control, copies, dataDir, snapshotsDir, version } = this.#options
    if (!control.fleet.campaign?.hasSnapshots) return undefined
    const [madeAtMs, suffix] = [Date.now(), randomBytes(8).toString('hex')]
    const name = snapshotName(madeAtMs)
    await copies.snapshot({
      directory: tenantDirectory(dataDir, id),
      building: join(buildingDirectory(snapshotsDir), `${id}.${suffix}`),
      into: join(tenantSnapshots(snapshotsDir, id), name),
      userId,
      tier: control.allowances.of(id)?.tier ?? null,
      madeAtMs,
      version,
      keepsVersion: true,
    })
    return name
  }

  /** Opening migrates; closing folds the log, so that what is written later can be told by the file's time. */
  async #migrate(tenant: TenantId, generation: string): Promise<void> {
    const target = { tenant, generation, create: false }
    await this.#options.shards.call(target, 'tenant.open', null)
    await this.#options.shards.callPool(target, 'tenant.close')
  }

  async #note(
    id: TenantId,
    given: { generation: string; snapshot?: string; error: string | null },
  ): Promise<void> {
    const { fleet } = this.#options.control
    const before = fleet.of(id)
    const kept = before?.generation === given.generation ? before.snapshot : null
    const directory = this.#directory(id)
    await fleet.set(id, {
      snapshot: kept,
      ...given,
      ...(await fileVersions(directory)),
      writtenAtMs: await writtenAtMs(directory),
    })
  }

  #directory(id: TenantId): string {
    return tenantDirectory(this.#options.dataDir, id)
  }

  #isHeldBack(id: TenantId): boolean {
    const { control } = this.#options
    const { campaign } = control.fleet
    if (!campaign || campaign.share >= 1 || this.#isChosen(id)) return false
    const tenant = control.tenant(id)
    // Who came since has files of this version.
    return tenant !== undefined && tenant.createdAt < campaign.begunAtMs && !this.#isCurrent(tenant)
  }

  /** The same ones for the same share, and those of a smaller share among them. */
  #isChosen(id: TenantId): boolean {
    const share = this.#options.control.fleet.campaign?.share ?? 1
    return share >= 1 || createHash('sha1').update(id).digest().readUInt32BE(0) / 2 ** 32 < share
  }

  #isCurrent(tenant: TenantRecord): boolean {
    const record = this.#recordOf(tenant)
    return record !== undefined && record.error === null && isPresent(record)
  }

  #recordOf({ id, generation }: TenantRecord): MigratedRecord | undefined {
    const record = this.#options.control.fleet.of(id)
    return record?.generation === generation ? record : undefined
  }

  async #setState(to: Campaign['state'], from: readonly Campaign['state'][]): Promise<void> {
    const { fleet } = this.#options.control
    const { campaign } = fleet
    if (!campaign || !from.includes(campaign.state))
      throw new Problem('conflict', `Nothing to do: the migration is ${campaign?.state ?? 'none'}.`)
    await fleet.setCampaign({ ...campaign, state: to })
  }
}
