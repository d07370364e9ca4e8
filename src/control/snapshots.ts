/** Snapshots of tenants: made, listed, put back, and thinned out; at somebody's word or by the clock. */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from '../base/fs.ts'
import { Problem } from '../base/problem.ts'
import {
  appDbPath,
  buildingDirectory,
  replacedDirectory,
  stagingDirectory,
  tenantDirectory,
  tenantSnapshots,
} from '../tenancy/layout.ts'
import { type Manifest, readManifest } from '../tenancy/manifest.ts'
import { type RetentionPolicy, retained } from '../tenancy/retention.ts'
import { localTenant, type TenantId, tenantOf } from '../tenancy/tenant-id.ts'
import type { ControlSnapshots } from './control-snapshots.ts'
import { eraseTree } from './erase.ts'
import { giveBackAllowance } from './kept-allowance.ts'
import { LibraryCopies, type LibraryCopiesOptions } from './library-copies.ts'
import type { Lifecycle, TenantView } from './lifecycle.ts'
import { parseSnapshotName, snapshotName } from './snapshot-name.ts'
import { type KeptSnapshot, overflowing, readSnapshots } from './snapshot-room.ts'

/** How often the clock looks for libraries that are due. */
const lookEveryMs = 60_000

export interface SnapshotsOptions extends LibraryCopiesOptions {
  readonly lifecycle: Lifecycle
  readonly policy: RetentionPolicy
  /** Of all snapshots together; undefined for as many as there are. */
  readonly bytesMax?: number | undefined
  /** A library that was written to is copied when its last snapshot is this old; 0 never. */
  readonly everyMs: number
  readonly ofControl: Pick<ControlSnapshots, 'look'>
  /** Told of each that was made, or failed. */
  readonly onMade?: ((id: TenantId, name: string, error: unknown) => void) | undefined
  /** Without a tenant it is about the server's own records. */
  readonly onScheduled: (end: { tenant: TenantId | null; name?: string; error?: unknown }) => void
}

export interface SnapshotView {
  readonly name: string
  readonly user_id: string
  readonly made_at: string
  readonly documents: number
  readonly passages: number
  readonly files: number
  readonly bytes: number
}

export class Snapshots {
  readonly #options: SnapshotsOptions
  readonly #copies: LibraryCopies
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isClosed = false
  /** Whether one was made since there was room. */
  #isFuller = true

  constructor(options: SnapshotsOptions) {
    this.#options = options
    this.#copies = new LibraryCopies(options)
  }

  /** Copies the tenant as it is now, while it goes on. @throws Problem `tenant_damaged`, `conflict` */
  async create(id: TenantId): Promise<SnapshotView> {
    const { lifecycle, snapshotsDir, onMade } = this.#options
    const name = snapshotName(Date.now())
    try {
      const made = await lifecycle.exclusive(id, async () => {
        const into = join(tenantSnapshots(snapshotsDir, id), name)
        return viewOf(name, await this.#copies.make(id, into, buildingDirectory(snapshotsDir)))
      })
      this.#isFuller = true
      onMade?.(id, name, undefined)
      return made
    } catch (error) {
      onMade?.(id, name, error)
      throw error
    }
  }

  /** A copy that is in no list, for somebody who takes it away. @returns its directory, to be removed by `discard` */
  async lend(id: TenantId): Promise<{ directory: string; manifest: Manifest }> {
    const place = stagingDirectory(this.#options.dataDir)
    const directory = join(place, `${id}.${randomBytes(8).toString('hex')}.lent`)
    const manifest = await this.#options.lifecycle.exclusive(id, () =>
      this.#copies.make(id, directory, place),
    )
    return { directory, manifest }
  }

  async discard(directory: string): Promise<void> {
    await eraseTree(directory)
  }

  /** Newest first; what is not complete is not there. */
  list(id: TenantId): SnapshotView[] {
    const directory = tenantSnapshots(this.#options.snapshotsDir, id)
    return this.#names(id)
      .toReversed()
      .map((name) => viewOf(name, readManifest(join(directory, name))))
  }

  async remove(id: TenantId, name: string): Promise<void> {
    const building = buildingDirectory(this.#options.snapshotsDir)
    const going = join(building, `${id}.${randomBytes(8).toString('hex')}`)
    await mkdir(building, { recursive: true, mode: 0o700 })
    // Out of the list at once: half of a snapshot is none, and the next start removes it.
    await rename(this.directoryOf(id, name), going)
    await eraseTree(going)
  }

  /** @throws Problem `not_found` */
  directoryOf(id: TenantId, name: string): string {
    if (parseSnapshotName(name) !== undefined) {
      const directory = join(tenantSnapshots(this.#options.snapshotsDir, id), name)
      if (existsSync(directory)) return directory
    }
    throw new Problem('not_found', 'There is no such snapshot.')
  }

  /**
   * Puts a copy in place as a new directory: of the user it is of, or of another who has no library yet.
   * @param from a snapshot's directory, or that of a tenant at rest
   * @param replace whether a library that is there already may be set aside
   * @throws Problem `conflict` when there is one and it may not; `tenant_damaged`
   */
  async restore(from: string, userId: string, replace: boolean): Promise<TenantView> {
    const { dataDir, lifecycle, copies } = this.#options
    const tenant = idOf(userId)
    const directory = tenantDirectory(dataDir, tenant)
    if (existsSync(directory) && !replace)
      throw new Problem(
        'conflict',
        'This user has a library already: say that it may be replaced, or restore to another user.',
      )
    const suffix = randomBytes(8).toString('hex')
    const staged = join(stagingDirectory(dataDir), `${tenant}.${suffix}.restore`)
    const generation = randomBytes(16).toString('hex')
    await copies.restore({ from, staged, tenant, generation })
    const replaced = join(replacedDirectory(dataDir), `${tenant}.${snapshotName(Date.now())}`)
    const restored = await lifecycle.replace({ tenant, userId, generation, staged, replaced })
    await giveBackAllowance(this.#options.control.allowances, tenant, { userId, from })
    return restored
  }

  /** As `restore`, of a snapshot in the list; without `as` to the user whose it is. */
  restoreNamed(
    id: TenantId,
    name: string,
    as: string | undefined,
    replace: boolean,
  ): Promise<TenantView> {
    const from = this.directoryOf(id, name)
    return this.restore(from, as ?? readManifest(from).user_id, replace)
  }

  /** A directory that stands in a tenant's place and was refused becomes the user's: set aside, copied, and put in place. */
  async adopt(userId: string): Promise<TenantView> {
    const { dataDir, lifecycle } = this.#options
    const tenant = idOf(userId)
    const directory = tenantDirectory(dataDir, tenant)
    if (!existsSync(directory)) throw new Problem('not_found', 'There is no directory to adopt.')
    const aside = join(replacedDirectory(dataDir), `${tenant}.${snapshotName(Date.now())}`)
    await lifecycle.exclusive(tenant, async () => {
      await this.#options.shards.callPool(
        { tenant, generation: undefined, create: false },
        'tenant.close',
      )
      makeDirectory(replacedDirectory(dataDir))
      await rename(directory, aside)
    })
    try {
      return await this.restore(aside, userId, true)
    } catch (error) {
      if (!existsSync(directory)) await rename(aside, directory)
      throw error
    }
  }

  /** Removes what the policy does not keep, but never what a migration can be undone with. */
  async thin(id: TenantId): Promise<void> {
    const names = this.#names(id)
    const timeOf = (name: string): number => parseSnapshotName(name) ?? 0
    const kept = retained(names.map(timeOf), this.#options.policy)
    for (const name of names)
      if (!kept.has(timeOf(name)) && name !== this.#fromBefore(id)) await this.remove(id, name)
  }

  /** Removes the oldest of all, as long as they take more than they may: never a tenant's newest, nor what `thin` never does. */
  async makeRoom(): Promise<void> {
    const { snapshotsDir, bytesMax, lifecycle, onScheduled } = this.#options
    if (bytesMax === undefined) return
    const all = await readSnapshots(snapshotsDir)
    const isKept = ({ tenant, name }: KeptSnapshot) => name === this.#fromBefore(tenant)
    for (const { tenant, name } of overflowing(all, bytesMax, isKept))
      await lifecycle
        .exclusive(tenant, () => this.remove(tenant, name))
        .catch((error) => onScheduled({ tenant, error }))
  }

  start(): void {
    const { everyMs, bytesMax, ofControl, onScheduled } = this.#options
    if (everyMs === 0 && bytesMax === undefined) return
    const look = async (): Promise<void> => {
      if (everyMs > 0) {
        await ofControl.look().catch((error) => onScheduled({ tenant: null, error }))
        await this.#look()
      }
      if (!this.#isFuller || this.#isClosed) return
      this.#isFuller = false
      await this.makeRoom()
    }
    this.#timer = setInterval(() => {
      this.#looking ??= look().finally(() => {
        this.#looking = undefined
      })
    }, lookEveryMs)
    this.#timer.unref()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#copies.stop()
    clearInterval(this.#timer)
    await this.#looking
  }

  async #look(): Promise<void> {
    const { control, fences, onScheduled } = this.#options
    for (const { id } of [...control.tenants()]) {
      if (this.#isClosed) return
      if (fences.stateOf(id) || !(await this.#isDue(id))) continue
      try {
        const { name } = await this.create(id)
        await this.thin(id)
        onScheduled({ tenant: id, name })
      } catch (error) {
        onScheduled({ tenant: id, error })
      }
    }
  }

  /** By the times of the files alone: nothing has to be remembered over a crash, and no library is opened. */
  async #isDue(id: TenantId): Promise<boolean> {
    const last = parseSnapshotName(this.#names(id).at(-1) ?? '') ?? 0
    if (Date.now() - last < this.#options.everyMs) return false
    const database = appDbPath(tenantDirectory(this.#options.dataDir, id))
    for (const path of [database, `${database}-wal`]) {
      const stats = await stat(path).catch(() => undefined)
      if (stats && stats.mtimeMs > last) return true
    }
    return false
  }

  /** What its last migration can be undone with. */
  #fromBefore(id: TenantId): string | null {
    const { control } = this.#options
    const record = control.tenant(id)
    return record ? control.fleet.copyFromBefore(record) : null
  }

  /** Oldest first. */
  #names(id: TenantId): string[] {
    const directory = tenantSnapshots(this.#options.snapshotsDir, id)
    if (!existsSync(directory)) return []
    return readdirSync(directory)
      .filter((name) => parseSnapshotName(name) !== undefined)
      .toSorted()
  }
}

function idOf(userId: string): TenantId {
  const tenant = userId === 'local' ? localTenant : tenantOf(userId)
  if (!tenant) throw new Problem('invalid_request', 'That cannot be a user id.')
  return tenant
}

function viewOf(name: string, manifest: Manifest): SnapshotView {
  return {
    name,
    user_id: manifest.user_id,
    made_at: manifest.made_at,
    documents: manifest.counts.documents,
    passages: manifest.counts.passages,
    files: manifest.files.length,
    bytes: manifest.files.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}
