/** Going back: a library as it was before its migration, for an older Carrel. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Problem } from '../base/problem.ts'
import {
  appDbPath,
  replacedDirectory,
  stagingDirectory,
  tenantDirectory,
} from '../tenancy/layout.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { CopyThreads } from '../threads/copy-threads.ts'
import type { Control } from './control.ts'
import { DirectoryMoves, type DirectoryMovesOptions } from './directory-moves.ts'
import type { Lifecycle, TenantView } from './lifecycle.ts'
import { snapshotName } from './snapshot-name.ts'
import type { Snapshots } from './snapshots.ts'

export interface FleetUndoOptions extends DirectoryMovesOptions {
  readonly lifecycle: Lifecycle
  readonly snapshots: Snapshots
  readonly copies: CopyThreads
}

/**
 * Puts a library back. It is not served by this version until it is migrated again.
 * @param isForced also where it was written since, which is lost
 * @throws Problem `conflict`, `not_found`
 */
export async function undoMigration(
  options: FleetUndoOptions,
  tenant: TenantId,
  isForced: boolean,
): Promise<TenantView> {
  const { control, dataDir, snapshots, copies, lifecycle } = options
  const record = control.tenant(tenant)
  const migrated = control.fleet.of(tenant)
  const copy = record && control.fleet.copyFromBefore(record)
  if (!record || !migrated || !copy)
    throw new Problem('not_found', 'There is no copy of this library from before a migration.')
  if (control.fleet.campaign?.state === 'running')
    throw new Problem('conflict', 'Libraries are being migrated: `carrel migrate pause` first.')
  const from = snapshots.directoryOf(tenant, copy)
  const suffix = randomBytes(8).toString('hex')
  const staged = join(stagingDirectory(dataDir), `${tenant}.${suffix}.restore`)
  const { userId, generation } = record
  await copies.restore({ from, staged, tenant, generation, keepsVersion: true })
  const replaced = join(replacedDirectory(dataDir), `${tenant}.${snapshotName(Date.now())}`)
  const refuse = async (): Promise<void> => {
    await new DirectoryMoves(options).close(tenant, true)
    const sha256 = isForced ? null : await copies.hash(appDbPath(tenantDirectory(dataDir, tenant)))
    if (!isForced && sha256 !== migrated.sha256)
      throw new Problem(
        'conflict',
        'The library was written to since its migration, which would be lost: say `--force` if it may be.',
      )
    // Before the old files are in place: nobody is to open, and so to migrate them.
    await holdOld(control)
    await control.fleet.remove(tenant)
  }
  try {
    return await lifecycle.replace({ tenant, userId, generation, staged, replaced }, refuse)
  } catch (error) {
    await snapshots.discard(staged)
    throw error
  }
}

/** From now on libraries of an older version are left as they are, and not served. */
async function holdOld({ fleet }: Control): Promise<void> {
  const before = fleet.campaign
  if (before?.state === 'undone') return
  const defaults = { concurrency: 1, hasSnapshots: true }
  await fleet.setCampaign({
    ...(before ?? defaults),
    begunAtMs: Date.now(),
    share: 0,
    state: 'undone',
  })
}
