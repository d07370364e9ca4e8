/** The request log: a file a month, so many months, and nothing of who was deleted. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeDirectory } from '../../src/base/fs.ts'
import { Control } from '../../src/control/control.ts'
import { RequestLines } from '../../src/control/request-lines.ts'
import { controlDbPath, requestsDirectory, serverDirectory } from '../../src/tenancy/layout.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { keptDirectory } from '../helpers.ts'

const dataDir = keptDirectory()
const directory = requestsDirectory(dataDir)
const [alice, bob] = ['alice', 'bob'] as TenantId[]
const clock = { ms: Date.parse('2026-11-30T23:59:58Z') }
const lost: number[] = []
let control: Control
let lines: RequestLines

beforeAll(async () => {
  makeDirectory(serverDirectory(dataDir))
  control = await Control.open(controlDbPath(dataDir), { directory, months: 2 })
  lines = new RequestLines({
    write: (text) => control.writeRequests(text),
    isThere: (tenant) =>
      control.tenant(tenant) !== undefined && control.state(tenant)?.state !== 'deleting',
    isLeaving: () => control.states().some(([, { state }]) => state === 'deleting'),
    onLost: (count) => lost.push(count),
    nowMs: () => clock.ms,
  })
  for (const id of [alice, bob] as TenantId[])
    await control.addTenant({ id, userId: id, generation: 'g', atMs: 1 })
})
afterAll(() => control.close())

const note = (tenant: TenantId | undefined, id: string): void =>
  lines.note({ id, tenant, method: 'GET', route: '/v1/me', status: 200, ms: 1.25, bytes: 300 })
const page = (month: string, tenant: TenantId | null = null) =>
  control.ask('requests.page', { month, tenant, before: Number.MAX_SAFE_INTEGER, limit: 1_000 })
const files = (): string[] => readdirSync(directory).filter((name) => name.endsWith('.db'))

test('a month ends in the middle of what is handed over: each line is in the file of its month', async () => {
  for (let n = 0; n < 40; n++) {
    note(n % 2 === 0 ? alice : bob, `r${n}`)
    clock.ms += 100
  }
  note(undefined, 'nobody')
  await lines.flush()
  expect(files().toSorted()).toEqual(['2026-11.db', '2026-12.db'])
  expect((await page('2026-11')).length).toBe(20)
  const december = await page('2026-12')
  expect(december.length).toBe(21)
  expect(december[0]).toMatchObject({ request_id: 'nobody', tenant: '' })
  expect(december.at(-1)).toEqual({
    seq: 1,
    at: Date.parse('2026-12-01T00:00:00Z'),
    request_id: 'r20',
    tenant: 'alice',
    method: 'GET',
    route: '/v1/me',
    status: 200,
    ms: 1.25,
    bytes: 300,
  })
  expect((await page('2026-12', bob)).length).toBe(10)
  expect(await page('2020-01')).toEqual([])
})

test('months that are too old go when a new one begins; a file that is not ours stays', async () => {
  writeFileSync(join(directory, 'notes.txt'), 'mine')
  clock.ms = Date.parse('2027-01-01T00:00:00Z')
  note(bob, 'new year')
  await lines.flush()
  expect(files().toSorted()).toEqual(['2026-12.db', '2027-01.db'])
  expect(existsSync(join(directory, 'notes.txt'))).toBe(true)
})

test('a deletion erases the tenant from every month, and from the lines that wait', async () => {
  note(alice, 'waiting-1')
  const state = { state: 'deleting', untilMs: null, detail: null, changedAtMs: 1 } as const
  await control.setState(alice as TenantId, state)
  note(alice, 'waiting-2')
  // Handed over between the deletion’s order and its end.
  const ended = control.endDeletion(alice as TenantId, 'g', 'x')
  await lines.flush()
  await ended
  lines.left()
  note(alice, 'later')
  await lines.flush()
  expect((await page('2026-12')).filter(({ tenant }) => tenant === 'alice')).toEqual([])
  expect((await page('2027-01')).map(({ request_id, tenant }) => [request_id, tenant])).toEqual([
    ['later', ''],
    ['waiting-2', ''],
    ['waiting-1', ''],
    ['new year', 'bob'],
  ])
  for (const name of readdirSync(directory))
    expect(readFileSync(join(directory, name)).includes('alice')).toBe(false)
})

test('more than the disk can follow is dropped and counted, never kept for ever', async () => {
  const gate = Promise.withResolvers<void>()
  const slow = new RequestLines({
    write: () => gate.promise,
    isThere: () => true,
    isLeaving: () => false,
    onLost: (count) => lost.push(count),
  })
  const line = { id: 'x', tenant: bob, method: 'GET', status: 200, ms: 1, bytes: 1 }
  for (let n = 0; n < 100; n++) slow.note({ ...line, route: `/${'x'.repeat(100_000)}` })
  gate.resolve()
  await slow.close()
  expect(lost).toEqual([expect.any(Number)])
  expect(lost[0]).toBeGreaterThan(10)
})

test('a month that cannot be read does not stand in the way of a deletion', async () => {
  writeFileSync(join(directory, '2026-10.db'), 'alice was here, and this is no database')
  await control.endDeletion(bob as TenantId, 'g', 'y')
  expect(existsSync(join(directory, '2026-10.db'))).toBe(false)
})
