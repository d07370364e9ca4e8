/** Removing everything that a tenant left on the disk, and counting it. */
import { existsSync } from 'node:fs'
import { lstat, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { replacedDirectory, stagingDirectory, tenantSnapshots } from '../tenancy/layout.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

export interface Erased {
  /** Files of the library itself: databases, originals, uploads. */
  readonly files: number
  readonly bytes: number
  readonly snapshots: number
  /** Of snapshots and of directories that were replaced by a restore. */
  readonly copies_files: number
  readonly copies_bytes: number
}

/** Erases the tenant's directory in the trash and every copy that this server made of it. What is gone already is no fault. */
export async function eraseTenant(
  dataDir: string,
  snapshotsDir: string,
  tenant: TenantId,
  inTrash: string,
): Promise<Erased> {
  const library = await eraseTree(inTrash)
  const snapshotsOf = tenantSnapshots(snapshotsDir, tenant)
  const snapshots = (await namesIn(snapshotsOf)).length
  let copies = await eraseTree(snapshotsOf)
  for (const place of [replacedDirectory(dataDir), stagingDirectory(dataDir)])
    for (const name of await namesIn(place))
      if (name.startsWith(`${tenant}.`)) copies = sum(copies, await eraseTree(join(place, name)))
  return {
    ...library,
    snapshots,
    copies_files: copies.files,
    copies_bytes: copies.bytes,
  }
}

interface Counted {
  readonly files: number
  readonly bytes: number
}

/** Removes a directory with all that is in it, and syncs the removal. */
export async function eraseTree(path: string): Promise<Counted> {
  if (!existsSync(path)) return { files: 0, bytes: 0 }
  const counted = await count(path)
  await rm(path, { recursive: true, force: true })
  await synced(join(path, '..'))
  return counted
}

/** Of a directory, without a thread that waits for the disk. */
async function synced(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function count(path: string): Promise<Counted> {
  const stats = await lstat(path)
  if (!stats.isDirectory()) return { files: 1, bytes: stats.size }
  let all: Counted = { files: 0, bytes: 0 }
  for (const name of await readdir(path)) all = sum(all, await count(join(path, name)))
  return all
}

function sum(a: Counted, b: Counted): Counted {
  return { files: a.files + b.files, bytes: a.bytes + b.bytes }
}

async function namesIn(path: string): Promise<string[]> {
  return existsSync(path) ? readdir(path) : []
}
