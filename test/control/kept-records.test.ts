/** What a lost control.db must not lose: its own copies by the clock, and an account's tier in the copies of its library. */
import { copyFileSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Client, signToken } from '../../bench/lib/client.ts'
import { openLogs } from '../../src/base/log.ts'
import { readConfig } from '../../src/config.ts'
import { createContext } from '../../src/context.ts'
import { Control } from '../../src/control/control.ts'
import { ControlSnapshots } from '../../src/control/control-snapshots.ts'
import { controlSnapshots } from '../../src/tenancy/layout.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { temporaryDirectory } from '../helpers.ts'

const secret = 'a secret of more than thirty-two bytes, really'
const adminToken = 'operator-token-of-this-test-at-length'
const hourMs = 3_600_000

test('control.db is copied by the clock; a copy opens with what was known, and old ones go', async () => {
  const snapshotsDir = temporaryDirectory()
  const control = await Control.open(join(temporaryDirectory(), 'control.db'))
  const ann = 'ann' as TenantId
  await control.addTenant({ id: ann, userId: 'ann', generation: 'g', atMs: 1 })
  await control.allowances.override(ann, { tier: 'ultra' })
  await control.revocations.revoke({ kind: 'user', name: 'ben', atMs: 5 })
  let now = Date.UTC(2026, 0, 1)
  const snapshots = new ControlSnapshots({
    control,
    snapshotsDir,
    policy: { last: 2, hourly: 0, daily: 0, weekly: 0, monthly: 0 },
    everyMs: hourMs,
    nowMs: () => now,
  })
  const first = await snapshots.look()
  now += hourMs - 1
  expect(await snapshots.look()).toBeUndefined()
  const back = join(temporaryDirectory(), 'control.db')
  copyFileSync(first ?? '', back)
  const copy = await Control.open(back)
  expect(copy.tenant(ann)?.userId).toBe('ann')
  expect(copy.allowances.of(ann)?.overrides).toEqual({ tier: 'ultra' })
  const login = { subject: 'ben' as TenantId, issuedAtMs: 4 }
  expect(copy.revocations.isRevoked(login)).toBe(true)
  await copy.close()
  for (let more = 0; more < 3; more++) {
    now += hourMs
    expect(await snapshots.look()).toBeDefined()
  }
  expect(readdirSync(controlSnapshots(snapshotsDir))).toHaveLength(2)
  expect(existsSync(first ?? '')).toBe(false)
  await control.close()
})

test('an account that the server knows nothing of gets its tier and limits back with its library', async () => {
  const limits = { documents: 7 }
  const settings = {
    ADMIN_TOKEN: adminToken,
    JWT_SECRET: secret,
    PORT: '0',
    SHARDS: '1',
    SNAPSHOTS_DIR: temporaryDirectory(),
  }
  const open = (DATA_DIR: string) =>
    createContext(readConfig({ ...settings, DATA_DIR }), openLogs('silent'))
  let name = ''
  {
    await using first = await open(temporaryDirectory())
    const { url } = await first.listen()
    await new Client(url, await signToken(secret, 'ann', { tier: 'paid' })).request('GET', '/v1/me')
    const path = '/admin/v1/tenants/ann/allowance'
    expect(await new Client(url, adminToken).request('PUT', path, { limits })).toMatchObject({
      status: 200,
    })
    name = (await first.care.snapshots.create(first.care.lifecycle.find('ann').id)).name
  }
  await using second = await open(temporaryDirectory())
  const { url } = await second.listen()
  const allowanceOf = async (user: string) =>
    (await new Client(url, adminToken).request('GET', `/admin/v1/tenants/${user}/allowance`)).body
  const ann = 'ann' as TenantId
  await second.care.snapshots.restoreNamed(ann, name, undefined, false)
  expect(await allowanceOf('ann')).toMatchObject({ tier: 'paid', overrides: { limits } })
  await second.care.snapshots.restoreNamed(ann, name, 'ben', false)
  expect(await allowanceOf('ben')).toMatchObject({ tier: 'free', overrides: null })
})
