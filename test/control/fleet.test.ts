/** Libraries of earlier versions brought to the present one: some first, a failed one alone, and back. */
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { expect, test } from 'vitest'
import { Client, signToken } from '../../bench/lib/client.ts'
import { openLogs } from '../../src/base/log.ts'
import { readConfig } from '../../src/config.ts'
import { createContext } from '../../src/context.ts'
import { readManifest } from '../../src/tenancy/manifest.ts'
import { makeOldLibraries, versions } from '../fixtures/old-library.ts'
import { temporaryDirectory } from '../helpers.ts'

const secret = 'a fleet secret of more than 32 bytes, really'
const all = { share: 1, concurrency: 3, hasSnapshots: true }
const [early, broken] = ['u0', 'broken'] as const
/** Between the hashes of the first library and of the others. */
const some = 0.7

test('canary, all, one that fails, undo, and again', { timeout: 120_000 }, async () => {
  const dataDir = temporaryDirectory()
  const older = Array.from({ length: versions - 1 }, (_, at) => [`u${at}`, at + 1] as const)
  await makeOldLibraries(dataDir, [...older, [broken, 4]])
  const path = (user: string): string => join(dataDir, user, 'app.db')
  // What the next migration makes is there already, and of another kind.
  sqlite(path(broken), (db) => db.exec('CREATE INDEX documents_by_size ON documents (title)'))
  const config = readConfig({ DATA_DIR: dataDir, JWT_SECRET: secret, PORT: '0', SHARDS: '1' })
  await using context = await createContext(config, openLogs('silent'))
  const { url } = await context.listen()
  const { fleet, snapshots, lifecycle, undoMigration } = context.care
  const me = async (user: string) =>
    (await clientOf(url, user)).request<{ code?: string }>('GET', '/v1/me')
  const idOf = (user: string) => lifecycle.find(user).id

  await fleet.begin({ ...all, share: some })
  await fleet.settled()
  const { migrated, libraries } = fleet.status()
  expect(libraries).toBe(versions)
  const isServed = new Map<string, boolean>()
  for (const [user] of older) isServed.set(user, (await me(user)).status === 200)
  expect([...isServed.values()].filter(Boolean)).toHaveLength(migrated)
  expect(migrated).toBeGreaterThan(0)
  const waiting = older.find(([user]) => !isServed.get(user))?.[0] ?? ''
  expect(await me(waiting)).toMatchObject({ status: 503, body: { code: 'migration_pending' } })
  expect((await me('somebody-new')).status).toBe(200)

  await fleet.begin(all)
  await fleet.settled()
  expect(fleet.status()).toMatchObject({ state: 'done', failed: 1, migrated: versions })
  expect(fleet.status().errors).toEqual([
    { user_id: broken, error: expect.stringMatching(/could not be brought to version/) },
  ])
  for (const [user, version] of older) {
    const [copy] = snapshots.list(idOf(user))
    const directory = snapshots.directoryOf(idOf(user), copy?.name ?? '')
    expect(readManifest(directory).schema.app).toBe(version)
    expect(await (await clientOf(url, user)).search('harbour')).toHaveLength(1)
  }
  expect(await me(broken)).toMatchObject({ status: 503, body: { code: 'tenant_damaged' } })

  const untouched = older.at(-1)?.[0] ?? ''
  await undoMigration(idOf(untouched), false)
  expect(sqlite(path(untouched), versionOf)).toBe(versions - 1)
  expect(await me(untouched)).toMatchObject({ body: { code: 'migration_pending' } })
  const client = await clientOf(url, early)
  const [document] = await client.documents()
  await client.request('PATCH', `/v1/documents/${document?.id}`, { tags: ['written'] })
  await expect(undoMigration(idOf(early), false)).rejects.toMatchObject({ code: 'conflict' })
  expect((await client.documents())[0]).toMatchObject({ tags: ['written'] })
  await undoMigration(idOf(early), true)
  expect(sqlite(path(early), versionOf)).toBe(1)

  sqlite(path(broken), (db) => db.exec('DROP INDEX documents_by_size'))
  await fleet.begin(all)
  await fleet.settled()
  expect(fleet.status()).toMatchObject({ state: 'done', failed: 0, migrated: versions + 1 })
  for (const user of [early, untouched, broken])
    expect(await (await clientOf(url, user)).search('harbour')).toHaveLength(1)
})

test('paused, nothing more is migrated, over a restart too; resumed, the rest is', {
  timeout: 60_000,
}, async () => {
  const dataDir = temporaryDirectory()
  const users = Array.from({ length: 12 }, (_, at) => [`u${at}`, versions - 1] as const)
  await makeOldLibraries(dataDir, users)
  const config = readConfig({ DATA_DIR: dataDir, JWT_SECRET: secret, PORT: '0', SHARDS: '1' })
  let before = 0
  {
    await using context = await createContext(config, openLogs('silent'))
    const { fleet } = context.care
    await expect(fleet.resume()).rejects.toMatchObject({ code: 'conflict' })
    await fleet.begin({ share: 1, concurrency: 1, hasSnapshots: false })
    const paused = await fleet.pause()
    before = paused.migrated
    expect(paused).toMatchObject({ state: 'paused', failed: 0, libraries: users.length })
    expect(before).toBeLessThan(users.length)
    await expect(fleet.pause()).rejects.toMatchObject({ code: 'conflict' })
  }
  await using context = await createContext(config, openLogs('silent'))
  const { fleet } = context.care
  fleet.start()
  await fleet.settled()
  expect(fleet.status()).toMatchObject({ state: 'paused', migrated: before })
  await fleet.resume()
  await fleet.settled()
  expect(fleet.status()).toMatchObject({ state: 'done', migrated: users.length, failed: 0 })
})

test('neither the policy nor want of room takes the copy that a migration can be undone with', {
  timeout: 60_000,
}, async () => {
  const dataDir = temporaryDirectory()
  await makeOldLibraries(dataDir, [['ann', versions - 1]])
  const settings = { SNAPSHOT_KEEP: 'last=1', SNAPSHOT_BYTES_MAX: '1' }
  const config = readConfig({ DATA_DIR: dataDir, JWT_SECRET: secret, SHARDS: '1', ...settings })
  await using context = await createContext(config, openLogs('silent'))
  const { fleet, snapshots, lifecycle, undoMigration } = context.care
  const { id } = lifecycle.find('ann')
  const names = (): string[] => snapshots.list(id).map(({ name }) => name)
  await fleet.begin(all)
  await fleet.settled()
  const [before = ''] = names()
  await snapshots.create(id)
  const { name: last } = await snapshots.create(id)
  await snapshots.thin(id)
  expect(names()).toEqual([last, before])
  await snapshots.makeRoom()
  expect(names()).toEqual([last, before])
  await undoMigration(id, false)
  await snapshots.thin(id)
  expect(names()).toEqual([last])
})

async function clientOf(url: string, user: string): Promise<Client> {
  return new Client(url, await signToken(secret, user))
}

function versionOf(db: BetterSqlite3.Database): unknown {
  return db.pragma('user_version', { simple: true })
}

/** Only of a library that nobody has open. */
function sqlite<T>(path: string, work: (db: BetterSqlite3.Database) => T): T {
  const db = new BetterSqlite3(path)
  try {
    return work(db)
  } finally {
    db.close()
  }
}
