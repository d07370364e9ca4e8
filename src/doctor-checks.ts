/** What `carrel doctor` looks at without opening a library: the machine, directories, files. */
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { freeBytes } from './base/fs.ts'
import { checkSqliteVersion } from './base/sqlite-version.ts'
import type { Config } from './config.ts'
import { readTiersFile } from './control/tiers.ts'
import { type Finding, fault, good, messageOf, warning } from './doctor-finding.ts'
import { serverDirectory } from './tenancy/layout.ts'
import { parseTenantId } from './tenancy/tenant-id.ts'
import type { ProgramEnvironment } from './threads/ocr-program.ts'

/** What differs from machine to machine. */
export interface Machine {
  readonly nodeVersion: string
  /** Stores a shard could have open, by the limit on descriptors. */
  readonly storesMax: number
  readonly freeBytes: (path: string) => number
  readonly environment: ProgramEnvironment
  readonly fetch: typeof fetch
}

const nodeMin = [24, 12] as const
/** A shard that has fewer open opens and closes all the time. */
const storesMin = 64
const freeBytesFault = 512 * 2 ** 20
const freeBytesWarning = 5 * 2 ** 30

/** Node and SQLite. */
export function checkRuntime({ nodeVersion }: Pick<Machine, 'nodeVersion'>): Finding[] {
  const [major = 0, minor = 0] = nodeVersion.replace(/^v/, '').split('.').map(Number)
  const isNew = major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1])
  if (!isNew)
    return [
      fault(
        'node',
        `Node ${nodeVersion} is too old.`,
        `Install Node ${nodeMin.join('.')} or newer.`,
      ),
    ]
  try {
    return [good('node', nodeVersion), good('sqlite', checkSqliteVersion())]
  } catch (error) {
    return [
      fault(
        'sqlite',
        messageOf(error),
        'Run `npm ci` in Carrel’s folder: it brings its own SQLite.',
      ),
    ]
  }
}

export function checkDataDir({ DATA_DIR }: Config): Finding[] {
  const check = 'data directory'
  if (!existsSync(DATA_DIR))
    return [
      warning(
        check,
        `${DATA_DIR} does not exist.`,
        'The first start makes it. If there were libraries, DATA_DIR names the wrong place.',
      ),
    ]
  if (!statSync(DATA_DIR).isDirectory())
    return [fault(check, `${DATA_DIR} is a file.`, 'Let DATA_DIR name a directory.')]
  if (!isWritable(DATA_DIR))
    return [
      fault(
        check,
        `${DATA_DIR} cannot be written by this user.`,
        `Give it to the user that runs Carrel: chown -R USER ${DATA_DIR}`,
      ),
    ]
  const place = serverDirectory(DATA_DIR)
  const isOpen = existsSync(place) && (statSync(place).mode & 0o077) !== 0
  const open = isOpen
    ? [warning(check, `${place} can be read by others: keys are in it.`, `chmod 700 ${place}`)]
    : [good(check, DATA_DIR)]
  const strangers = readdirSync(DATA_DIR).filter(
    (name) => name !== '.carrel' && parseTenantId(name) === undefined,
  )
  if (strangers.length === 0) return open
  return [
    ...open,
    warning(
      check,
      `${strangers.slice(0, 5).join(', ')} in ${DATA_DIR}: no library can be called so.`,
      'Move it elsewhere.',
    ),
  ]
}

export function checkSnapshotsDir({ SNAPSHOTS_DIR, DATA_DIR, SNAPSHOT_HOURS }: Config): Finding[] {
  const check = 'snapshots'
  const there = existsSync(SNAPSHOTS_DIR) ? SNAPSHOTS_DIR : join(SNAPSHOTS_DIR, '..')
  if (existsSync(there) && !isWritable(there))
    return [
      fault(
        check,
        `${there} cannot be written.`,
        'Give it to the user that runs Carrel, or set SNAPSHOTS_DIR to another directory.',
      ),
    ]
  if (SNAPSHOT_HOURS === 0)
    return [
      warning(
        check,
        'No snapshots are made by themselves.',
        'Set SNAPSHOT_HOURS=24, or run `carrel backup --all` regularly.',
      ),
    ]
  const isSameDisk =
    existsSync(there) && existsSync(DATA_DIR) && statSync(there).dev === statSync(DATA_DIR).dev
  return isSameDisk
    ? [
        warning(
          check,
          'Snapshots are on the disk of the libraries.',
          'Set SNAPSHOTS_DIR to another disk, or copy backups elsewhere.',
        ),
      ]
    : [good(check, SNAPSHOTS_DIR)]
}

export function checkDisk({ DATA_DIR }: Config, machine: Pick<Machine, 'freeBytes'>): Finding {
  const check = 'disk'
  const bytes = machine.freeBytes(existsSync(DATA_DIR) ? DATA_DIR : '.')
  const said = `${(bytes / 2 ** 30).toFixed(1)} GiB are free for ${DATA_DIR}.`
  if (bytes < freeBytesFault)
    return fault(
      check,
      said,
      'Make room: uploads are refused under 256 MiB. Old directories are in .carrel/replaced; .carrel/ballast may be deleted at once.',
    )
  return bytes < freeBytesWarning
    ? warning(check, said, 'Make room before it is full.')
    : good(check, said)
}

export function checkDescriptors({ storesMax }: Pick<Machine, 'storesMax'>): Finding {
  return storesMax < storesMin
    ? warning(
        'descriptors',
        `Only ${storesMax} libraries a shard can be open at once.`,
        'Raise the limit: `LimitNOFILE=65536` in the systemd unit, or `ulimit -n 65536`.',
      )
    : good('descriptors', `${storesMax} libraries a shard can be open at once.`)
}

export function checkTiers({ TIERS_FILE }: Config): Finding[] {
  if (TIERS_FILE === undefined) return []
  try {
    readTiersFile(TIERS_FILE)
    return [good('tiers', TIERS_FILE)]
  } catch (error) {
    return [
      fault(
        'tiers',
        messageOf(error),
        'Mend that line; docs/identity.md has every name. Without TIERS_FILE the built-in tiers count.',
      ),
    ]
  }
}

export function machineOf(
  config: Config,
  environment: ProgramEnvironment,
  storesMax: number,
): Machine {
  return {
    nodeVersion: process.version,
    storesMax: Math.min(config.POOL_MAX, storesMax),
    freeBytes,
    environment,
    fetch,
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
