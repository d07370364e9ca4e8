/** Backups of many libraries in one directory, and the way back. Copies snapshots only, never a library in use. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { makeDirectory, syncDirectory } from './base/fs.ts'
import type { Config } from './config.ts'
import { parseSnapshotName, snapshotName } from './control/snapshot-name.ts'
import type { Operator } from './operator.ts'
import { copyDurably, duplicateSnapshot } from './tenancy/copy-files.ts'
import { controlDbPath, stagingDirectory, tenantDirectory } from './tenancy/layout.ts'
import { manifestName, readManifest } from './tenancy/manifest.ts'
import { parseTenantId, tenantOf } from './tenancy/tenant-id.ts'
import { CopyThreads } from './threads/copy-threads.ts'

/** While one waits for its shard or a disk, others go on. */
const librariesAtOnce = 8

/** Told after each library. */
export type Say = (done: number, all: number, what: string) => void

export interface BackupEnd {
  readonly directory: string
  readonly libraries: number
  readonly failed: readonly { readonly user: string; readonly reason: string }[]
}

/** @param users by id; control.db is included when `withControl` */
export async function backup(
  operator: Operator,
  config: Config,
  to: string,
  users: readonly string[],
  withControl: boolean,
  say: Say,
): Promise<BackupEnd> {
  const directory = join(resolve(to), snapshotName(Date.now()))
  const building = `${directory}.partial`
  makeDirectory(resolve(to))
  mkdirSync(building, { mode: 0o700 })
  const copies = new CopyThreads()
  const failed: { user: string; reason: string }[] = []
  const next = users.values()
  let done = 0
  const work = async (): Promise<void> => {
    for (const user of next) {
      try {
        await backUpOne(operator, config, copies, user, building)
      } catch (error) {
        failed.push({ user, reason: error instanceof Error ? error.message : String(error) })
      }
      say(++done, users.length, user)
    }
  }
  await Promise.all(Array.from({ length: librariesAtOnce }, work))
  await copies.close()
  if (withControl) {
    const copy = await operator.copyControl()
    copyDurably(copy, join(building, 'control.db'))
    rmSync(copy)
  }
  syncDirectory(building)
  renameSync(building, directory)
  syncDirectory(resolve(to))
  return { directory, libraries: users.length - failed.length, failed }
}

async function backUpOne(
  operator: Operator,
  config: Config,
  copies: CopyThreads,
  user: string,
  into: string,
): Promise<void> {
  const { tenant } = await operator.show(user)
  const { name } = await operator.snapshot(user)
  try {
    await copies.takeAway(join(config.SNAPSHOTS_DIR, tenant, name), join(into, tenant))
  } finally {
    await operator.removeSnapshot(user, name)
  }
}

/** The libraries in a backup, or the one that the path itself is. */
export function librariesIn(from: string): string[] {
  if (existsSync(join(from, 'app.db'))) return [resolve(from)]
  return readdirSync(from)
    .filter((name) => parseTenantId(name) && existsSync(join(from, name, 'app.db')))
    .map((name) => resolve(from, name))
}

/** Before the server's own records are opened: where there are none, those of the backup become them. */
export function restoreControl(config: Config, from: string): boolean {
  const [kept, place] = [join(from, 'control.db'), controlDbPath(config.DATA_DIR)]
  if (!existsSync(kept) || existsSync(place)) return false
  makeDirectory(config.DATA_DIR)
  makeDirectory(dirname(place))
  const building = `${place}.restored`
  rmSync(building, { force: true })
  copyDurably(kept, building)
  renameSync(building, place)
  syncDirectory(dirname(place))
  return true
}

/**
 * Puts one library of a backup, or a directory that was copied at rest, in place.
 * @returns the user whose it is now
 */
export async function restoreOne(
  operator: Operator,
  config: Config,
  from: string,
  as: string | undefined,
  replace: boolean,
): Promise<string> {
  if (!existsSync(join(from, manifestName))) return restoreResting(operator, config, from, as)
  const manifest = readManifest(from)
  const tenant = parseTenantId(manifest.tenant)
  if (!tenant) throw new Error(`the manifest in ${from} names no library`)
  const name = snapshotName(Date.parse(manifest.made_at))
  const place = join(config.SNAPSHOTS_DIR, tenant, name)
  const isOurs = resolve(from) === place
  const isNew = !isOurs && !existsSync(place)
  if (isNew) {
    const building = join(config.SNAPSHOTS_DIR, '.building', `${tenant}.${basename(name)}`)
    for (const path of [config.SNAPSHOTS_DIR, dirname(building), dirname(place)])
      makeDirectory(path)
    rmSync(building, { recursive: true, force: true })
    duplicateSnapshot(from, building, false)
    renameSync(building, place)
    syncDirectory(dirname(place))
  }
  const { user_id } = await operator.restore(manifest.user_id, name, as, replace)
  return user_id
}

/** A directory without a manifest is copied into place and adopted. */
async function restoreResting(
  operator: Operator,
  config: Config,
  from: string,
  as: string | undefined,
): Promise<string> {
  const user = as ?? basename(from)
  const tenant = tenantOf(user)
  if (!tenant) throw new Error(`“${user}” cannot be a user id: give one with --as`)
  const place = tenantDirectory(config.DATA_DIR, tenant)
  if (existsSync(place)) throw new Error(`${user} has a library already: nothing was done`)
  const logs = readdirSync(from).filter((name) => /-(wal|shm|journal)$/.test(name))
  if (logs.length > 0) throw new Error(`${from} was not at rest when it was copied: ${logs}`)
  const staged = join(stagingDirectory(config.DATA_DIR), `${tenant}.${snapshotName(Date.now())}`)
  makeDirectory(stagingDirectory(config.DATA_DIR))
  for (const path of [staged, join(staged, 'books'), join(staged, 'uploads')])
    mkdirSync(path, { mode: 0o700 })
  for (const name of ['app.db', 'vecs.db'])
    if (existsSync(join(from, name))) copyDurably(join(from, name), join(staged, name))
  for (const name of readdirSync(join(from, 'books')))
    copyDurably(join(from, 'books', name), join(staged, 'books', name))
  renameSync(staged, place)
  syncDirectory(config.DATA_DIR)
  const { user_id } = await operator.adopt(user)
  return user_id
}

/** Whether a text is the name of a snapshot rather than a path. */
export function isSnapshotName(text: string): boolean {
  return parseSnapshotName(text) !== undefined
}
