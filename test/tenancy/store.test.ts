/** A tenant's directory: made whole, opened only by its owner, closed at rest. */
import {
  copyFileSync,
  cpSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDb } from '../../src/base/sqlite.ts'
import { appApplicationId, appMigrations } from '../../src/tenancy/schema.ts'
import { closeStore, openStore } from '../../src/tenancy/store.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { temporaryDirectory } from '../helpers.ts'

const alice = 'alice' as TenantId
const bob = 'bob' as TenantId
const fresh = { generation: undefined, create: true }
const known = { generation: undefined, create: false }
const codeOf = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return 'nothing was thrown'
}
const made = (dataDir: string, ...tenants: TenantId[]): void => {
  for (const tenant of tenants) closeStore(openStore(dataDir, tenant, fresh))
}

test('a new tenant has its own directory and nothing is left in staging', () => {
  const dataDir = temporaryDirectory()
  const store = openStore(dataDir, alice, fresh)
  expect(store.app.pragma('synchronous')).toBe(2)
  expect(store.vecs.pragma('synchronous')).toBe(1)
  expect(closeStore(store)).toBe(true)
  expect(readdirSync(join(dataDir, 'alice')).sort()).toEqual([
    'app.db',
    'books',
    'uploads',
    'vecs.db',
  ])
  expect(statSync(join(dataDir, 'alice')).mode & 0o777).toBe(0o700)
  expect(readdirSync(join(dataDir, '.carrel', 'staging'))).toEqual([])
})

test('what was written is there after closing, and the directory can be copied', () => {
  const [dataDir, other] = [temporaryDirectory(), temporaryDirectory()]
  const store = openStore(dataDir, alice, fresh)
  store.app.run("INSERT INTO meta (key, value) VALUES ('note', 'kept')")
  closeStore(store)
  cpSync(join(dataDir, 'alice'), join(other, 'alice'), { recursive: true })
  const copy = openStore(other, alice, known)
  expect(copy.app.get("SELECT value FROM meta WHERE key = 'note'")).toEqual({ value: 'kept' })
  expect(copy.generation).toBe(store.generation)
  closeStore(copy)
})

test('without being asked to make one, a missing directory is a fault', () => {
  expect(codeOf(() => openStore(temporaryDirectory(), alice, known))).toBe('tenant_damaged')
})

test('a directory copied over another user’s is refused and left as it was', () => {
  const dataDir = temporaryDirectory()
  made(dataDir, alice, bob)
  rmSync(join(dataDir, 'bob'), { recursive: true })
  cpSync(join(dataDir, 'alice'), join(dataDir, 'bob'), { recursive: true })
  const before = readFileSync(join(dataDir, 'bob', 'app.db'))
  expect(codeOf(() => openStore(dataDir, bob, fresh))).toBe('tenant_mismatch')
  expect(readFileSync(join(dataDir, 'bob', 'app.db')).equals(before)).toBe(true)
  expect(readdirSync(join(dataDir, 'bob')).sort()).toEqual([
    'app.db',
    'books',
    'uploads',
    'vecs.db',
  ])
})

test('another user’s vecs.db alone is made anew: nothing of it is served', () => {
  const dataDir = temporaryDirectory()
  made(dataDir, alice, bob)
  const other = openStore(dataDir, alice, known)
  other.vecs.run("INSERT INTO meta (key, value) VALUES ('note', 'alice')")
  closeStore(other)
  copyFileSync(join(dataDir, 'alice', 'vecs.db'), join(dataDir, 'bob', 'vecs.db'))
  const store = openStore(dataDir, bob, known)
  expect(store.vecs.all('SELECT key, value FROM meta ORDER BY key')).toEqual([
    { key: 'epoch', value: '0' },
    { key: 'generation', value: store.generation },
    { key: 'tenant', value: 'bob' },
  ])
  closeStore(store)
})

test('a directory of an earlier life is refused', () => {
  const dataDir = temporaryDirectory()
  made(dataDir, alice)
  const later = { generation: 'another', create: false }
  expect(codeOf(() => openStore(dataDir, alice, later))).toBe('tenant_mismatch')
})

test.for([
  ['empty', (path: string) => truncateSync(path, 0)],
  ['garbage', (path: string) => writeFileSync(path, Buffer.alloc(9000, 7))],
  [
    'a stranger’s database',
    (path: string) => {
      rmSync(path)
      openDb(path, {
        mode: 'create',
        synchronous: 'FULL',
        applicationId: 1,
        migrations: ['CREATE TABLE x (y)'],
      }).close()
    },
  ],
] as const)('an app.db that is %s is refused, untouched', ([, damage]) => {
  const dataDir = temporaryDirectory()
  made(dataDir, alice)
  const path = join(dataDir, 'alice', 'app.db')
  damage(path)
  const before = readFileSync(path)
  expect(codeOf(() => openStore(dataDir, alice, known))).toBe('tenant_damaged')
  expect(readFileSync(path).equals(before)).toBe(true)
})

test('a link in place of a file or of the directory is refused', () => {
  const dataDir = temporaryDirectory()
  made(dataDir, alice, bob)
  rmSync(join(dataDir, 'bob', 'app.db'))
  linkSync(join(dataDir, 'alice', 'app.db'), join(dataDir, 'bob', 'app.db'))
  expect(codeOf(() => openStore(dataDir, bob, known))).toBe('tenant_damaged')
  rmSync(join(dataDir, 'bob'), { recursive: true })
  symlinkSync(join(dataDir, 'alice'), join(dataDir, 'bob'))
  expect(codeOf(() => openStore(dataDir, bob, known))).toBe('tenant_damaged')
})

test('a file newer than this version is refused, untouched', () => {
  const dataDir = temporaryDirectory()
  made(dataDir, alice)
  const path = join(dataDir, 'alice', 'app.db')
  const newer = openDb(path, {
    mode: 'open',
    synchronous: 'FULL',
    applicationId: appApplicationId,
    migrations: [...appMigrations, 'CREATE TABLE later (x)'],
  })
  newer.close()
  const before = readFileSync(path)
  expect(codeOf(() => openStore(dataDir, alice, known))).toBe('tenant_newer')
  expect(readFileSync(path).equals(before)).toBe(true)
})

test('a lost vecs.db is made again', () => {
  const dataDir = temporaryDirectory()
  made(dataDir, alice)
  renameSync(join(dataDir, 'alice', 'vecs.db'), join(dataDir, 'gone'))
  closeStore(openStore(dataDir, alice, known))
  expect(readdirSync(join(dataDir, 'alice'))).toContain('vecs.db')
})
