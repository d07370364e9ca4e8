/** The part of the composition that is about whole libraries. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { makeDirectory } from './base/fs.ts'
import type { Log } from './base/log.ts'
import type { Config } from './config.ts'
import { ControlSnapshots } from './control/control-snapshots.ts'
import { keepBallast } from './control/disk-room.ts'
import { Fleet } from './control/fleet.ts'
import { undoMigration } from './control/fleet-undo.ts'
import { Imports } from './control/imports.ts'
import { Lifecycle, type LifecycleOptions, type TenantView } from './control/lifecycle.ts'
import type { PartialUploads } from './control/partial-uploads.ts'
import { Snapshots, type SnapshotsOptions } from './control/snapshots.ts'
import { stagingDirectory } from './tenancy/layout.ts'
import { retentionOf } from './tenancy/retention.ts'
import type { TenantId } from './tenancy/tenant-id.ts'
import { CopyThreads } from './threads/copy-threads.ts'
import { ImportProcess } from './threads/import-process.ts'
import { version } from './version.ts'

export interface Care {
  readonly lifecycle: Lifecycle
  readonly snapshots: Snapshots
  readonly imports: Imports
  readonly fleet: Fleet
  /** Puts a library back as it was before its migration. */
  readonly undoMigration: (tenant: TenantId, isForced: boolean) => Promise<TenantView>
  /** Of this run, for the command line of the same machine. */
  readonly runToken: string
  /** Completes what a crash interrupted, looks at what it left, and starts the clock. */
  readonly start: () => void
  /** Copies control.db to where it can be taken away. @returns its path */
  readonly copyControl: () => Promise<string>
}

/** What is done with whole libraries: held back, copied, put back, deleted. */
export function openCare(
  config: Config,
  log: Log,
  stack: AsyncDisposableStack,
  {
    parts,
    uploads,
    onJob,
    told,
  }: {
    parts: Pick<LifecycleOptions, 'control' | 'shards' | 'fences' | 'tenants'>
    uploads: PartialUploads
    onJob: (tenant: TenantId, atMs?: number) => void
    told: Pick<LifecycleOptions, 'onErasing' | 'onSuspended'> &
      Pick<SnapshotsOptions, 'onMade'> & { onScheduled: SnapshotsOptions['onScheduled'] }
  },
): Care {
  const { DATA_DIR: dataDir, SNAPSHOTS_DIR: snapshotsDir } = config
  const held = { dataDir, snapshotsDir, ...parts, ...told }
  const lifecycle = new Lifecycle({ ...held, onJob })
  lifecycle.sweepStaging()
  stack.defer(() => lifecycle.close())
  const copies = new CopyThreads()
  const snapshots = openSnapshots(config, log, { ...held, lifecycle, copies })
  const fleet = new Fleet({
    ...held,
    lifecycle,
    copies,
    version,
    onFailed: (tenant, error) => log.error({ tenant, err: error }, 'a library was not migrated'),
  })
  let dropBallast = async (): Promise<void> => undefined
  stack.defer(() => dropBallast())
  const builds = new ImportProcess()
  const imports = new Imports({
    ...held,
    lifecycle,
    builds,
    parts: uploads,
    onFault: (tenant, error) => log.error({ tenant, err: error }, 'an import failed'),
  })
  stack.defer(async () => {
    await fleet.close()
    await snapshots.close()
    await Promise.all([copies.close(), builds.close()])
  })
  return {
    lifecycle,
    snapshots,
    imports,
    fleet,
    undoMigration: (tenant, isForced) =>
      undoMigration({ ...held, lifecycle, snapshots, copies }, tenant, isForced),
    runToken: randomBytes(32).toString('base64url'),
    copyControl: async () => {
      makeDirectory(stagingDirectory(dataDir))
      const path = join(stagingDirectory(dataDir), `control.${randomBytes(8).toString('hex')}.db`)
      await parts.control.copyTo(path)
      return path
    },
    start: () => {
      dropBallast = keepBallast(dataDir, (error) => log.warn({ err: error }, 'no ballast was made'))
      void lifecycle.finishInterrupted((tenant, error) =>
        log.error({ tenant, err: error }, 'what a crash interrupted could not be completed'),
      )
      void parts.tenants.recoverAll((tenant, error) =>
        log.error({ tenant, err: error }, 'a library could not be recovered'),
      )
      snapshots.start()
      fleet.start()
    },
  }
}

function openSnapshots(
  config: Config,
  log: Log,
  held: Omit<SnapshotsOptions, 'version' | 'policy' | 'everyMs' | 'ofControl' | 'bytesMax'>,
): Snapshots {
  const schedule = {
    policy: retentionOf(config.SNAPSHOT_KEEP),
    everyMs: config.SNAPSHOT_HOURS * 3_600_000,
  }
  return new Snapshots({
    ...held,
    version,
    ...schedule,
    ofControl: new ControlSnapshots({ ...held, ...schedule }),
    bytesMax: config.SNAPSHOT_BYTES_MAX,
    onScheduled: ({ error, ...end }) => {
      if (error) log.error({ ...end, err: error }, 'a scheduled snapshot failed')
      else log.info(end, 'a snapshot was made')
      held.onScheduled({ error, ...end })
    },
  })
}
