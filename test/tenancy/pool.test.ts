/** The pool: bounded, never closes a leased store, tells who closed and how. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Pool } from '../../src/tenancy/pool.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { temporaryDirectory } from '../helpers.ts'

const fresh = { generation: undefined, create: true }
const named = (name: string): TenantId => name as TenantId

test('fifty tenants in any order through two places: every write is kept, two are open at most', () => {
  const dataDir = temporaryDirectory()
  const pool = new Pool({ dataDir, storesMax: 2, idleMs: 60_000 })
  for (let round = 0; round < 4; round++)
    for (let i = 0; i < 50; i++) {
      const tenant = named(`t${(i * 17 + round * 7) % 50}`)
      pool.use(tenant, fresh, ({ app }) =>
        app.run("INSERT INTO meta (key, value) VALUES (?, 'x')", `r${round}`),
      )
      expect(pool.stats().open).toBeLessThanOrEqual(2)
    }
  pool.closeAll()
  const check = new Pool({ dataDir, storesMax: 2, idleMs: 60_000 })
  for (let i = 0; i < 50; i++)
    check.use(named(`t${i}`), fresh, ({ app }) =>
      expect(app.get("SELECT count(*) AS n FROM meta WHERE key LIKE 'r_'")).toEqual({ n: 4 }),
    )
  check.closeAll()
  expect(
    readdirSync(dataDir).filter((name) =>
      readdirSync(join(dataDir, name)).some((file) => file.endsWith('-wal')),
    ),
  ).toEqual([])
})

test('a leased store stays open while others come and go, and is closed after its release', () => {
  const closed: string[] = []
  const pool = new Pool({
    dataDir: temporaryDirectory(),
    storesMax: 2,
    idleMs: 60_000,
    onClose: ({ tenant }) => closed.push(tenant),
  })
  const lease = pool.lease(named('kept'), fresh)
  for (const name of ['a', 'b', 'c']) pool.use(named(name), fresh, () => undefined)
  expect(closed).toEqual(['a', 'b'])
  expect(pool.close(named('kept'))).toBe(false)
  expect(lease.store.app.isOpen).toBe(true)
  lease.release()
  lease.release()
  pool.use(named('d'), fresh, () => undefined)
  pool.use(named('e'), fresh, () => undefined)
  expect(closed).toContain('kept')
  pool.closeAll()
})

test('when every place is leased the next one is refused, and served again after a release', () => {
  const pool = new Pool({ dataDir: temporaryDirectory(), storesMax: 1, idleMs: 60_000 })
  const lease = pool.lease(named('a'), fresh)
  expect(() => pool.use(named('b'), fresh, () => undefined)).toThrow('busy')
  lease.release()
  expect(pool.use(named('b'), fresh, () => 'served')).toBe('served')
  pool.closeAll()
})

test('an unused store is closed by the sweep and found at rest; a used one stays', async () => {
  const closed: unknown[] = []
  const pool = new Pool({
    dataDir: temporaryDirectory(),
    storesMax: 9,
    idleMs: 1,
    onClose: (store) => closed.push(store),
    hasWork: ({ tenant }) => tenant === 'busy',
  })
  pool.use(named('idle'), fresh, () => undefined)
  pool.use(named('busy'), fresh, () => undefined)
  const until = performance.now() + 5
  await new Promise<void>((resolve) => {
    const wait = (): void => {
      if (performance.now() > until) resolve()
      else setImmediate(wait)
    }
    wait()
  })
  pool.closeIdle()
  expect(closed).toHaveLength(2)
  expect(closed).toContainEqual({ tenant: 'idle', atRest: true, unfinished: false })
  expect(closed).toContainEqual({ tenant: 'busy', atRest: true, unfinished: true })
  expect(pool.stats()).toMatchObject({ open: 0, idleCloses: 2 })
})

test('one tenant that cannot be opened does not disturb the others', () => {
  const dataDir = temporaryDirectory()
  const pool = new Pool({ dataDir, storesMax: 4, idleMs: 60_000 })
  pool.use(named('a'), fresh, () => undefined)
  pool.use(named('b'), fresh, () => undefined)
  pool.close(named('b'))
  rmSync(join(dataDir, 'b', 'app.db'))
  expect(() =>
    pool.use(named('b'), { generation: undefined, create: false }, () => undefined),
  ).toThrow()
  expect(pool.use(named('a'), fresh, ({ tenant }) => tenant)).toBe('a')
  pool.closeAll()
})

test('a full pool gives up its oldest for a place that is free; a small or a leased one does not', () => {
  const closed: string[] = []
  const onClose = ({ tenant }: { tenant: string }): unknown => closed.push(tenant)
  const dataDir = temporaryDirectory()
  const pool = new Pool({ dataDir, storesMax: 16, idleMs: 60_000, onClose })
  const names = Array.from({ length: 16 }, (_, at) => `t${at}`)
  const lease = pool.lease(named('t0'), fresh)
  for (const name of names.slice(1, 15)) pool.use(named(name), fresh, () => undefined)
  pool.keepSpare()
  expect(closed).toEqual([])
  pool.use(named('t15'), fresh, () => undefined)
  pool.keepSpare()
  pool.keepSpare()
  expect(closed).toEqual(['t1'])
  lease.release()
  pool.closeAll()
  const small = new Pool({ dataDir, storesMax: 2, idleMs: 60_000, onClose })
  for (const name of names.slice(0, 2)) small.use(named(name), fresh, () => undefined)
  small.keepSpare()
  expect(small.stats().open).toBe(2)
  small.closeAll()
})
