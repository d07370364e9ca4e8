/** Secrets at rest: they open in their place under their key and nowhere else, and every rotation can be interrupted. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeDirectory } from '../../src/base/fs.ts'
import { openDb } from '../../src/base/sqlite.ts'
import { StartError } from '../../src/base/start-error.ts'
import { chatKeysSql } from '../../src/control/chat-keys.ts'
import { Control } from '../../src/control/control.ts'
import { controlApplicationId, controlMigrations } from '../../src/control/schema.ts'
import { type GivenKeys, SecretKeys } from '../../src/control/secret-keys.ts'
import { parseRoot, SecretFault, Secrets } from '../../src/control/secrets.ts'
import { controlDbPath, secretsKeyPath, serverDirectory } from '../../src/tenancy/layout.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { temporaryDirectory } from '../helpers.ts'

const root = (fill: number): Buffer => Buffer.alloc(32, fill)
const alice = 'alice' as TenantId
const place = { purpose: 'webhook', owner: 'hook_a' } as const
const newPath = (): string => {
  const dataDir = temporaryDirectory()
  makeDirectory(serverDirectory(dataDir))
  return controlDbPath(dataDir)
}
const open = (path: string, given?: GivenKeys) => Control.open(path, undefined, given)
const addAlice = (control: Control) =>
  control.addTenant({ id: alice, userId: 'alice', generation: 'g', atMs: 1 })
const inFiles = (path: string, text: string): boolean =>
  [path, `${path}-wal`].some((file) => existsSync(file) && readFileSync(file).includes(text))

test('what is sealed opens under its key and in its place alone, and no bit of it can be changed', () => {
  const secrets = new Secrets([root(1)])
  fc.assert(
    fc.property(fc.string(), fc.nat(), (text, bit) => {
      const sealed = secrets.seal(text, place)
      expect(secrets.open(sealed, place)).toBe(text)
      expect(secrets.seal(text, place)).not.toBe(sealed)
      expect(() => secrets.open(sealed, { ...place, owner: 'hook_b' })).toThrow(SecretFault)
      expect(() => secrets.open(sealed, { ...place, purpose: 'chat_key' })).toThrow(SecretFault)
      const [head, id, body = ''] = sealed.split('.')
      const bytes = Buffer.from(body, 'base64url')
      const at = bit % (bytes.length * 8)
      bytes.writeUInt8(bytes.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3)
      const changed = `${head}.${id}.${bytes.toString('base64url')}`
      expect(() => secrets.open(changed, place)).toThrow(SecretFault)
    }),
    { numRuns: 20 },
  )
  expect(secrets.open(secrets.seal('ключ 鍵 🔑', place), place)).toBe('ключ 鍵 🔑')
  const sealed = secrets.seal('text', place)
  expect(new Secrets([root(2), root(1)]).open(sealed, place)).toBe('text')
  expect(() => new Secrets([root(2)]).open(sealed, place)).toThrow('which this server has not')
  for (const broken of ['', 'text', 'sealed1', 'sealed1.', `${sealed.slice(0, 25)}`])
    expect(() => secrets.open(broken, place)).toThrow(SecretFault)
})

test('a key is 32 bytes, in base64 or hexadecimal', () => {
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, at) => 255 - at * 5))
  for (const encoding of ['base64', 'base64url', 'hex'] as const)
    expect(parseRoot(bytes.toString(encoding))).toEqual(bytes)
  for (const text of ['', 'x'.repeat(32), bytes.subarray(1).toString('hex'), '!'.repeat(43)])
    expect(parseRoot(text)).toBeUndefined()
})

test('a secret in the clear from before is sealed, and is gone from the files', async () => {
  const path = newPath()
  const db = openDb(path, {
    mode: 'open-or-create',
    synchronous: 'FULL',
    applicationId: controlApplicationId,
    migrations: controlMigrations.slice(0, controlMigrations.indexOf(chatKeysSql)),
  })
  db.run(
    'INSERT INTO webhooks (id, url, secret, events, created_at) VALUES (?, ?, ?, ?, ?)',
    ...['hook_old', 'https://a.example/', 'whsec_in-the-clear', 'document.ready', 1],
  )
  db.close()
  expect(inFiles(path, 'whsec_in-the-clear')).toBe(true)
  const first = await open(path)
  expect(await first.sealing.sealClear()).toEqual([])
  const secretIn = (control: Control) =>
    control.webhooks.list().map((one) => control.webhooks.secretOf(one))
  expect(secretIn(first)).toEqual(['whsec_in-the-clear'])
  expect(inFiles(path, 'whsec_in-the-clear')).toBe(false)
  const made = await first.webhooks.add('https://b.example/', ['document.ready'], 2)
  expect(inFiles(path, made.secret)).toBe(false)
  await first.close()
  const second = await open(path)
  expect(secretIn(second)).toEqual(['whsec_in-the-clear', made.secret])
  await second.close()
  expect(statSync(secretsKeyPath(path)).mode & 0o777).toBe(0o600)
})

test('a rotation seals everything anew; a key that is lost takes its own secrets along and nothing else', async () => {
  const path = newPath()
  const first = await open(path)
  await addAlice(first)
  const { id, secret } = await first.webhooks.add('https://a.example/', ['document.ready'], 1)
  await first.chatKeys.set(alice, 'sk-alice', null, 1)
  const before = readFileSync(secretsKeyPath(path), 'utf8')
  // Two at once, and something new between them.
  const rotations = [first.sealing.rotate(), first.sealing.rotate()]
  const late = await first.webhooks.add('https://b.example/', ['document.ready'], 2)
  for (const { unopened } of await Promise.all(rotations)) expect(unopened).toEqual([])
  const after = readFileSync(secretsKeyPath(path), 'utf8')
  expect(after).not.toBe(before)
  expect(after.trim().split('\n').length).toBe(1)
  const secretsOf = (control: Control) => ({
    hooks: control.webhooks.list().map((one) => control.webhooks.secretOf(one)),
    key: control.chatKeys.of(alice),
  })
  const all = {
    hooks: [secret, late.secret],
    key: { model: null, createdAtMs: 1, key: 'sk-alice' },
  }
  expect(secretsOf(first)).toEqual(all)
  await first.close()
  // The operator's own key: what the kept one sealed still opens, and is taken over.
  const second = await open(path, { current: root(7) })
  expect(secretsOf(second)).toEqual(all)
  expect(await second.sealing.rotate()).toMatchObject({ resealed: 3, unopened: [] })
  expect(existsSync(secretsKeyPath(path))).toBe(false)
  await second.close()
  const wrong = await open(path, { current: root(8) })
  expect((await wrong.sealing.sealClear()).length).toBe(3)
  expect(wrong.chatKeys.of(alice)).toMatchObject({
    fault: expect.stringContaining('which this server has not'),
  })
  const [lost] = wrong.webhooks.list()
  expect(() => lost && wrong.webhooks.secretOf(lost)).toThrow('SECRETS_KEY_OLD')
  const fresh = await wrong.webhooks.add('https://c.example/', ['document.ready'], 3)
  const { resealed, unopened } = await wrong.sealing.rotate()
  expect([resealed, unopened.map(({ purpose }) => purpose)]).toEqual([
    0,
    ['webhook', 'webhook', 'chat_key'],
  ])
  const kept = wrong.webhooks.get(fresh.id)
  expect(kept && wrong.webhooks.secretOf(kept)).toBe(fresh.secret)
  await wrong.close()
  const third = await open(path, { current: root(9), old: root(7) })
  const hook = third.webhooks.get(id)
  expect(hook && third.webhooks.secretOf(hook)).toBe(secret)
  expect(third.chatKeys.of(alice)).toEqual(all.key)
  await third.close()
})

test('a rotation that was interrupted anywhere loses nothing, and the next completes it', async () => {
  const path = newPath()
  const keyPath = secretsKeyPath(path)
  const first = await open(path)
  const { secret } = await first.webhooks.add('https://a.example/', ['document.ready'], 1)
  await first.close()
  // As a crash leaves it: another key was made, and no row, or this one alone, is sealed under it.
  new SecretKeys(keyPath).begin()
  expect(readFileSync(keyPath, 'utf8').trim().split('\n').length).toBe(2)
  const second = await open(path)
  const late = await second.webhooks.add('https://b.example/', ['document.ready'], 2)
  await second.close()
  const third = await open(path)
  const opened = () => third.webhooks.list().map((one) => third.webhooks.secretOf(one))
  expect(opened()).toEqual([secret, late.secret])
  expect(await third.sealing.rotate()).toMatchObject({ resealed: 2, unopened: [] })
  expect(opened()).toEqual([secret, late.secret])
  expect(readFileSync(keyPath, 'utf8').trim().split('\n').length).toBe(1)
  await third.close()
})

test('a damaged file of keys stops the start with a sentence; whoever is deleted takes the key along', async () => {
  const path = newPath()
  const control = await open(path)
  await addAlice(control)
  await control.chatKeys.set(alice, 'sk-alice', 'big', 1)
  await control.endDeletion(alice, 'g', 'x')
  expect(control.chatKeys.of(alice)).toBeUndefined()
  // Of somebody who is not there nothing is written down.
  await control.chatKeys.set(alice, 'sk-late', null, 2)
  expect(control.chatKeys.of(alice)).toBeUndefined()
  expect(await control.ask('secrets.rows', null)).toEqual([])
  await control.close()
  writeFileSync(secretsKeyPath(path), 'half a k')
  await expect(open(path)).rejects.toThrow(StartError)
  expect(dirname(secretsKeyPath(path))).toBe(dirname(path))
})
