/** Many libraries of the version before the present one: one is made, the others are copies of it with owners of their own. */
import { randomBytes } from 'node:crypto'
import { constants, copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openDb } from '../../src/base/sqlite.ts'
import { Control } from '../../src/control/control.ts'
import {
  appDbPath,
  booksDirectory,
  controlDbPath,
  serverDirectory,
  tenantDirectory,
  uploadsDirectory,
  vecsDbPath,
} from '../../src/tenancy/layout.ts'
import {
  appApplicationId,
  appMigrations,
  vecsApplicationId,
  vecsMigrations,
} from '../../src/tenancy/schema.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { makeOldLibraries, versions } from '../../test/fixtures/old-library.ts'

const owner = `UPDATE meta SET value = CASE key WHEN 'tenant' THEN @tenant ELSE @generation END
  WHERE key IN ('tenant', 'generation')`
/** Rows that are sent to control.db together; more wait than it takes. */
const rowsTogether = 1_000
const template = 'template'

export const userAt = (at: number): string => `u${at}`

/** A directory for each user, at rest, one step behind; each is known to control.db and has no work left. */
export async function makeTenants(dataDir: string, count: number): Promise<void> {
  const from = await makeTemplate(dataDir)
  mkdirSync(serverDirectory(dataDir), { recursive: true, mode: 0o700 })
  const control = await Control.open(controlDbPath(dataDir))
  for (let at = 0; at < count; at += rowsTogether) {
    const users = Array.from({ length: Math.min(rowsTogether, count - at) }, (_, i) =>
      userAt(at + i),
    )
    await Promise.all(
      users.map(async (user) => {
        const [id, generation] = [user as TenantId, randomBytes(16).toString('hex')]
        copyLibrary(from, tenantDirectory(dataDir, id), { tenant: id, generation })
        await control.addTenant({ id, userId: user, generation, atMs: Date.now() - 1_000 })
        await control.setHint(id, false)
      }),
    )
  }
  await control.close()
}

/** Forgets what a campaign did: the libraries are one step behind again, and nothing is known of copies. */
export async function makeOldAgain(dataDir: string, count: number): Promise<void> {
  const from = await makeTemplate(dataDir)
  rmSync(join(serverDirectory(dataDir), 'snapshots'), { recursive: true, force: true })
  const control = await Control.open(controlDbPath(dataDir))
  const all = Array.from({ length: count }, (_, at) => userAt(at) as TenantId)
  for (const tenant of all) {
    const { generation = '' } = control.tenant(tenant) ?? {}
    const path = appDbPath(tenantDirectory(dataDir, tenant))
    copyFileSync(appDbPath(from), path, constants.COPYFILE_FICLONE)
    own(path, { tenant, generation }, app)
  }
  for (let at = 0; at < count; at += rowsTogether)
    await Promise.all(
      all.slice(at, at + rowsTogether).map((tenant) => control.fleet.remove(tenant)),
    )
  await control.close()
}

interface Kind {
  readonly applicationId: number
  readonly migrations: readonly string[]
}

const app: Kind = {
  applicationId: appApplicationId,
  migrations: appMigrations.slice(0, versions - 1),
}
const vecs: Kind = { applicationId: vecsApplicationId, migrations: vecsMigrations }

/** Beside the data directory, as whatever is in that is a library. */
async function makeTemplate(dataDir: string): Promise<string> {
  const place = `${dataDir}-template`
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place)
  await makeOldLibraries(place, [[template, versions - 1]])
  return join(place, template)
}

interface Owner {
  readonly tenant: string
  readonly generation: string
}

/** @param kind of its app.db: as many migrations as it has */
export function copyLibrary(from: string, to: string, whose: Owner, kind: Kind = app): void {
  for (const path of [to, booksDirectory(to), uploadsDirectory(to)])
    mkdirSync(path, { mode: 0o700 })
  const books = readdirSync(booksDirectory(from)).map((name) => join('books', name))
  for (const name of ['app.db', 'vecs.db', ...books])
    copyFileSync(join(from, name), join(to, name), constants.COPYFILE_FICLONE)
  own(appDbPath(to), whose, kind)
  own(vecsDbPath(to), whose, vecs)
  const left = readdirSync(to).filter((name) => /-(wal|shm|journal)$/.test(name))
  if (left.length > 0) throw new Error(`${to} is not at rest`)
}

/** Without waiting for the disk: a benchmark that is interrupted begins again. */
function own(path: string, { tenant, generation }: Owner, kind: Kind): void {
  const db = openDb(path, { mode: 'open', synchronous: 'NORMAL', ...kind })
  db.pragma('synchronous = OFF')
  db.run(owner, { tenant, generation })
  db.checkpoint()
  db.close()
}
