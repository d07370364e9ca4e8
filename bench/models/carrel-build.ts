/** Carrel's libraries for the bench `models`: each shelf is brought to a library as uploads are, which is then copied with its owner. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import BetterSqlite3 from 'better-sqlite3'
import { Control } from '../../src/control/control.ts'
import {
  appDbPath,
  controlDbPath,
  serverDirectory,
  tenantDirectory,
  vecsDbPath,
} from '../../src/tenancy/layout.ts'
import { appApplicationId, appMigrations } from '../../src/tenancy/schema.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { copyLibrary, userAt } from '../fleet/tenants.ts'
import { CarrelModel } from './carrel.ts'
import type { Book, Shelves } from './shelves.ts'

const lookMs = 20
const booksAtOnce = 2
const present = { applicationId: appApplicationId, migrations: appMigrations }
const epochOf = "SELECT value FROM meta WHERE key = 'epoch'"
/** The last migration added it. */
const unmigrate = 'ALTER TABLE documents DROP COLUMN language_chosen'

/** Builds and opens it. Every book of the shelves gets the id that Carrel gave it. */
export async function buildCarrel(
  dataDir: string,
  shelves: Shelves,
  shards: number,
): Promise<CarrelModel> {
  const templates = `${dataDir}-templates`
  mkdirSync(serverDirectory(templates), { recursive: true, mode: 0o700 })
  const model = await CarrelModel.open(templates, shards)
  await Promise.all(shelves.all.map((books, at) => fill(model, at, books)))
  for (const at of shelves.all.keys())
    while (!isFollowed(tenantDirectory(templates, userAt(at) as TenantId))) await sleep(lookMs)
  await model.close()
  await copyAll(templates, dataDir, shelves)
  rmSync(templates, { recursive: true })
  return CarrelModel.open(dataDir, shards)
}

async function fill(model: CarrelModel, at: number, books: readonly Book[]): Promise<void> {
  const left = books.values()
  const bring = async (): Promise<void> => {
    for (const book of left) book.id = (await model.bring(at, book)).id
  }
  await Promise.all(Array.from({ length: booksAtOnce }, bring))
}

/** Whether vecs.db is where app.db is: every passage has its vectors, and nothing is looked at once more. */
function isFollowed(directory: string): boolean {
  const [ours, theirs] = [appDbPath(directory), vecsDbPath(directory)].map((path) => {
    const db = new BetterSqlite3(path, { readonly: true })
    const epoch = db.prepare(epochOf).pluck().get()
    db.close()
    return Number(epoch)
  })
  return ours === theirs
}

async function copyAll(templates: string, dataDir: string, shelves: Shelves): Promise<void> {
  mkdirSync(serverDirectory(dataDir), { recursive: true, mode: 0o700 })
  const control = await Control.open(controlDbPath(dataDir))
  const known: Promise<unknown>[] = []
  for (let tenant = 0; tenant < shelves.tenants + shelves.spare; tenant++) {
    const from = tenantDirectory(templates, userAt(shelves.of(tenant)) as TenantId)
    const [user, generation] = [userAt(tenant), randomBytes(16).toString('hex')]
    const id = user as TenantId
    copyLibrary(from, tenantDirectory(dataDir, id), { tenant: id, generation }, present)
    known.push(control.addTenant({ id, userId: user, generation, atMs: Date.now() - 1_000 }))
  }
  await Promise.all(known)
  await control.close()
}

/** Takes the last migration back, of libraries at rest. */
export function makeOlder(dataDir: string, tenants: number): void {
  for (let tenant = 0; tenant < tenants; tenant++) {
    const db = new BetterSqlite3(appDbPath(tenantDirectory(dataDir, userAt(tenant) as TenantId)))
    db.pragma('synchronous = OFF')
    db.exec(unmigrate)
    db.pragma(`user_version = ${appMigrations.length - 1}`)
    db.pragma('wal_checkpoint(TRUNCATE)')
    db.close()
  }
}
