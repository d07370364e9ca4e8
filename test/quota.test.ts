/** The quota, for real: a server process, its tiers file, uploads that fit and that do not, a crash, a changed tier. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, Client, signToken } from '../bench/lib/client.ts'
import { type RunningServer, startServer } from '../bench/lib/server.ts'
import { tierNames } from '../src/control/limits.ts'
import { isAtWall, moveWalls, unlimitedQuota } from '../src/tenancy/quota.ts'
import { closeStore, openStore } from '../src/tenancy/store.ts'
import type { TenantId } from '../src/tenancy/tenant-id.ts'
import { writeZip } from './fixtures/formats/zip.ts'
import { keptDirectory, temporaryDirectory } from './helpers.ts'

const secret = 'a quota secret of more than thirty-two bytes'
const adminToken = 'an-admin-token-of-some-length'
const dataDir = keptDirectory()
const tiersFile = join(keptDirectory(), 'tiers.json')
const settings = { JWT_SECRET: secret, TIERS_FILE: tiersFile, ADMIN_TOKEN: adminToken }
let server: RunningServer

interface Me {
  readonly tier: string
  readonly quota: Record<string, { used: number; limit: number | null }>
}
interface Refusal {
  readonly code: string
  readonly detail: string
  readonly quota?: { which: string; used: number; limit: number }
}

beforeAll(async () => {
  writeTiers({ documents: 2, bytes: 1_000_000, passages: 40, upload_bytes: 900_000 })
  server = await startServer(dataDir, settings)
})
afterAll(() => server.stop())

test('one document more than the share is refused with which, used and limit; the same again is not one more', async () => {
  const ann = await clientOf('ann')
  const first = await ann.upload('a.txt', text('one'))
  await ann.upload('b.txt', text('two'))
  const refused = await upload(ann, text('three'))
  expect([refused.status, refused.body]).toMatchObject([
    403,
    { code: 'quota_exceeded', quota: { which: 'documents', used: 2, limit: 2 } },
  ])
  expect((await ann.upload('again.txt', text('one'))).id).toBe(first.id)
  await ann.settled(first.id)
  expect((await ann.request('DELETE', `/v1/documents/${first.id}`)).status).toBe(204)
  expect((await upload(ann, text('three'))).status).toBe(202)
})

test('an upload that cannot fit is refused before a byte of it is read', async () => {
  const token = await signToken(secret, 'bea', { tier: 'free' })
  const call = request(`${server.url}/v1/documents`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'multipart/form-data; boundary=x',
      'content-length': '2000000',
    },
  })
  call.on('error', () => undefined)
  call.flushHeaders()
  const [response] = await once(call, 'response')
  expect(response.statusCode).toBe(403)
  call.destroy()
})

test('many uploads at once do not get past the share together, and none that was refused stays', async () => {
  const cat = await clientOf('cat')
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => upload(cat, Buffer.alloc(400_000, `${i} `))),
  )
  const added = answers.filter(({ status }) => status === 202).length
  expect(added).toBeGreaterThan(0)
  for (const { status, body } of answers)
    if (status !== 202) expect([status, body.code]).toEqual([403, 'quota_exceeded'])
  const { documents, bytes } = await shares(cat)
  expect([documents?.used, bytes?.used]).toEqual([added, added * 400_000])
  expect(bytes?.used).toBeLessThanOrEqual(bytes?.limit ?? 0)
})

test('a text of more passages than the share has room for fails with its reason, and leaves nothing', async () => {
  const dan = await clientOf('dan')
  const { id } = await dan.upload('long.txt', text(longText(400)))
  const document = await dan.settled(id)
  expect(document).toMatchObject({ status: 'failed', error: { code: 'quota_exceeded' } })
  expect((await shares(dan))['passages']).toEqual({ used: 0, limit: 40 })
})

test('what is used is exact after a crash, and still holds', async () => {
  const eve = await clientOf('eve')
  await eve.upload('a.txt', text('one'))
  await eve.upload('b.txt', text('two two'))
  await server.kill()
  server = await startServer(dataDir, settings)
  const again = await clientOf('eve')
  const { documents, bytes } = await shares(again)
  expect([documents, bytes]).toEqual([
    { used: 2, limit: 2 },
    { used: 10, limit: 1_000_000 },
  ])
  expect((await upload(again, text('three'))).status).toBe(403)
})

test('a changed tiers file, and the operator’s word, count without a restart; a bad file changes nothing', async () => {
  const fay = await clientOf('fay')
  const limit = async () => (await shares(fay))['documents']?.limit
  expect(await limit()).toBe(2)
  writeFileSync(tiersFile, '{ "free": { "documents": -1 } }')
  process.kill(server.pid, 'SIGHUP')
  writeTiers({ documents: 3 })
  process.kill(server.pid, 'SIGHUP')
  await expect.poll(limit, { timeout: 10_000 }).toBe(3)
  const operator = new Client(server.url, adminToken)
  const path = '/admin/v1/tenants/fay/allowance'
  await operator.request('PUT', path, { limits: { documents: 0 } })
  expect(await limit()).toBe(0)
  expect((await upload(fay, text('x'))).status).toBe(403)
  await operator.request('PUT', path, { tier: 'ultra' })
  expect((await me(fay)).tier).toBe('ultra')
  expect((await upload(fay, text('x'))).status).toBe(202)
})

test('the databases have their share: full for writing, never for deleting', {
  timeout: 60_000,
}, async () => {
  const gus = await clientOf('gus')
  const operator = new Client(server.url, adminToken)
  const limits = { database_bytes: 400_000, documents: null, passages: null }
  await operator.request('PUT', '/admin/v1/tenants/gus/allowance', { limits })
  const ids: string[] = []
  const codes: (string | undefined)[] = []
  // Either a text is too much while it is stored, or the next upload is not taken at all.
  while (ids.length < 20 && !codes.includes('quota_exceeded')) {
    const answer = await upload(gus, text(`${ids.length} ${longText(60)}`))
    codes.push(answer.body.code)
    if (answer.status !== 202) continue
    const [{ id = '' } = {}] = (answer.body as unknown as { documents: { id: string }[] }).documents
    ids.push(id)
    codes.push((await gus.settled(id)).error?.code)
  }
  expect(codes).toContain('quota_exceeded')
  for (const id of ids)
    expect((await gus.request('DELETE', `/v1/documents/${id}`)).status).toBe(204)
  const { database_bytes: share } = await shares(gus)
  expect(share?.used).toBeLessThan(share?.limit ?? 0)
})

test('what is in an archive counts file by file, and what does not fit leaves nothing', async () => {
  const hal = await clientOf('hal')
  const operator = new Client(server.url, adminToken)
  const limits = { documents: null, bytes: 5_000, upload_bytes: 2_000 }
  await operator.request('PUT', '/admin/v1/tenants/hal/allowance', { limits })
  const large = { name: 'large.txt', data: 'x'.repeat(2_001) }
  const small = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ name: `${i}.txt`, data: `${i}`.repeat(1_500) }))
  const refused = await upload(hal, writeZip(small(4)))
  expect([refused.status, refused.body]).toMatchObject([
    403,
    { code: 'quota_exceeded', quota: { which: 'bytes', limit: 5_000 } },
  ])
  expect((await shares(hal))['documents']?.used).toBe(0)
  const taken = await upload(hal, writeZip([large, ...small(3)]))
  expect([taken.status, taken.body]).toMatchObject([
    202,
    { skipped: [{ name: 'large.txt', reason: 'It is larger than 2000 bytes.' }] },
  ])
  expect((await shares(hal))['bytes']?.used).toBe(4_500)
})

test('the wall in the engine is set at every open, tells itself from a full disk, and lets go when the share grows', () => {
  const directory = temporaryDirectory()
  const tenant = 'wall' as TenantId
  const small = { ...unlimitedQuota, database_bytes: 100_000 }
  const fill = 'INSERT INTO meta (key, value) VALUES (hex(randomblob(8)), hex(randomblob(500000)))'
  const open = () => openStore(directory, tenant, { generation: undefined, create: true })
  let store = open()
  store.quota = small
  moveWalls(store)
  const fillUp = () => {
    for (let i = 0; i < 40; i++) store.app.run(fill)
  }
  expect(fillUp).toThrow(/full/)
  expect(isAtWall(store.app)).toBe(true)
  const held = store.app.pragma<number>('page_count')
  closeStore(store)
  store = open()
  store.quota = small
  moveWalls(store)
  expect(fillUp).toThrow(/full/)
  expect(store.app.pragma<number>('page_count')).toBeLessThan(held * 1.2)
  store.app.run('DELETE FROM meta WHERE length(key) = 16')
  store.app.run(fill)
  store.quota = unlimitedQuota
  moveWalls(store)
  expect(isAtWall(store.app)).toBe(false)
  fillUp()
  closeStore(store)
})

function writeTiers(free: Record<string, number>): void {
  const others = Object.fromEntries(tierNames.map((name) => [name, {}]))
  writeFileSync(tiersFile, JSON.stringify({ ...others, free }))
}

async function clientOf(user: string): Promise<Client> {
  return new Client(server.url, await signToken(secret, user))
}

function upload(client: Client, bytes: Uint8Array): Promise<Answer<Refusal>> {
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(bytes)]), 'file.txt')
  return client.request<Refusal>('POST', '/v1/documents', form)
}

async function me(client: Client): Promise<Me> {
  return (await client.request<Me>('GET', '/v1/me')).body
}

async function shares(client: Client): Promise<Me['quota']> {
  return (await me(client)).quota
}

function text(words: string): Uint8Array {
  return Buffer.from(words)
}

/** Paragraphs that are not alike, so that each is a passage or a part of one. */
function longText(paragraphs: number): string {
  return Array.from({ length: paragraphs }, (_, i) =>
    Array.from({ length: 120 }, (_unused, j) => `word${(i * 131 + j * 17) % 4_999}`).join(' '),
  ).join('.\n\n')
}
