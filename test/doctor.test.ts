/** `carrel doctor`: set-ups that are broken in one way each, and what it says of them. */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeDirectory } from '../src/base/fs.ts'
import { Control } from '../src/control/control.ts'
import { examine } from '../src/doctor.ts'
import type { Machine } from '../src/doctor-checks.ts'
import { controlDbPath, serverDirectory } from '../src/tenancy/layout.ts'
import { closeStore, openStore } from '../src/tenancy/store.ts'
import type { TenantId } from '../src/tenancy/tenant-id.ts'
import { temporaryDirectory } from './helpers.ts'

type Env = Record<string, string>

/** One of everything that needs no library, each with a fault of its own. */
const broken: readonly [
  name: string,
  check: string,
  remedy: RegExp,
  make: (dataDir: string) => Env,
  machine?: Partial<Machine>,
][] = [
  ['a setting of the wrong kind', 'settings', /Change SHARDS/, () => ({ SHARDS: 'many' })],
  [
    'everybody’s address without a login',
    'settings',
    /Change HOST/,
    () => ({ HOST: '0.0.0.0', JWT_SECRET: '' }),
  ],
  ['a Node that is too old', 'node', /24\.12/, () => ({}), { nodeVersion: 'v22.3.0' }],
  [
    'a data directory that is a file',
    'data directory',
    /name a directory/,
    (dataDir) => {
      writeFileSync(join(dataDir, 'x'), '')
      return { DATA_DIR: join(dataDir, 'x') }
    },
  ],
  ['a full disk', 'disk', /Make room/, () => ({}), { freeBytes: () => 1_000 }],
  ['too few descriptors', 'descriptors', /LimitNOFILE/, () => ({}), { storesMax: 9 }],
  [
    'a tiers file with a slip',
    'tiers',
    /Mend that line/,
    (dataDir) => {
      const path = join(dataDir, '..', `tiers-${process.pid}.json`)
      writeFileSync(path, '{"free": {"documents": -1}}')
      return { TIERS_FILE: path }
    },
  ],
  [
    'a program for pictures that is not there',
    'ocr',
    /apt-get install/,
    () => ({
      OCR: 'tesseract',
      PATH: '/nowhere',
    }),
  ],
  [
    'a key set that nobody serves',
    'JWT_JWKS_URL',
    /curl/,
    () => ({
      JWT_JWKS_URL: 'http://127.0.0.1:1/keys',
    }),
  ],
  ['a provider that is not there', 'OIDC_ISSUER', /curl/, () => provider('http://127.0.0.1:1')],
  [
    'a provider that has another name',
    'OIDC_ISSUER',
    /OIDC_ISSUER=http:\/\/127\.0\.0\.1:9\/realms\/b$/,
    () => provider('http://127.0.0.1:9/realms/a'),
    { fetch: answering({ issuer: 'http://127.0.0.1:9/realms/b', authorization_endpoint: 'x' }) },
  ],
  [
    'an issuer that is spelled without its slash',
    'OIDC_ISSUER',
    /JWT_ISSUER=https:\/\/id\.example\/ before/,
    () => ({ ...provider('https://id.example'), JWT_ISSUER: 'https://id.example' }),
    { fetch: answering({ issuer: 'https://id.example/', authorization_endpoint: 'x' }) },
  ],
  [
    'an address that is no provider',
    'OIDC_ISSUER',
    /before \/\.well-known/,
    () => provider('http://127.0.0.1:9'),
    { fetch: answering('<html>') },
  ],
  [
    'a key file that is not there',
    'keys',
    /openssl rand/,
    () => ({ SECRETS_KEY_FILE: '/nowhere/key' }),
  ],
  [
    'a key file that others can read',
    'keys',
    /chmod 600/,
    (dataDir) => {
      const path = join(dataDir, '.carrel', 'own-key')
      mkdirSync(join(dataDir, '.carrel'), { mode: 0o700 })
      writeFileSync(path, Buffer.alloc(32).toString('base64'), { mode: 0o644 })
      return { SECRETS_KEY_FILE: path }
    },
  ],
  [
    'kept keys that are damaged',
    'keys',
    /user who runs Carrel/,
    (dataDir) => {
      mkdirSync(join(dataDir, '.carrel'), { mode: 0o700 })
      writeFileSync(join(dataDir, '.carrel', 'secrets-key'), 'half a k', { mode: 0o600 })
      return {}
    },
  ],
  [
    'any application’s tokens',
    'login',
    /JWT_AUDIENCE/,
    () => ({
      JWT_JWKS_URL: 'http://127.0.0.1:1/keys',
    }),
  ],
  [
    'a model that is not running',
    'CHAT_URL',
    /running/,
    () => ({
      CHAT_URL: 'http://127.0.0.1:1/v1',
      CHAT_MODEL: 'm',
    }),
  ],
  [
    'keys that others can read',
    'data directory',
    /chmod 700/,
    (dataDir) => {
      mkdirSync(join(dataDir, '.carrel'))
      chmodSync(join(dataDir, '.carrel'), 0o755)
      return {}
    },
  ],
  [
    'something else in the data directory',
    'data directory',
    /elsewhere/,
    (dataDir) => {
      mkdirSync(join(dataDir, 'My Documents'))
      return {}
    },
  ],
  [
    'records that are no database',
    'records',
    /control\.db of a backup/,
    (dataDir) => {
      mkdirSync(join(dataDir, '.carrel'), { mode: 0o700 })
      writeFileSync(join(dataDir, '.carrel', 'control.db'), 'this is no database at all'.repeat(99))
      return {}
    },
  ],
]

test.each(broken)('%s is found, with what to do', async (_, check, remedy, make, machine) => {
  const dataDir = temporaryDirectory()
  const env: Env = { DATA_DIR: dataDir, PORT: '0', SHARDS: '1', ...make(dataDir) }
  const found = await examine(env, machine)
  const named = found.filter((finding) => finding.check === check && finding.level !== 'ok')
  expect(named).not.toEqual([])
  expect(named.map((finding) => finding.remedy).join(' ')).toMatch(remedy)
  const others = found.filter(({ level }) => level === 'fault').map((finding) => finding.check)
  // Nothing else is blamed.
  expect(others.filter((other) => other !== check)).toEqual(
    check === 'login' ? ['JWT_JWKS_URL'] : [],
  )
  if (env['TIERS_FILE']) rmSync(env['TIERS_FILE'])
})

test('secrets that no key opens are named, with where their key was', async () => {
  const dataDir = temporaryDirectory()
  makeDirectory(serverDirectory(dataDir))
  const control = await Control.open(controlDbPath(dataDir))
  const { id } = await control.webhooks.add('https://a.example/', ['document.ready'], 1)
  await control.close()
  const env: Env = { DATA_DIR: dataDir, PORT: '0', SHARDS: '1', LOG_LEVEL: 'silent' }
  rmSync(join(dataDir, '.carrel', 'secrets-key'))
  const found = (await examine(env)).filter(({ check }) => check === 'secrets')
  expect(found).toMatchObject([
    { level: 'fault', remedy: expect.stringMatching(/secrets-key back.*SECRETS_KEY_OLD/) },
  ])
  expect(found[0]?.what).toContain(id)
})

test('a port that somebody has', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const found = await examine({ DATA_DIR: temporaryDirectory(), PORT: String(port), SHARDS: '1' })
  expect(found.find(({ check }) => check === 'port')).toMatchObject({
    level: 'fault',
    remedy: expect.stringMatching(/set PORT/),
  })
  server.close()
})

test('libraries that are damaged, another’s, missing or held back are named, and a sound one is not', async () => {
  const dataDir = temporaryDirectory()
  const env: Env = { DATA_DIR: dataDir, PORT: '0', SHARDS: '1', LOG_LEVEL: 'silent' }
  makeDirectory(serverDirectory(dataDir))
  const control = await Control.open(controlDbPath(dataDir))
  for (const userId of ['sound', 'damaged', 'foreign', 'missing', 'held']) {
    const id = userId as TenantId
    const store = openStore(dataDir, id, { generation: undefined, create: true })
    await control.addTenant({ id, userId, generation: store.generation, atMs: 1 })
    closeStore(store)
    await control.setHint(id, false)
  }
  const suspended = { state: 'suspended', untilMs: null, detail: null, changedAtMs: 1 } as const
  await control.setState('held' as TenantId, suspended)
  await control.close()
  writeFileSync(join(dataDir, 'damaged', 'app.db'), Buffer.alloc(8_192, 7))
  rmSync(join(dataDir, 'missing'), { recursive: true })
  rmSync(join(dataDir, 'foreign', 'app.db'))
  copyFileSync(join(dataDir, 'sound', 'app.db'), join(dataDir, 'foreign', 'app.db'))
  const found = await examine(env)
  const of = (user: string) => found.find(({ check }) => check === `library ${user}`)
  expect(of('sound')).toBeUndefined()
  expect(found.find(({ check }) => check === 'secrets')).toBeUndefined()
  expect(of('damaged')).toMatchObject({
    level: 'fault',
    remedy: expect.stringMatching(/carrel restore damaged/),
  })
  expect(of('foreign')).toMatchObject({
    level: 'fault',
    remedy: expect.stringMatching(/tenant adopt foreign/),
  })
  expect(of('missing')).toMatchObject({
    level: 'fault',
    remedy: expect.stringMatching(/carrel restore missing/),
  })
  expect(of('held')).toMatchObject({
    level: 'warning',
    remedy: expect.stringMatching(/tenant resume held/),
  })
  expect(found.find(({ check }) => check === 'libraries')?.what).toBe('1 of 5 can be opened')
  // Looking changes nothing: what is at rest is at rest again.
  expect(readdirSync(join(dataDir, 'sound')).toSorted()).toEqual([
    'app.db',
    'books',
    'uploads',
    'vecs.db',
  ])
})

function provider(issuer: string): Env {
  return { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: 'carrel', PUBLIC_URL: 'https://library.example' }
}

function answering(body: unknown): typeof fetch {
  return async () => new Response(typeof body === 'string' ? body : JSON.stringify(body))
}
