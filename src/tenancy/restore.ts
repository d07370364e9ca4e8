/** From a snapshot, or a copy of a directory at rest, to a new directory that can be renamed into place. */
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeDirectory, syncDirectory } from '../base/fs.ts'
import { Problem } from '../base/problem.ts'
import { openDb } from '../base/sqlite.ts'
import { copyDurably, linkOrCopy } from './copy-files.ts'
import { appDbPath, booksDirectory, uploadsDirectory, vecsDbPath } from './layout.ts'
import { manifestName } from './manifest.ts'
import { appApplicationId, appMigrations, vecsApplicationId, vecsMigrations } from './schema.ts'
import { atVersionOf, quickCheck, verifySnapshot } from './snapshot.ts'
import type { TenantId } from './tenant-id.ts'

const updateMeta = `UPDATE meta SET value = @value WHERE key = @key`
const bookName = /^[0-9a-f]{64}\.[a-z0-9]{1,10}$/
const logName = /-(wal|shm|journal)$/
const app = { applicationId: appApplicationId, migrations: appMigrations }
const vecs = { applicationId: vecsApplicationId, migrations: vecsMigrations }

export interface RestoreJob {
  /** A snapshot (with a manifest) or a tenant's directory at rest. Read, never changed. */
  readonly from: string
  /** Made here; nothing may be there. */
  readonly staged: string
  /** Whose it will be. */
  readonly tenant: TenantId
  readonly generation: string
  /** Leaves the databases at the version that they have, for an older Carrel. */
  readonly keepsVersion?: boolean
}

/**
 * An operator's copy is trusted: it keeps what it holds and gets its new owner's name.
 * @throws Problem `tenant_damaged` when it is not at rest, cannot be read, or is not what its manifest says; `tenant_newer`
 */
export function stageRestore(job: RestoreJob): null {
  const { from, staged, tenant, generation, keepsVersion = false } = job
  const names = readdirSync(from)
  const logs = names.filter((name) => logName.test(name))
  if (logs.length > 0)
    throw new Problem(
      'tenant_damaged',
      `The copy is not of a directory at rest: it has ${logs.join(', ')}. Take a snapshot, or bring the library to rest before copying it.`,
    )
  const isSnapshot = names.includes(manifestName)
  if (isSnapshot) verifySnapshot(from)
  makeDirectory(dirname(staged))
  try {
    mkdirSync(staged, { mode: 0o700 })
    mkdirSync(uploadsDirectory(staged), { mode: 0o700 })
    mkdirSync(booksDirectory(staged), { mode: 0o700 })
    for (const name of readdirSync(booksDirectory(from))) {
      if (!bookName.test(name)) continue
      refuseLink(join(booksDirectory(from), name))
      // Files of a snapshot never change; an operator's copy is the operator's to change.
      const copy = isSnapshot ? linkOrCopy : copyDurably
      copy(join(booksDirectory(from), name), join(booksDirectory(staged), name))
    }
    copyDb(appDbPath(from), appDbPath(staged))
    own(appDbPath(staged), { tenant, generation }, app, keepsVersion)
    if (names.includes('vecs.db')) {
      copyDb(vecsDbPath(from), vecsDbPath(staged))
      own(vecsDbPath(staged), { tenant, generation }, vecs, keepsVersion)
    }
    syncDirectory(booksDirectory(staged))
    syncDirectory(staged)
    return null
  } catch (error) {
    rmSync(staged, { recursive: true, force: true })
    throw error
  }
}

function copyDb(from: string, to: string): void {
  refuseLink(from)
  copyDurably(from, to)
}

function own(
  path: string,
  owner: { tenant: TenantId; generation: string },
  kind: typeof app,
  keepsVersion: boolean,
): void {
  const opened = keepsVersion ? atVersionOf(path, kind) : kind
  const db = openDb(path, { mode: 'open', synchronous: 'FULL', ...opened })
  try {
    quickCheck(db)
    db.transaction(() => {
      db.run(updateMeta, { key: 'tenant', value: owner.tenant })
      db.run(updateMeta, { key: 'generation', value: owner.generation })
    })
    db.checkpoint()
  } finally {
    db.close()
  }
}

function refuseLink(path: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats?.isFile())
    throw new Problem('tenant_damaged', `The copy’s ${path.split('/').slice(-1)} is not a file.`)
}
