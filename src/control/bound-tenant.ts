/** One request's hold on its tenant. There is one for every request, so it is small and looks things up when asked. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { JsonText } from '../base/json-text.ts'
import type { Trace } from '../base/trace.ts'
import { partialPath, tenantDirectory, uploadPath } from '../tenancy/layout.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { TextOperation } from '../threads/operation-traits.ts'
import type { OperationName, Operations } from '../threads/operations.ts'
import type { CallOptions } from '../threads/shards.ts'
import type { DocumentEvents, TenantEvents } from './document-events.ts'
import type { Limits, Tier } from './limits.ts'
import type { PartialUploads, TenantParts } from './partial-uploads.ts'
import type { Reservation, Reservations } from './reservations.ts'
import type { Tiers } from './tiers.ts'
import type { UploadFile } from './upload-file.ts'

/** What all tenants have in common. */
export interface BoundParts {
  readonly dataDir: string
  readonly tiers: Tiers
  readonly events: DocumentEvents
  readonly parts: PartialUploads
  readonly reservations: Reservations
  call<Name extends OperationName>(
    tenant: TenantId,
    operation: Name,
    args: Operations[Name]['args'],
    options?: CallOptions,
  ): Promise<Operations[Name]['result']>
  callText<Name extends TextOperation>(
    tenant: TenantId,
    operation: Name,
    args: Operations[Name]['args'],
    options?: CallOptions,
  ): Promise<JsonText<Operations[Name]['result']>>
  openUpload(tenant: TenantId, from?: string): Promise<UploadFile>
  openOriginal(tenant: TenantId, sha256: string, extension: string): Promise<FileHandle>
}

export class BoundTenant {
  readonly id: TenantId
  readonly #parts: BoundParts

  readonly #options: CallOptions | undefined

  constructor(id: TenantId, parts: BoundParts, trace?: Trace) {
    this.id = id
    this.#parts = parts
    this.#options = trace && { trace }
  }

  get tier(): Tier {
    return this.#parts.tiers.tierOf(this.id)
  }

  get limits(): Limits {
    return this.#parts.tiers.limitsOf(this.id)
  }

  get events(): TenantEvents {
    return this.#parts.events.of(this.id)
  }

  get parts(): TenantParts {
    return this.#parts.parts.of(this.id)
  }

  call<Name extends OperationName>(
    operation: Name,
    args: Operations[Name]['args'],
    options?: CallOptions,
  ): Promise<Operations[Name]['result']> {
    return this.#parts.call(this.id, operation, args, this.#traced(options))
  }

  callText<Name extends TextOperation>(
    operation: Name,
    args: Operations[Name]['args'],
    options?: CallOptions,
  ): Promise<JsonText<Operations[Name]['result']>> {
    return this.#parts.callText(this.id, operation, args, this.#traced(options))
  }

  reserve(bytes: number, bytesMin?: number): Promise<Reservation> {
    return this.#parts.reservations.reserve(this.id, bytes, bytesMin)
  }

  openUpload(): Promise<UploadFile> {
    return this.#parts.openUpload(this.id)
  }

  async takePart(part: string): Promise<UploadFile> {
    return this.#parts.openUpload(this.id, partialPath(this.#directory(), part))
  }

  async openReceived(name: string): Promise<FileHandle> {
    const path = uploadPath(this.#directory(), name)
    return open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  }

  openOriginal(sha256: string, extension: string): Promise<FileHandle> {
    return this.#parts.openOriginal(this.id, sha256, extension)
  }

  #traced(options: CallOptions | undefined): CallOptions | undefined {
    return options && this.#options ? { ...options, ...this.#options } : (options ?? this.#options)
  }

  #directory(): string {
    return tenantDirectory(this.#parts.dataDir, this.id)
  }
}
