/** A store: the open pair of handles on one tenant's files. Opening checks the owner and migrates; closing leaves the directory at rest. */
import { randomBytes } from 'node:crypto'
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  type Stats,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { makeDirectory, syncDirectory } from '../base/fs.ts'
import { Problem, type ProblemCode } from '../base/problem.ts'
import { type Db, openDb } from '../base/sqlite.ts'
import {
  appDbPath,
  booksDirectory,
  stagingDirectory,
  tenantDirectory,
  uploadsDirectory,
  vecsDbPath,
} from './layout.ts'
import { type Quota, unlimitedQuota } from './quota.ts'
import { appApplicationId, appMigrations, vecsApplicationId, vecsMigrations } from './schema.ts'
import type { TenantId } from './tenant-id.ts'

const selectMeta = 'SELECT value FROM meta WHERE key = ?'
const insertMeta = 'INSERT INTO meta (key, value) VALUES (?, ?)'
/**
 * A vector of 384 dimensions fills a fifth of such a page and three eighths of SQLite's usual one, two of them at most: a
 * fifth of the file is saved, and a search that reads two hundred of them finds the upper levels of the tree in the cache.
 */
export const vecsPageBytes = 8_192
const maintenanceSuffixes = ['-wal', '-shm', '-journal']

/** Lent to an operation for one synchronous call; never kept over an await. */
export interface Store {
  readonly tenant: TenantId
  readonly directory: string
  /** Names this life of the tenant: a directory of an earlier, deleted one is not served. */
  readonly generation: string
  /** The truth: documents, passages, keyword index. */
  readonly app: Db
  /** Derived: vectors. Can always be rebuilt from app.db. */
  readonly vecs: Db
  /** As the last call said that brought one. */
  quota: Quota
  /** Of the share of databases that the engine's walls stand for; null where they stand nowhere. */
  wallBytes: number | null
}

/**
 * Opens a tenant's directory, or makes it where there is none and `create` is set.
 * @param generation what the control plane knows; undefined when it has never seen this tenant
 * @throws Problem `tenant_mismatch`, `tenant_damaged`, `tenant_newer`, `overloaded`, `disk_full`
 */
export function openStore(
  dataDir: string,
  tenant: TenantId,
  {
    generation,
    create,
    deleted = [],
  }: { generation: string | undefined; create: boolean; deleted?: readonly string[] },
): Store {
  const directory = tenantDirectory(dataDir, tenant)
  if (!existsSync(directory)) {
    if (!create) throw new Problem('tenant_damaged', missingSentence)
    makeTenant(dataDir, tenant, generation ?? newGeneration())
  }
  const app = openApp(directory, tenant, { generation, deleted })
  try {
    const found = metaOf(app, 'generation')
    const vecs = openVecs(directory, tenant, found)
    return {
      ...{ tenant, directory, generation: found, app, vecs },
      ...{ quota: unlimitedQuota, wallBytes: null },
    }
  } catch (error) {
    app.close()
    throw error
  }
}

/** Of a library that nobody has open: the truth alone, by whoever needs no vectors. @throws Problem as `openStore` */
export function openApp(
  directory: string,
  tenant: TenantId,
  {
    generation,
    deleted = [],
  }: { generation: string | undefined; deleted?: readonly string[] | undefined },
): Db {
  refuseStrangeFiles(directory)
  return openDb(appDbPath(directory), {
    mode: 'open',
    synchronous: 'FULL',
    applicationId: appApplicationId,
    migrations: appMigrations,
    verify: (db) => {
      checkOwner(db, tenant, generation)
      refuseDeleted(db, deleted)
    },
  })
}

const missingSentence =
  'The directory of this library, or its app.db, is missing on the server: the operator can restore it from a backup.'

/**
 * Folds both logs back and closes both files, vectors first.
 * @returns whether the directory is now at rest (no `-wal`, `-shm` or `-journal`), so that copying it is a backup
 */
export function closeStore(store: Store): boolean {
  closeFolded(store.vecs)
  return closeApp(store.app)
}

/** Of what `openApp` opened. @returns as `closeStore` */
export function closeApp(app: Db): boolean {
  closeFolded(app)
  const directory = dirname(app.path)
  return ![appDbPath(directory), vecsDbPath(directory)].some((path) =>
    maintenanceSuffixes.some((suffix) => existsSync(path + suffix)),
  )
}

function closeFolded(db: Db): void {
  try {
    db.checkpoint()
  } catch {
    // A full or failing disk: the log stays beside the file, and the next open folds it.
  }
  db.close()
}

/** Built under another name and renamed, so that a half-made tenant is never seen. */
function makeTenant(dataDir: string, tenant: TenantId, generation: string): void {
  const staging = stagingDirectory(dataDir)
  makeDirectory(staging)
  const building = join(staging, `${tenant}.${randomBytes(8).toString('hex')}`)
  try {
    mkdirSync(building, { mode: 0o700 })
    mkdirSync(uploadsDirectory(building), { mode: 0o700 })
    mkdirSync(booksDirectory(building), { mode: 0o700 })
    const app = openDb(appDbPath(building), {
      mode: 'create',
      synchronous: 'FULL',
      applicationId: appApplicationId,
      migrations: appMigrations,
    })
    writeOwner(app, tenant, generation)
    app.close()
    openVecs(building, tenant, generation).close()
    syncDirectory(building)
    renameSync(building, tenantDirectory(dataDir, tenant))
    syncDirectory(dataDir)
  } catch (error) {
    rmSync(building, { recursive: true, force: true })
    throw error
  }
}

/**
 * A file that cannot be read, or is another user's or of an earlier life, is made anew: nothing of it is served, and all
 * that belongs in it comes from app.db, whose owner was checked before.
 */
function openVecs(directory: string, tenant: TenantId, generation: string): Db {
  try {
    return openVecsAsItIs(directory, tenant, generation)
  } catch (error) {
    if (!(error instanceof Problem) || !madeAnew.includes(error.code)) throw error
    discardVecs(directory)
    return openVecsAsItIs(directory, tenant, generation)
  }
}

const madeAnew: readonly ProblemCode[] = ['tenant_damaged', 'tenant_mismatch']

/** Removes vecs.db so that the next open makes it anew. Only while nobody has a handle on it. */
export function discardVecs(directory: string): void {
  const path = vecsDbPath(directory)
  // A log beside a new file would be read as a part of it.
  for (const suffix of ['', ...maintenanceSuffixes]) rmSync(path + suffix, { force: true })
}

function openVecsAsItIs(directory: string, tenant: TenantId, generation: string): Db {
  const path = vecsDbPath(directory)
  const isNew = !existsSync(path)
  if (isNew) discardVecs(directory)
  const db = openDb(path, {
    mode: isNew ? 'create' : 'open',
    // Vectors can be computed again; what a user was told is saved is in app.db.
    synchronous: 'NORMAL',
    applicationId: vecsApplicationId,
    migrations: vecsMigrations,
    autoVacuum: 'incremental',
    pageBytes: vecsPageBytes,
    verify: (opened) => {
      refuseUnowned(opened)
      checkOwner(opened, tenant, generation)
    },
  })
  if (isNew) writeOwner(db, tenant, generation)
  return db
}

function writeOwner(db: Db, tenant: TenantId, generation: string): void {
  db.transaction(() => {
    db.run(insertMeta, 'tenant', tenant)
    db.run(insertMeta, 'generation', generation)
    db.run(insertMeta, 'epoch', '0')
  })
}

/** A crash between making the file and writing its owner leaves one that is nobody's and empty. */
function refuseUnowned(vecs: Db): void {
  if (metaOf(vecs, 'tenant') === '')
    throw new Problem('tenant_damaged', 'The vectors of this library have no owner.')
}

function checkOwner(db: Db, tenant: TenantId, generation: string | undefined): void {
  if (db.get<{ value: string }>(selectMeta, 'tenant')?.value !== tenant)
    throw new Problem(
      'tenant_mismatch',
      'The files of this library belong to another user and were not opened: the operator must put the right ones back.',
    )
  if (generation !== undefined && metaOf(db, 'generation') !== generation)
    throw new Problem(
      'tenant_mismatch',
      'The files of this library are of an earlier life of this account and were not opened: the operator can adopt them.',
    )
}

/** A copy of a deleted library that somebody put back: only an operator can say that it is meant. */
function refuseDeleted(app: Db, deleted: readonly string[]): void {
  if (deleted.includes(metaOf(app, 'generation')))
    throw new Problem(
      'tenant_mismatch',
      'The files of this library are of an account that was deleted and were not opened: the operator can adopt them.',
    )
}

function metaOf(db: Db, key: string): string {
  return db.get<{ value: string }>(selectMeta, key)?.value ?? ''
}

function newGeneration(): string {
  return randomBytes(16).toString('hex')
}

/**
 * SQLite follows links: a linked file could be another user's, so only plain files with one name are opened. What is not a
 * file, or not ours to read, says so here: to SQLite it looks like a shortage of descriptors.
 */
function refuseStrangeFiles(directory: string): void {
  refuseLink(lstatSync(directory, { throwIfNoEntry: false }))
  for (const path of [appDbPath(directory), vecsDbPath(directory)]) {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    refuseLink(stats)
    if (!stats) {
      if (path === appDbPath(directory)) throw new Problem('tenant_damaged', missingSentence)
      continue
    }
    if (!stats.isFile() || !isReadable(path))
      throw new Problem(
        'tenant_damaged',
        'A file of this library cannot be read by the server: the operator must put it right or restore it from a backup.',
      )
  }
}

function refuseLink(stats: Stats | undefined): void {
  if (stats && (stats.isSymbolicLink() || (stats.isFile() && stats.nlink > 1)))
    throw new Problem(
      'tenant_damaged',
      'A file of this library is a link and was not opened: the operator must replace it by the file itself.',
    )
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}
