/** Whole libraries over HTTP, for real: held back, copied, put back, deleted; and what a crash in between leaves. */
import { execFileSync } from 'node:child_process'
import { createHash, createPublicKey, verify } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client, signToken } from '../../bench/lib/client.ts'
import { type RunningServer, startServer } from '../../bench/lib/server.ts'
import { openDb } from '../../src/base/sqlite.ts'
import { controlApplicationId, controlMigrations } from '../../src/control/schema.ts'
import { keptDirectory } from '../helpers.ts'

const secret = 'a lifecycle secret of more than 32 bytes'
const adminToken = 'an operator’s token, long enough'.normalize('NFKD').replaceAll(/[^a-z]/g, '-')
const settings = { JWT_SECRET: secret, ADMIN_TOKEN: adminToken, WEBHOOKS_PRIVATE: 'true' }
const dataDir = keptDirectory()
let server: RunningServer
let admin: Client
const note = (text: string): Uint8Array => new TextEncoder().encode(text)
const start = async (): Promise<void> => {
  server = await startServer(dataDir, settings)
  admin = new Client(server.url, adminToken)
}
const client = async (user: string): Promise<Client> =>
  new Client(server.url, await signToken(secret, user))
/** A token of the future counts as issued after a deletion of now; thirty seconds of it are allowed. */
const laterClient = async (user: string): Promise<Client> => {
  const now = Math.floor(Date.now() / 1000)
  const token = new SignJWT({ sub: user })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt(now + 5)
    .setExpirationTime(now + 3600)
  return new Client(server.url, await token.sign(new TextEncoder().encode(secret)))
}
const state = (user: string, body: unknown) =>
  admin.request<{ state: string; code: string; until: string | null }>(
    'PUT',
    `/admin/v1/tenants/${user}/state`,
    body,
  )
const withNote = async (user: string, text: string): Promise<Client> => {
  const its = await client(user)
  await its.settled((await its.upload(`${user}.md`, note(text))).id)
  return its
}
const me = (its: Client) => its.request<{ code: string; user_id: string }>('GET', '/v1/me')

beforeAll(start)
afterAll(() => server.stop())

test('a library that is read-only is searched but not changed; suspended, nothing; resumed, all', async () => {
  const ann = await withNote('ann', '# A\n\nThe quagga grazes.')
  expect((await state('ann', { state: 'read_only' })).body).toMatchObject({ state: 'read_only' })
  expect(await ann.search('quagga')).toHaveLength(1)
  await expect(ann.upload('b.md', note('# B\n\nMore.'))).rejects.toThrow('tenant_read_only')
  await server.kill()
  await start() // and what a crash left is put right first, though nobody may write
  expect(await (await client('ann')).search('quagga')).toHaveLength(1)
  await state('ann', { state: 'suspended' })
  const refusal = { status: 403, body: { code: 'tenant_suspended' } }
  expect(await me(await client('ann'))).toMatchObject(refusal)
  await server.kill()
  await start()
  expect(await me(await client('ann'))).toMatchObject(refusal)
  expect((await state('ann', { state: 'active' })).body.state).toBe('active')
  expect(await (await client('ann')).search('quagga')).toHaveLength(1)
})

test('a library at rest has no log and can be copied; it answers 503, and opens when it is let go or its time is up', async () => {
  const ben = await withNote('ben', '# A\n\nThe thylacine sleeps.')
  const held = await state('ben', { state: 'at_rest', seconds: 60 })
  expect(held.body.state).toBe('at_rest')
  expect(readdirSync(join(dataDir, 'ben')).sort()).toEqual([
    'app.db',
    'books',
    'uploads',
    'vecs.db',
  ])
  const response = await fetch(`${server.url}/v1/me`, {
    headers: { authorization: `Bearer ${await signToken(secret, 'ben')}` },
  })
  expect(response.status).toBe(503)
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  const waiting = ben.search('thylacine')
  await state('ben', { state: 'active' })
  expect(await waiting).toHaveLength(1)
  await state('ben', { state: 'at_rest', seconds: 1 })
  expect(await ben.search('thylacine')).toHaveLength(1)
})

test('a snapshot of a library in use is complete, and restores to the same user and to another', async () => {
  const cleo = await withNote('cleo', '# A\n\nThe dodo walks.')
  const made = await admin.request<{ name: string; documents: number }>(
    'POST',
    '/admin/v1/tenants/cleo/snapshots',
  )
  expect(made).toMatchObject({ status: 201, body: { documents: 1, files: 3 } })
  const [document] = await cleo.documents()
  await cleo.request('DELETE', `/v1/documents/${document?.id}`)
  expect(await cleo.search('dodo')).toEqual([])
  const path = `/admin/v1/tenants/cleo/snapshots/${made.body.name}/restore`
  expect(await admin.request('POST', path, {})).toMatchObject({
    status: 409,
    body: { code: 'conflict' },
  })
  expect((await admin.request('POST', path, { as: 'dora' })).status).toBe(200)
  expect(await (await client('dora')).search('dodo')).toHaveLength(1)
  expect((await admin.request('POST', path, { replace: true })).status).toBe(200)
  expect(await cleo.search('dodo')).toHaveLength(1)
  expect(await cleo.documents()).toEqual([document])
  const { body } = await admin.request<{ items: { name: string }[] }>(
    'GET',
    '/admin/v1/tenants/cleo/snapshots',
  )
  expect(body.items.map(({ name }) => name)).toEqual([made.body.name])
  await cleo.upload('new.md', note('# New\n\nWritten after the restore.'))
  expect(await cleo.documents()).toHaveLength(2)
})

test('a snapshot in which a byte changed is refused', async () => {
  await withNote('eve', '# A\n\nThe moa runs.')
  const made = await admin.request<{ name: string }>('POST', '/admin/v1/tenants/eve/snapshots')
  const book = join(dataDir, '.carrel/snapshots/eve', made.body.name, 'books')
  const [name] = readdirSync(book)
  const bytes = readFileSync(join(book, name ?? ''))
  rmSync(join(book, name ?? ''))
  writeFileSync(join(book, name ?? ''), Buffer.concat([bytes, Buffer.from(' ')]))
  expect(
    await admin.request('POST', `/admin/v1/tenants/eve/snapshots/${made.body.name}/restore`, {
      as: 'eva',
    }),
  ).toMatchObject({ status: 503, body: { code: 'tenant_damaged' } })
  expect(existsSync(join(dataDir, 'eva'))).toBe(false)
})

test('an export is a tar of exactly the directory and a manifest, and leaves no copy behind', async () => {
  await withNote('joy', '# A\n\nThe kea calls.')
  const response = await fetch(`${server.url}/v1/export`, {
    headers: { authorization: `Bearer ${await signToken(secret, 'joy')}` },
  })
  const [archive, into] = [join(keptDirectoryOf, 'joy.tar'), join(keptDirectoryOf, 'joy')]
  const bytes = Buffer.from(await response.arrayBuffer())
  expect(bytes.length).toBe(Number(response.headers.get('content-length')))
  writeFileSync(archive, bytes)
  mkdirSync(into)
  execFileSync('tar', ['-xf', archive, '-C', into])
  expect(readdirSync(into).sort()).toEqual(['app.db', 'books', 'manifest.json', 'vecs.db'])
  const { files, user_id } = JSON.parse(readFileSync(join(into, 'manifest.json'), 'utf8'))
  expect(user_id).toBe('joy')
  for (const { path, sha256 } of files)
    expect(
      createHash('sha256')
        .update(readFileSync(join(into, path)))
        .digest('hex'),
    ).toBe(sha256)
  await expect.poll(() => readdirSync(join(dataDir, '.carrel/staging'))).toEqual([])
})

test('a deleted account leaves nothing, its login makes nothing, a later one meets nothing old', async () => {
  const fay = await withNote('fay', '# A\n\nThe auk dives.')
  await admin.request('POST', '/admin/v1/tenants/fay/snapshots')
  await state('fay', { state: 'at_rest', seconds: 60 })
  const copy = join(keptDirectoryOf, 'fay')
  cpSync(join(dataDir, 'fay'), copy, { recursive: true })
  await state('fay', { state: 'active' })
  expect(await fay.request('DELETE', '/v1/me', { confirm: 'Fay' })).toMatchObject({ status: 400 })
  const { status, body } = await fay.request<{
    statement: string
    signature: string
    public_key: string
  }>('DELETE', '/v1/me', { confirm: 'fay' })
  expect(status).toBe(200)
  const key = createPublicKey({
    key: Buffer.from(body.public_key, 'base64'),
    type: 'spki',
    format: 'der',
  })
  const signature = Buffer.from(body.signature, 'base64')
  expect(verify(null, Buffer.from(body.statement), key, signature)).toBe(true)
  expect(JSON.parse(body.statement)).toMatchObject({ user_id: 'fay', erased: { snapshots: 1 } })
  for (const place of ['', '.carrel/snapshots', '.carrel/trash'])
    expect(readdirSync(join(dataDir, place)).filter((name) => name.startsWith('fay'))).toEqual([])
  expect(await me(fay)).toMatchObject({ status: 401, body: { code: 'unauthorized' } })
  expect(existsSync(join(dataDir, 'fay'))).toBe(false)

  type Row = { action: string; outcome: string; user: string | null; target: string | null }
  const trail = (await admin.request<{ items: Row[] }>('GET', '/admin/v1/audit?limit=100')).body
  const [done, begun] = trail.items.filter(({ action }) => action === 'account.delete')
  const { generation } = JSON.parse(body.statement)
  expect(begun).toMatchObject({ outcome: 'begun', user: null, target: generation })
  expect(done).toMatchObject({ outcome: 'ok', user: null, target: generation })
  expect(JSON.stringify(trail)).not.toContain('"fay"')
  const check = await admin.request('GET', '/admin/v1/audit/check')
  expect(check.body).toMatchObject({ faults: [], names: [] })
  const used = await admin.request('GET', '/admin/v1/usage')
  expect(JSON.stringify(used.body)).not.toContain('"fay"')

  cpSync(copy, join(dataDir, 'fay'), { recursive: true })
  const later = await laterClient('fay')
  expect(await me(later)).toMatchObject({ status: 503, body: { code: 'tenant_mismatch' } })
  rmSync(join(dataDir, 'fay'), { recursive: true })
  expect(await later.search('auk')).toEqual([])
  expect(await me(fay)).toMatchObject({ status: 401 })
})

test('the operator’s systems are told what happens to a library, from its first day to its last', async () => {
  const told: { type: string; data: Record<string, unknown> }[] = []
  const endpoint = createServer(async (request, response) => {
    told.push(
      (await new Response(Readable.toWeb(request) as ReadableStream).json()) as (typeof told)[0],
    )
    response.end()
  })
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`
  const hook = await admin.request<{ id: string }>('POST', '/admin/v1/webhooks', { url })
  expect(hook.status).toBe(201)
  const kim = await withNote('kim', '# A\n\nThe knot wades.')
  await expect.poll(async () => (await kim.documents())[0]?.status).toBe('ready')
  await admin.request('POST', '/admin/v1/tenants/kim/snapshots')
  await state('kim', { state: 'suspended' })
  await state('kim', { state: 'active' })
  await expect.poll(() => told.length, { timeout: 15_000 }).toBe(4)
  expect((await kim.request('DELETE', '/v1/me', { confirm: 'kim' })).status).toBe(200)
  await expect.poll(() => told.length, { timeout: 15_000 }).toBe(5)
  expect(told.map(({ type }) => type).toSorted()).toEqual([
    'document.ready',
    'snapshot.made',
    'tenant.created',
    'tenant.deleted',
    'tenant.suspended',
  ])
  for (const { data } of told) expect(data).toMatchObject({ tenant: 'kim', user_id: 'kim' })
  expect(JSON.stringify(told)).not.toMatch(/knot wades|kim\.md/)
  await admin.request('DELETE', `/admin/v1/webhooks/${hook.body.id}`)
  endpoint.close()
})

test('a deletion that a crash cut short is completed by the next start', async () => {
  await withNote('gil', '# A\n\nThe rail hides.')
  await withNote('hal', '# A\n\nThe teal swims.')
  await server.stop()
  const control = openDb(join(dataDir, '.carrel/control.db'), {
    mode: 'open',
    synchronous: 'FULL',
    applicationId: controlApplicationId,
    migrations: controlMigrations,
  })
  const rows = control.all<{ id: string; generation: string }>(
    "SELECT id, generation FROM tenants WHERE id IN ('gil', 'hal')",
  )
  for (const { id } of rows)
    control.run("INSERT INTO tenant_states (id, state, changed_at) VALUES (?, 'deleting', 1)", id)
  control.close()
  // Hal's directory was renamed already.
  mkdirSync(join(dataDir, '.carrel/trash'), { recursive: true })
  const hal = rows.find(({ id }) => id === 'hal')
  renameSync(join(dataDir, 'hal'), join(dataDir, '.carrel/trash', `hal.${hal?.generation}`))
  await start()
  for (const user of ['gil', 'hal'])
    await expect
      .poll(async () => (await admin.request('GET', `/admin/v1/tenants/${user}`)).status, {
        timeout: 15_000,
      })
      .toBe(404)
  expect(readdirSync(join(dataDir, '.carrel/trash'))).toEqual([])
  expect(existsSync(join(dataDir, 'gil'))).toBe(false)
})

test('what an operator may do, nobody else may', async () => {
  const ida = await client('ida')
  for (const path of [
    '/admin/v1/tenants',
    '/admin/v1/tenants/ann',
    '/admin/v1/tenants/ann/snapshots',
  ])
    expect(await ida.request('GET', path)).toMatchObject({ status: 403 })
  const { body } = await admin.request<{ items: { user_id: string }[] }>(
    'GET',
    '/admin/v1/tenants?limit=2',
  )
  expect(body.items.map(({ user_id }) => user_id)).toEqual(['ann', 'ben'])
})

const keptDirectoryOf = keptDirectory()
