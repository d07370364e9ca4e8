/** A snapshot: one point of a tenant that goes on living. Made under another name, verified, and only then renamed into place. */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { makeDirectory, renameDurably, syncDirectory } from '../base/fs.ts'
import { Problem } from '../base/problem.ts'
import { type Db, openDb, openReadOnlyDb } from '../base/sqlite.ts'
import { copyResting, hashFile, linkOrCopy, markWithoutLog, writeDurably } from './copy-files.ts'
import { appDbPath, booksDirectory, vecsDbPath } from './layout.ts'
import { type Manifest, type ManifestFile, manifestName, readManifest } from './manifest.ts'
import { PacedWrites, stepBytes } from './paced-writes.ts'
import { appApplicationId, appMigrations, vecsApplicationId, vecsMigrations } from './schema.ts'

const selectCounts = `SELECT (SELECT count(*) FROM documents) AS documents,
  (SELECT count(*) FROM passages) AS passages`
const selectOriginals = 'SELECT sha256, extension, bytes FROM documents ORDER BY seq'
const selectEmbedders = `SELECT fingerprint FROM vector_spaces WHERE state <> 'dropped'
  ORDER BY state <> 'live', id`
const selectMeta = 'SELECT key, value FROM meta'

const app = { applicationId: appApplicationId, migrations: appMigrations }
const vecs = { applicationId: vecsApplicationId, migrations: vecsMigrations }

export interface SnapshotJob {
  /** The tenant's directory. Its shard holds a lease on the store and keeps its originals. */
  readonly directory: string
  /** Where it is built, on the same file system as `into`. */
  readonly building: string
  /** Where it is when it is complete; nothing may be there. */
  readonly into: string
  readonly userId: string
  readonly tier: string | null
  /** What the operator said about this account alone. */
  readonly overrides: Manifest['overrides']
  readonly madeAtMs: number
  readonly version: string
  /** Nobody has it open, and no log is beside its files: these are copied as they are, at the version that they have. */
  readonly isAtRest?: boolean
}

/** Between 0 and 1. */
export type OnProgress = (done: number) => void

/**
 * vecs.db first, then app.db, then the originals that app.db names: the truth is never older than what is derived from it.
 * @throws Problem `tenant_damaged` when what was written cannot be read back as it should be
 */
export async function makeSnapshot(
  job: SnapshotJob,
  onProgress: OnProgress = () => undefined,
): Promise<Manifest> {
  const { directory, building, into } = job
  if (existsSync(into)) throw new Problem('conflict', 'There is a snapshot of that moment already.')
  makeMissing(dirname(dirname(building)))
  makeMissing(dirname(building))
  try {
    mkdirSync(building, { mode: 0o700 })
    mkdirSync(booksDirectory(building), { mode: 0o700 })
    const copy = job.isAtRest ? copyFile : copyDb
    await copy(vecsDbPath(directory), vecsDbPath(building), vecs)
    await copy(appDbPath(directory), appDbPath(building), app)
    const contents = inspect(building)
    const manifest: Manifest = {
      format: 1,
      carrel: job.version,
      user_id: job.userId,
      made_at: new Date(job.madeAtMs).toISOString(),
      tier: job.tier,
      overrides: job.overrides,
      ...contents.described,
      files: [
        fileOf(building, 'app.db'),
        fileOf(building, 'vecs.db'),
        ...copyOriginals(directory, building, contents.originals, onProgress),
      ],
    }
    writeDurably(join(building, manifestName), JSON.stringify(manifest))
    syncDirectory(booksDirectory(building))
    syncDirectory(building)
    makeMissing(dirname(dirname(into)))
    makeMissing(dirname(into))
    renameDurably(building, into)
    return manifest
  } catch (error) {
    rmSync(building, { recursive: true, force: true })
    throw error
  }
}

/**
 * Opens and checks both databases, compares what they count with the manifest, and every file with its hash.
 * @throws Problem `tenant_damaged`, `tenant_newer`
 */
export function verifySnapshot(directory: string): Manifest {
  const manifest = readManifest(directory)
  const { described } = inspect(directory)
  const { schema, embedders, counts, tenant, generation } = manifest
  if (
    JSON.stringify({ tenant, generation, schema, embedders, counts }) !== JSON.stringify(described)
  )
    throw damaged('its databases do not hold what the manifest says')
  for (const file of manifest.files) {
    const { sha256, bytes } = hashFile(join(directory, file.path))
    if (sha256 !== file.sha256 || bytes !== file.bytes) throw damaged(`${file.path} has changed`)
  }
  const listed = new Set(manifest.files.map(({ path }) => path))
  const there = ['app.db', 'vecs.db'].concat(
    readdirSync(booksDirectory(directory)).map((name) => `books/${name}`),
  )
  if (there.length !== listed.size || there.some((path) => !listed.has(path)))
    throw damaged('it holds other files than the manifest says')
  return manifest
}

/** As a file of that kind is opened without changing its version. */
export function atVersionOf<K extends typeof app>(path: string, kind: K): K {
  const db = openReadOnlyDb(path, kind)
  try {
    return { ...kind, migrations: kind.migrations.slice(0, db.pragma<number>('user_version')) }
  } finally {
    db.close()
  }
}

async function copyDb(from: string, to: string, kind: typeof app): Promise<void> {
  const db = openDb(from, { mode: 'open', synchronous: 'FULL', ...kind })
  let fd: number | undefined
  try {
    const pageBytes = db.pragma<number>('page_size')
    const pages = stepBytes / pageBytes
    let paced: PacedWrites | undefined
    await db.copyInSteps(to, pages, () => {
      fd ??= openSync(to, 'r+')
      paced ??= new PacedWrites(fd)
      paced.wrote(pages * pageBytes)
    })
  } finally {
    // The shard has it open too, and stays: this is never the last to close.
    db.close()
    if (fd !== undefined) closeSync(fd)
  }
  markWithoutLog(to)
}

/** @throws Problem `tenant_damaged` */
function copyFile(from: string, to: string): void {
  copyResting(from, to)
  if (hashFile(to).sha256 !== hashFile(from, 'without-log').sha256)
    throw damaged(`${basename(from)} was not copied well`)
}

/** One that is there was synced by whoever made it. */
function makeMissing(path: string): void {
  if (!existsSync(path)) makeDirectory(path)
}

interface Original {
  readonly sha256: string
  readonly extension: string
  readonly bytes: number
}

function inspect(directory: string) {
  const appDb = openReadOnlyDb(appDbPath(directory), app)
  try {
    const vecsDb = openReadOnlyDb(vecsDbPath(directory), vecs)
    try {
      for (const db of [appDb, vecsDb]) quickCheck(db)
      const meta = metaOf(appDb)
      if (metaOf(vecsDb).get('tenant') !== meta.get('tenant'))
        throw damaged('its two databases belong to different users')
      const counts = appDb.get<{ documents: number; passages: number }>(selectCounts)
      const described = {
        tenant: meta.get('tenant') ?? '',
        generation: meta.get('generation') ?? '',
        schema: {
          app: appDb.pragma<number>('user_version'),
          vecs: vecsDb.pragma<number>('user_version'),
        },
        embedders: vecsDb
          .all<{ fingerprint: string }>(selectEmbedders)
          .map(({ fingerprint }) => fingerprint),
        counts: counts ?? { documents: 0, passages: 0 },
      }
      return {
        described,
        originals: appDb.all<Original & { [key: string]: never }>(selectOriginals),
      }
    } finally {
      vecsDb.close()
    }
  } finally {
    appDb.close()
  }
}

/** @throws Problem `tenant_damaged` */
export function quickCheck(db: Db): void {
  const found = db.pragma<string>('quick_check')
  if (found !== 'ok') throw damaged(`quick_check says: ${found.slice(0, 200)}`)
}

function copyOriginals(
  directory: string,
  building: string,
  originals: readonly Original[],
  onProgress: OnProgress,
): ManifestFile[] {
  const bytesAll = originals.reduce((sum, { bytes }) => sum + bytes, 0)
  let bytesDone = 0
  return originals.map(({ sha256, extension, bytes }) => {
    const path = `books/${sha256}.${extension}`
    linkOrCopy(join(directory, path), join(building, path))
    const file = fileOf(building, path)
    if (file.sha256 !== sha256) throw damaged(`the original ${path} has changed`)
    bytesDone += bytes
    onProgress(bytesAll === 0 ? 1 : bytesDone / bytesAll)
    return file
  })
}

function fileOf(directory: string, path: string): ManifestFile {
  return { path, ...hashFile(join(directory, path)) }
}

function metaOf(db: Db): Map<string, string> {
  const rows = db.all<{ key: string; value: string }>(selectMeta)
  return new Map(rows.map(({ key, value }) => [key, value]))
}

function damaged(what: string): Problem {
  return new Problem('tenant_damaged', `The copy cannot be trusted: ${what}.`)
}
