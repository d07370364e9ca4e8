/** One copy of one library that goes on: lent by its shard to a thread, or, where it is small and at rest, its files as they are. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../base/problem.ts'
import { tenantDirectory } from '../tenancy/layout.ts'
import type { Manifest } from '../tenancy/manifest.ts'
import type { SnapshotJob } from '../tenancy/snapshot.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { CopyThreads } from '../threads/copy-threads.ts'
import type { Target } from '../threads/protocol.ts'
import type { DirectoryMovesOptions } from './directory-moves.ts'
import { allowanceToKeep } from './kept-allowance.ts'
import { isSmallAndResting } from './small-library.ts'

const giveBackTriesMax = 60
const giveBackPauseMs = 1_000

export interface LibraryCopiesOptions extends DirectoryMovesOptions {
  readonly copies: CopyThreads
  readonly version: string
}

/** The caller sees to it that nothing else happens to the library as a whole meanwhile. */
export class LibraryCopies {
  readonly #options: LibraryCopiesOptions
  #isStopped = false

  constructor(options: LibraryCopiesOptions) {
    this.#options = options
  }

  /** What cannot be given back at once is not tried again. */
  stop(): void {
    this.#isStopped = true
  }

  /** @param buildIn on the same file system as `into` */
  async make(id: TenantId, into: string, buildIn: string): Promise<Manifest> {
    const { control, fences, shards, copies, tenants, dataDir } = this.#options
    const record = control.tenant(id)
    if (!record) throw new Problem('not_found', 'There is no such library.')
    const state = fences.stateOf(id)
    if (state !== undefined && state !== 'read_only' && state !== 'suspended')
      throw new Problem('conflict', `The library is ${state} now: no snapshot can be taken.`)
    if (state === undefined) await tenants.recovered(id)
    const target = { tenant: id, generation: record.generation, create: false }
    const job = {
      directory: tenantDirectory(dataDir, id),
      building: join(buildIn, `${id}.${randomBytes(8).toString('hex')}`),
      into,
      userId: record.userId,
      ...allowanceToKeep(control.allowances, id),
      madeAtMs: Date.now(),
      version: this.#options.version,
    }
    // Without a hint nothing is left to do in it, which closing it would forget.
    if (state === undefined && !record.hint && (await isSmallAndResting(job.directory))) {
      const manifest = await this.#copyResting(target, job)
      if (manifest) return manifest
    }
    await shards.callPool(target, 'snapshot.begin')
    try {
      return await copies.snapshot(job)
    } finally {
      await this.#giveBack(target)
    }
  }

  /**
   * Copies the files as they are, while whoever comes waits for the moment that it takes. Opening a library to read two small
   * files out of it costs many times that.
   * @returns undefined when somebody was quicker, and has it open
   */
  async #copyResting(target: Target, job: SnapshotJob): Promise<Manifest | undefined> {
    const { fences, shards, copies } = this.#options
    /** When the thread has nothing else to do, so that nobody waits for the copies of others. */
    const begin = async (): Promise<boolean> => {
      fences.raise(target.tenant, 'at_rest')
      await fences.drained(target.tenant)
      // What the shard meant to do in it waits for the next request.
      const isClosed = await shards.callPool(target, 'tenant.close')
      return isClosed && (await isSmallAndResting(job.directory))
    }
    try {
      return await copies.snapshotResting(job, begin)
    } finally {
      fences.settle(target.tenant)
    }
  }

  /** A store that is not given back would never close: a busy shard is asked again. */
  async #giveBack(target: Target): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#options.shards.callPool(target, 'snapshot.end')
        return
      } catch (error) {
        if (this.#isStopped || tries === giveBackTriesMax) throw error
        await sleep(giveBackPauseMs)
      }
    }
  }
}
