/** A tenant's directory on the move: closed, renamed to the trash and erased, or exchanged for another. Every step may be repeated. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectory, renameDurably, syncDirectory } from '../base/fs.ts'
import { Problem } from '../base/problem.ts'
import { replacedDirectory, tenantDirectory, trashDirectory } from '../tenancy/layout.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { Shards } from '../threads/shards.ts'
import type { Control } from './control.ts'
import { eraseTenant } from './erase.ts'
import type { Fences } from './fences.ts'
import { type Receipt, signReceipt } from './receipt.ts'
import type { TenantDirectory } from './tenant-directory.ts'
import type { TenantRecord } from './tenants.ts'

const closeTriesMax = 3

export interface DirectoryMovesOptions {
  readonly dataDir: string
  readonly snapshotsDir: string
  readonly control: Control
  readonly shards: Shards
  readonly fences: Fences
  readonly tenants: TenantDirectory
  /** Told before the last trace of a tenant goes; after a crash perhaps once more. */
  readonly onErasing?: ((record: TenantRecord) => Promise<void>) | undefined
}

/** A new directory that is to take the place of a tenant's. */
export interface Replacement {
  readonly tenant: TenantId
  readonly userId: string
  readonly generation: string
  /** Complete, synced, on the same file system. */
  readonly staged: string
  /** Where the present directory goes, if there is one. */
  readonly replaced: string
}

/** The caller has raised a fence that is durable. */
export class DirectoryMoves {
  readonly #options: DirectoryMovesOptions

  constructor(options: DirectoryMovesOptions) {
    this.#options = options
  }

  /** Waits for who is inside, then closes. @param mustRest whether a log that stays behind is a fault */
  async close(id: TenantId, mustRest: boolean): Promise<void> {
    const { control, shards, fences, dataDir } = this.#options
    await fences.drained(id)
    const generation = control.tenant(id)?.generation
    const target = { tenant: id, generation, create: false }
    const directory = tenantDirectory(dataDir, id)
    for (let tries = 1; ; tries++) {
      const isClosed = await shards.callPool(target, 'tenant.close')
      if (isClosed && (!mustRest || isAtRest(directory))) return
      if (tries === closeTriesMax)
        throw new Problem('conflict', 'The library is in use and could not be closed: try again.', {
          retryAfterS: 5,
        })
      // A log that an earlier process left: opening folds it.
      if (isClosed) await shards.call(target, 'tenant.open', null)
    }
  }

  /** A directory that is gone already is no fault. */
  async erase(record: TenantRecord, deletedAtMs: number): Promise<Receipt> {
    const { control, tenants, fences, dataDir, snapshotsDir } = this.#options
    const { id, generation } = record
    await this.close(id, false)
    makeDirectory(trashDirectory(dataDir))
    const inTrash = join(trashDirectory(dataDir), `${id}.${generation}`)
    const directory = tenantDirectory(dataDir, id)
    if (existsSync(directory) && !existsSync(inTrash)) {
      renameDurably(directory, inTrash)
      syncDirectory(dataDir)
    }
    const erased = await eraseTenant(dataDir, snapshotsDir, id, inTrash)
    const notBeforeMs = control
      .deletionsOf(id)
      .find((deletion) => deletion.generation === generation)?.notBeforeMs
    const receipt = signReceipt(dataDir, {
      what: 'account deleted',
      user_id: record.userId,
      tenant: id,
      generation,
      deleted_at: new Date(deletedAtMs).toISOString(),
      logins_ended_before: new Date(notBeforeMs ?? deletedAtMs).toISOString(),
      erased,
    })
    await this.#options.onErasing?.(record)
    await control.endDeletion(id, generation, receipt.sha256)
    tenants.forget(id, true)
    fences.settle(id)
    return receipt
  }

  /** Every step may have been done by a process that died. */
  async exchange({ tenant, userId, generation, staged, replaced }: Replacement): Promise<void> {
    const { control, tenants, fences, dataDir } = this.#options
    const directory = tenantDirectory(dataDir, tenant)
    if (existsSync(staged)) {
      await this.close(tenant, false)
      if (existsSync(directory)) {
        makeDirectory(replacedDirectory(dataDir))
        renameDurably(directory, replaced)
      }
      renameDurably(staged, directory)
      syncDirectory(join(staged, '..'))
    }
    await control.tenantReplaced({ id: tenant, userId, generation, atMs: Date.now() })
    // A directory that came from elsewhere may have documents that were never read.
    tenants.forget(tenant)
    tenants.mustRecover(tenant)
    fences.settle(tenant)
  }
}

/** Whether no log of a database is in it: a copy of it is a backup, if nobody has it open. */
export function isAtRest(directory: string): boolean {
  return !readdirSync(directory).some((name) => /-(wal|shm|journal)$/.test(name))
}
