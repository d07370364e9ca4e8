/** Bringing every library to the present version: some first, each copied before, one by one out of service for moments. */
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Problem } from '../base/problem.ts'
import { type FileVersions, isPresent, presentVersions } from '../tenancy/file-versions.ts'
import { buildingDirectory, tenantDirectory, tenantSnapshots } from '../tenancy/layout.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { CopyThreads } from '../threads/copy-threads.ts'
import { DirectoryMoves, type DirectoryMovesOptions } from './directory-moves.ts'
import type { Campaign, MigratedRecord } from './fleet-records.ts'
import { allowanceToKeep } from './kept-allowance.ts'
import type { Lifecycle } from './lifecycle.ts'
import { snapshotName } from './snapshot-name.ts'
import type { TenantRecord } from './tenants.ts'

const errorsShownMax = 100
/** Something else has their files; they are looked at by the next campaign. */
const untouched: readonly string[] = ['deleting', 'restoring', 'at_rest']

/** What is noted of a library that is still to be migrated. */
const notPresent: FileVersions = { app: 0, vecs: 0 }

export interface FleetOptions extends DirectoryMovesOptions {
  readonly lifecycle: Lifecycle
  readonly copies: CopyThreads
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
      } catch (error) {
        const reason = error instanceof Problem ? error.detail : String(error)
        await this.#note(id, { generation, error: reason }, notPresent)
        throw error
      } finally {
        fences.settle(id)
      }
    })
  }

  async #bring(tenant: TenantRecord): Promise<void> {
    const { control, copies, dataDir } = this.#options
    const { id, generation } = tenant
    await this.#moves.close(id, false)
    const snapshot = control.fleet.campaign?.hasSnapshots ? await this.#copyBefore(tenant) : null
    // A crash after the migration must not forget which copy is the one from before.
    if (snapshot !== null)
      await this.#note(id, { generation, snapshot, sha256: null, error: null }, notPresent)
    const hasCopy = snapshot !== null
    const { versions, sha256 } = await copies.migrate({ dataDir, tenant: id, generation, hasCopy })
    await this.#note(id, { generation, ...(hasCopy && { sha256 }), error: null }, versions)
  }

  /** @returns the name of the copy, which is of the version that the files have; null where that is the present one */
  async #copyBefore(tenant: TenantRecord): Promise<string | null> {
    const { id } = tenant
    const { control, copies, dataDir, snapshotsDir, version } = this.#options
    const [madeAtMs, suffix] = [Date.now(), randomBytes(8).toString('hex')]
    const name = snapshotName(madeAtMs)
    const record = this.#recordOf(tenant)
    const hasBegun = record !== undefined && record.snapshot !== null && record.sha256 === null
    const job = {
      directory: tenantDirectory(dataDir, id),
      building: join(buildingDirectory(snapshotsDir), `${id}.${suffix}`),
      into: join(tenantSnapshots(snapshotsDir, id), name),
      userId: tenant.userId,
      ...allowanceToKeep(control.allowances, id),
      madeAtMs,
      version,
    }
    const isMade = await copies.copyBefore(job, hasBegun)
    return isMade ? name : null
  }

  /** @param given what it does not say of copies stays as it was noted before */
  async #note(
    id: TenantId,
    given: Pick<MigratedRecord, 'generation' | 'error'> & Partial<MigratedRecord>,
    versions: FileVersions,
  ): Promise<void> {
    const { fleet } = this.#options.control
    const before = fleet.of(id)
    const kept = before?.generation === given.generation ? before : undefined
    const { snapshot = null, sha256 = null } = kept ?? {}
    await fleet.set(id, { snapshot, sha256, ...given, ...versions })
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
