/**
 * Libraries of every released version, as its `GET /v1/export` gave them (`test/fixtures/releases/<version>.tar.gz`): restored
 * and opened by this one, they hold what they held. A release adds its own; none is ever made anew.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { presentVersions } from '../../src/tenancy/file-versions.ts'
import { tenantDirectory } from '../../src/tenancy/layout.ts'
import { stageRestore } from '../../src/tenancy/restore.ts'
import { verifySnapshot } from '../../src/tenancy/snapshot.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { unpack } from '../fixtures/archives.ts'
import { temporaryDirectory } from '../helpers.ts'
import { ShardLibrary } from './library.ts'

const place = join(import.meta.dirname, '../fixtures/releases')
const releases = readdirSync(place)
const tenant = 'restored' as TenantId

test('there is one of every release', () => {
  expect(releases).toContain('0.1.0.tar.gz')
})

test.for(releases)('%s', async (name) => {
  const [from, dataDir] = [temporaryDirectory(), temporaryDirectory()]
  for (const [path, bytes] of await unpack(gunzipSync(readFileSync(join(place, name))))) {
    mkdirSync(dirname(join(from, path)), { recursive: true })
    writeFileSync(join(from, path), bytes)
  }
  const manifest = verifySnapshot(from)
  expect(manifest.carrel).toBe(name.replace('.tar.gz', ''))
  const staged = tenantDirectory(dataDir, tenant)
  stageRestore({ from, staged, tenant, generation: 'g'.repeat(32) })
  const library = new ShardLibrary(tenant, { dataDir })
  const { app, vecs } = library.store
  expect([app.pragma('user_version'), vecs.pragma('user_version')]).toEqual([
    presentVersions.app,
    presentVersions.vecs,
  ])
  const [hit] = library.search('takahe nest', { mode: 'keyword' }).hits
  expect(hit).toMatchObject({ title: 'Of birds', page: 1 })
  library.settle()
  expect(library.embedded()).toEqual(library.published())
  expect(library.search('takahe', { mode: 'semantic' }).hits[0]?.title).toBe('Of birds')
  const rows = app.all('SELECT title, language_chosen FROM documents ORDER BY seq')
  expect(rows).toEqual([
    { title: 'Of birds', language_chosen: 'nl' },
    { title: expect.stringMatching(/^The harbour was empty/), language_chosen: null },
  ])
  expect(app.all('SELECT role FROM messages ORDER BY seq')).toHaveLength(2)
})
