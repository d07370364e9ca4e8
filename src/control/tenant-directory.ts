/** From a principal to its tenant: found or made once, recovered before it is first used, never named by anything else. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { JsonText } from '../base/json-text.ts'
import { Problem } from '../base/problem.ts'
import type { Trace } from '../base/trace.ts'
import { originalPath, tenantDirectory } from '../tenancy/layout.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import {
  type OperationTraits,
  operationTraits,
  type TextOperation,
} from '../threads/operation-traits.ts'
import type { OperationName, Operations } from '../threads/operations.ts'
import type { StoreClosed } from '../threads/protocol.ts'
import type { CallOptions, Shards } from '../threads/shards.ts'
import { type BoundParts, BoundTenant } from './bound-tenant.ts'
import { type Caller, refuseEarlierLogin } from './caller.ts'
import type { Control } from './control.ts'
import { checkRoom } from './disk-room.ts'
import type { DocumentEvents, Done, TenantEvents } from './document-events.ts'
import type { Fences } from './fences.ts'
import type { Heard } from './heard.ts'
import type { Limits, Tier } from './limits.ts'
import type { PartialUploads, TenantParts } from './partial-uploads.ts'
import { type Reservation, Reservations } from './reservations.ts'
import type { TenantRecord } from './tenants.ts'
import type { Tiers } from './tiers.ts'
import { openUploadFile, type UploadFile } from './upload-file.ts'

/** Tenants recovered at once after a start; more would stand in the way of people. */
const recoveriesMax = 4

/** Bound to one principal's tenant: it cannot name another. */
export interface TenantHandle {
  readonly id: TenantId
  call<Name extends OperationName>(
    operation: Name,
    args: Operations[Name]['args'],
    options?: CallOptions,
  ): Promise<Operations[Name]['result']>
  /** A read whose result is sent as it is. */
  callText<Name extends TextOperation>(
    operation: Name,
    args: Operations[Name]['args'],
    options?: CallOptions,
  ): Promise<JsonText<Operations[Name]['result']>>
  readonly events: TenantEvents
  /** That counts: the operator's word before the token's. */
  readonly tier: Tier
  readonly limits: Limits
  /**
   * Sets aside room for originals that are about to be received, before a byte of them is read. Documents are checked again,
   * exactly, when they are made.
   * @param bytesMin with less room than this it is refused; with more, as much of `bytes` is set aside as there is
   * @throws Problem `quota_exceeded`
   */
  reserve(bytes: number, bytesMin?: number): Promise<Reservation>
  openUpload(): Promise<UploadFile>
  readonly parts: TenantParts
  /** A resumable upload that is whole, as an upload; the part stays until it is finished. */
  takePart(id: string): Promise<UploadFile>
  /** What was received under that name, for reading. */
  openReceived(name: string): Promise<FileHandle>
  openOriginal(sha256: string, extension: string): Promise<FileHandle>
}

export interface TenantDirectoryOptions {
  readonly dataDir: string
  readonly control: Control
  readonly shards: Shards
  readonly fences: Fences
  readonly tiers: Tiers
  /** The tenant has a document to read, now or from `atMs` on. */
  readonly onJob: (tenant: TenantId, atMs?: number) => void
  readonly parts: PartialUploads
  /** Told of what was done. */
  readonly events: DocumentEvents
  readonly heard?: Heard
  /** Jobs of the tenant may have been taken away. */
  readonly onJobsEnded: (tenant: TenantId) => void
}

export class TenantDirectory {
  readonly #options: TenantDirectoryOptions
  readonly #making = new Map<TenantId, Promise<TenantRecord>>()
  /** Hinted at the start and not yet looked at; nobody uses one before it was. */
  readonly #unrecovered: Set<TenantId>
  readonly #recovering = new Map<TenantId, Promise<void>>()
  /** Writes between their hint and their answer: a store that closes meanwhile keeps its hint. */
  readonly #writing = new Map<TenantId, number>()
  readonly #bound: BoundParts
  #isClosing = false

  constructor(options: TenantDirectoryOptions) {
    this.#options = options
    this.#bound = {
      ...options,
      reservations: new Reservations({
        checkRoom: (bytes) => checkRoom(options.dataDir, bytes),
        limitOf: (tenant) => options.tiers.limitsOf(tenant).bytes,
        storedOf: async (tenant) => (await this.call(tenant, 'account.show', {})).bytes,
      }),
      call: (...asked) => this.call(...asked),
      callText: (...asked) => this.callText(...asked),
      openUpload: (...asked) => this.#openUpload(...asked),
      openOriginal: (...asked) => this.openOriginal(...asked),
    }
    const hinted = [...options.control.tenants()].filter((tenant) => tenant.hint)
    this.#unrecovered = new Set(hinted.map((tenant) => tenant.id))
  }

  /** The principal's tenant, made at its first authenticated request. @throws Problem from opening its files */
  async handle(principal: Caller, trace?: Trace): Promise<TenantHandle> {
    refuseEarlierLogin(this.#options.control, principal)
    const record = this.#options.control.tenant(principal.tenant) ?? (await this.#make(principal))
    this.#options.control.noteTier(record.id, principal.tier)
    if (this.#unrecovered.has(record.id)) await this.#recover(record.id)
    return new BoundTenant(record.id, this.#bound, trace)
  }

  /** Runs an operation for the server's own work (reading documents). */
  async call<Name extends OperationName>(
    tenant: TenantId,
    operation: Name,
    args: Operations[Name]['args'],
    options?: CallOptions,
  ): Promise<Operations[Name]['result']> {
    const { control, shards, fences, tiers } = this.#options
    const { access, lane, ...definition }: OperationTraits = operationTraits[operation]
    if (fences.stateOf(tenant)) await fences.pass(tenant, definition.isForReading ? 'read' : access)
    const record = control.tenant(tenant)
    if (!record) throw new Problem('not_found', 'There is no such tenant.')
    const target = { tenant, generation: record.generation, create: false }
    const isRead = access === 'read'
    // A person's read stores nothing, and is what there is most of.
    const isBare = isRead && lane === 'interactive'
    const held = isBare ? target : { ...target, quota: tiers.quotaOf(tenant) }
    fences.enter(tenant)
    if (!isRead) this.#startWriting(tenant)
    try {
      if (isRead) return await shards.call(held, operation, args, options)
      if (!record.hint) await control.setHint(tenant, true)
      const result = await shards.call(held, operation, args, options)
      const done = { operation, args, result } as Done
      this.#options.events.observe(tenant, done)
      this.#options.heard?.onDone(tenant, done)
      if (definition.queuesJobs) this.#options.onJob(tenant)
      if (definition.endsJobs) this.#options.onJobsEnded(tenant)
      return result
    } finally {
      if (!isRead) this.#wrote(tenant)
      fences.leave(tenant)
    }
  }

  /** As `call`, for a person's read whose result is sent as it is. */
  async callText<Name extends TextOperation>(
    tenant: TenantId,
    operation: Name,
    args: Operations[Name]['args'],
    options?: CallOptions,
  ): Promise<JsonText<Operations[Name]['result']>> {
    const { control, shards, fences } = this.#options
    if (fences.stateOf(tenant)) await fences.pass(tenant, 'read')
    const record = control.tenant(tenant)
    if (!record) throw new Problem('not_found', 'There is no such tenant.')
    const target = { tenant, generation: record.generation, create: false }
    fences.enter(tenant)
    try {
      return await shards.callText(target, operation, args, options)
    } finally {
      fences.leave(tenant)
    }
  }

  openOriginal(tenant: TenantId, sha256: string, extension: string): Promise<FileHandle> {
    const directory = tenantDirectory(this.#options.dataDir, tenant)
    return open(
      originalPath(directory, sha256, extension),
      constants.O_RDONLY | constants.O_NOFOLLOW,
    )
  }

  /** A store closed. At rest with nothing left to do, the next start need not look at it. */
  storeClosed({ tenant, atRest, unfinished }: StoreClosed): void {
    if (
      !atRest ||
      unfinished ||
      this.#options.parts.has(tenant) ||
      this.#writing.has(tenant) ||
      this.#unrecovered.has(tenant)
    )
      return
    // A hint that could not be cleared says too much, which costs the next start a look.
    this.#options.control.setHint(tenant, false).catch(() => undefined)
  }

  /** Looks at every tenant that the last process left with work, a few at a time. Resolves when all were seen. */
  async recoverAll(onFault: (tenant: TenantId, error: unknown) => void): Promise<void> {
    const next = async (): Promise<void> => {
      for (const [tenant] of this.#unrecovered.entries()) {
        if (this.#isClosing) return
        if (this.#recovering.has(tenant) || this.#options.fences.stateOf(tenant)) continue
        await this.#recover(tenant).catch((error) => onFault(tenant, error))
      }
    }
    await Promise.all(Array.from({ length: recoveriesMax }, next))
  }

  stopRecovering(): void {
    this.#isClosing = true
  }

  #make(principal: Caller): Promise<TenantRecord> {
    const { control, shards, fences } = this.#options
    const found = this.#making.get(principal.tenant)
    if (found !== undefined) return found
    const make = async (): Promise<TenantRecord> => {
      await fences.pass(principal.tenant, 'write')
      const restored = control.tenant(principal.tenant)
      if (restored) return restored
      const deleted = control.deletionsOf(principal.tenant).map(({ generation }) => generation)
      const target = { tenant: principal.tenant, generation: undefined, create: true, deleted }
      const { generation } = await shards.call(target, 'tenant.open', null)
      // A directory that was copied in may have come with documents that were never read.
      this.#unrecovered.add(principal.tenant)
      const { tenant: id, userId } = principal
      const made = await control.addTenant({ id, userId, generation, atMs: Date.now() })
      this.#options.heard?.onMade(made)
      return made
    }
    const making = make().finally(() => this.#making.delete(principal.tenant))
    this.#making.set(principal.tenant, making)
    return making
  }

  /** Once per tenant and start, however many requests wait for it. A failure is tried again by the next request. */
  #recover(tenant: TenantId): Promise<void> {
    const found = this.#recovering.get(tenant)
    if (found !== undefined) return found
    const recover = async (): Promise<void> => {
      const { nextJobAtMs } = await this.call(tenant, 'tenant.recover', null)
      await this.#options.parts.sweep(tenant)
      this.#unrecovered.delete(tenant)
      if (nextJobAtMs !== null) this.#options.onJob(tenant, nextJobAtMs)
    }
    const recovering = recover().finally(() => this.#recovering.delete(tenant))
    this.#recovering.set(tenant, recovering)
    return recovering
  }

  /** What the dead process or a fence left half done is looked at before the tenant is used again. */
  mustRecover(tenant: TenantId): void {
    this.#unrecovered.add(tenant)
  }

  /** Brings what is known of the tenant up to date before something reads its files. */
  async recovered(tenant: TenantId): Promise<void> {
    if (this.#unrecovered.has(tenant)) await this.#recover(tenant)
  }

  /** Its directory is another one, or none. */
  forget(tenant: TenantId, isErased = false): void {
    if (isErased) this.#options.heard?.onErased(tenant)
    this.#unrecovered.delete(tenant)
    this.#options.events.drop(tenant)
  }

  #startWriting(tenant: TenantId): void {
    this.#writing.set(tenant, (this.#writing.get(tenant) ?? 0) + 1)
  }

  #wrote(tenant: TenantId): void {
    const left = (this.#writing.get(tenant) ?? 1) - 1
    if (left > 0) this.#writing.set(tenant, left)
    else this.#writing.delete(tenant)
  }

  /** The hint comes first: after a crash somebody must come and remove the half-received file. */
  async #openUpload(tenant: TenantId, from?: string): Promise<UploadFile> {
    const { dataDir, fences, control } = this.#options
    await fences.pass(tenant, 'write')
    this.#startWriting(tenant)
    try {
      await control.setHint(tenant, true)
      return await openUploadFile(tenantDirectory(dataDir, tenant), from, () => this.#wrote(tenant))
    } catch (error) {
      this.#wrote(tenant)
      throw error
    }
  }
}
