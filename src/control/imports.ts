/** Imports of users: an archive received beside everything, built into a new library, and put in the place of an empty one. */
import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '../base/problem.ts'
import { booksDirectory, replacedDirectory, stagingDirectory } from '../tenancy/layout.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { ImportResult } from '../threads/import-build.ts'
import type { ImportProcess } from '../threads/import-process.ts'
import type { DirectoryMovesOptions } from './directory-moves.ts'
import { eraseTree } from './erase.ts'
import { type IncomingFile, receiveArchive } from './import-reception.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { PartialUploads } from './partial-uploads.ts'
import { snapshotName } from './snapshot-name.ts'
import type { TenantHandle } from './tenant-directory.ts'

/** Ends that are remembered for those who ask later. */
const rememberedMax = 1_000

export interface ImportsOptions extends DirectoryMovesOptions {
  readonly lifecycle: Lifecycle
  readonly builds: ImportProcess
  readonly parts: Pick<PartialUploads, 'has'>
  readonly onFault: (tenant: TenantId, error: unknown) => void
}

export interface ImportView {
  readonly state: 'none' | 'receiving' | 'building' | 'done' | 'failed'
  /** Of building, 0 to 1. */
  readonly progress: number
  readonly result: ImportResult | null
  readonly error: { readonly code: string; readonly detail: string } | null
}

const none: ImportView = { state: 'none', progress: 0, result: null, error: null }

export class Imports {
  readonly #options: ImportsOptions
  readonly #views = new Map<TenantId, ImportView>()

  constructor(options: ImportsOptions) {
    this.#options = options
  }

  /** The tenant's last import since the server started. */
  show(tenant: TenantId): ImportView {
    return this.#views.get(tenant) ?? none
  }

  /**
   * Receives an archive to its end and checks what can be checked from outside; then it is built without its sender.
   * @returns resolves at the end of the reception with what resolves at the end of it all
   * @throws Problem `conflict` where the library is not empty, `invalid_request`, `quota_exceeded`, `too_large`, `disk_full`
   */
  async receive(
    tenant: TenantHandle,
    files: AsyncIterable<IncomingFile>,
  ): Promise<{ readonly end: Promise<ImportView> }> {
    const { dataDir, fences, control } = this.#options
    const { id } = tenant
    fences.check(id, 'write')
    const { state } = this.show(id)
    if (state === 'receiving' || state === 'building')
      throw new Problem('conflict', 'An import of yours is under way already.')
    const record = control.tenant(id)
    if (!record) throw new Problem('not_found', 'There is no such library.')
    this.#views.delete(id)
    this.#set(id, { ...none, state: 'receiving' })
    const place = stagingDirectory(dataDir)
    const name = `${id}.${randomBytes(8).toString('hex')}`
    const received = join(place, `${name}.import`)
    let isHandedOver = false
    try {
      await this.#refuseUnlessEmpty(id, record.generation)
      // Nobody is told of it before it is complete: nothing here waits for the disk.
      await mkdir(booksDirectory(received), { recursive: true, mode: 0o700 })
      await receiveArchive(tenant, received, files)
      const { pages_per_day: pagesRead } = await tenant.call('account.show', {})
      isHandedOver = true
      this.#set(id, { ...none, state: 'building' })
      const staged = join(place, `${name}.imported`)
      const end = this.#build(tenant, { received, staged, pagesRead, record })
      return { end }
    } finally {
      if (!isHandedOver) {
        await remove(received)
        this.#views.delete(id)
      }
    }
  }

  /** Never throws: how it ended is in the view. */
  async #build(
    { id, limits }: TenantHandle,
    job: {
      received: string
      staged: string
      pagesRead: number
      record: { userId: string; generation: string }
    },
  ): Promise<ImportView> {
    const { dataDir, control, builds, lifecycle, tenants } = this.#options
    const { received, staged, pagesRead, record } = job
    const { generation, userId } = record
    const replaced = join(replacedDirectory(dataDir), `${id}.${snapshotName(Date.now())}`)
    try {
      const result = await builds.build(
        {
          received,
          staged,
          tenant: id,
          generation,
          pagesRead,
          quota: limits,
          embedders: [...control.embedders.keys()],
        },
        (progress) => this.#set(id, { ...none, state: 'building', progress }),
      )
      await lifecycle.replace({ tenant: id, userId, generation, staged, replaced }, () =>
        this.#refuseUnlessEmpty(id, generation),
      )
      // It was empty, and nobody is to find it and wonder.
      await eraseTree(replaced)
      await tenants.recovered(id)
      this.#set(id, { state: 'done', progress: 1, result, error: null })
    } catch (error) {
      if (!(error instanceof Problem)) this.#options.onFault(id, error)
      const { code, detail } =
        error instanceof Problem
          ? error
          : new Problem('internal', 'The import failed inside the server: nothing was changed.')
      this.#set(id, { state: 'failed', progress: 0, result: null, error: { code, detail } })
    } finally {
      // What was exchanged is not here any more.
      for (const path of [received, staged]) await remove(path)
    }
    return this.show(id)
  }

  /** Asked before a byte is read, and again when nobody is inside any more. @throws Problem `conflict` */
  async #refuseUnlessEmpty(tenant: TenantId, generation: string): Promise<void> {
    const { control, shards, parts } = this.#options
    if (control.tenant(tenant)?.generation !== generation || control.state(tenant))
      throw new Problem('conflict', 'Something else happens to the library now: import it later.')
    const target = { tenant, generation, create: false }
    const { documents } = await shards.call(target, 'account.show', {})
    const conversations = await shards.call(target, 'conversations.list', {
      limit: 1,
      cursor: null,
    })
    if (documents > 0 || conversations.items.length > 0 || parts.has(tenant))
      throw new Problem(
        'conflict',
        'The library is not empty: an archive can only be imported where there is no document, no conversation and no unfinished upload.',
      )
  }

  #set(tenant: TenantId, view: ImportView): void {
    this.#views.delete(tenant)
    this.#views.set(tenant, view)
    for (const [oldest, { state }] of this.#views) {
      if (this.#views.size <= rememberedMax) return
      if (state === 'done' || state === 'failed') this.#views.delete(oldest)
    }
  }
}

/** Staging is swept at every start: what a power cut brings back goes then. */
function remove(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true })
}
