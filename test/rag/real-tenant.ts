/** A tenant's handle on real files, its operations run as a shard runs them, without the thread. */
import { JsonText } from '../../src/base/json-text.ts'
import { DocumentEvents } from '../../src/control/document-events.ts'
import { PartialUploads } from '../../src/control/partial-uploads.ts'
import type { TenantHandle } from '../../src/control/tenant-directory.ts'
import { tiersDefault } from '../../src/control/tiers.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { type OperationName, type Operations, operations } from '../../src/threads/operations.ts'
import { ShardLibrary } from '../threads/library.ts'

export class RealTenant {
  readonly library: ShardLibrary
  readonly handle: TenantHandle
  /** Asked before each operation: throw to fail it. */
  before: (name: OperationName) => void = () => undefined

  constructor(name = 'ann') {
    this.library = new ShardLibrary(name)
    this.handle = {
      id: name as TenantId,
      tier: 'local',
      limits: tiersDefault.local,
      reserve: async () => ({ release: () => undefined }),
      call: async <Name extends OperationName>(
        operation: Name,
        args: Operations[Name]['args'],
      ): Promise<Operations[Name]['result']> => {
        this.before(operation)
        const run = operations[operation].run as (...given: unknown[]) => unknown
        const result = run(this.library.context, this.library.store, structuredClone(args))
        return structuredClone(result) as Operations[Name]['result']
      },
      callText: async (operation, args) =>
        new JsonText(JSON.stringify(await this.handle.call(operation, args))),
      events: new DocumentEvents().of(name as TenantId),
      parts: new PartialUploads({
        dataDir: this.library.dataDir,
        expiryMs: 3_600_000,
        bytesMax: 1_000_000,
        admit: async () => undefined,
      }).of(name as TenantId),
      takePart: () => Promise.reject(new Error('not here')),
      openUpload: () => Promise.reject(new Error('not here')),
      openReceived: () => Promise.reject(new Error('not here')),
      openOriginal: () => Promise.reject(new Error('not here')),
    }
  }
}
