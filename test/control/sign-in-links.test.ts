/** Links that sign somebody in: once, for a day, kept over a restart as hashes, gone with their user. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Control } from '../../src/control/control.ts'
import { LinkUsers } from '../../src/control/link-users.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { temporaryDirectory } from '../helpers.ts'

const ann = 'ann' as TenantId
const dayMs = 24 * 3_600_000
const codeOf = ({ url }: { url: string }) => url.slice(url.indexOf('#') + 1)

test('a link is good once, within a day, also after a restart; the user is added once', async () => {
  const path = join(temporaryDirectory(), 'control.db')
  let nowMs = 1_800_000_000_000
  const open = async () => {
    const control = await Control.open(path)
    const origin = { label: undefined, publicOrigin: 'https://library.example' }
    return { control, users: new LinkUsers({ control, ...origin, nowMs: () => nowMs }) }
  }
  const first = await open()
  await expect(first.users.link('ann')).rejects.toMatchObject({ code: 'not_found' })
  await expect(first.users.add('a\u0000b', undefined)).rejects.toMatchObject({
    code: 'invalid_request',
  })
  await first.control.allowances.override(ann, { limits: { documents: 7 } })
  const replaced = await first.users.add('ann', 'paid')
  expect(first.control.allowances.of(ann)?.overrides).toEqual({
    tier: 'paid',
    limits: { documents: 7 },
  })
  const used = await first.users.link('ann')
  expect(used.expires_at).toBe(new Date(nowMs + dayMs).toISOString())
  expect(await first.control.links.redeem(codeOf(replaced), nowMs)).toBeUndefined()
  const both = await Promise.all([
    first.control.links.redeem(codeOf(used), nowMs),
    first.control.links.redeem(codeOf(used), nowMs),
  ])
  expect(both.map((link) => link?.tenant)).toEqual([ann, undefined])
  const kept = await first.users.add('ann', undefined)
  await first.control.close()

  const second = await open()
  expect(await second.control.links.redeem(codeOf(used), nowMs)).toBeUndefined()
  const link = await second.control.links.redeem(codeOf(kept), nowMs + dayMs - 1)
  expect(link).toMatchObject({ tenant: ann, userId: 'ann', createdAtMs: nowMs })
  await second.control.addTenant({ id: ann, userId: 'ann', generation: 'g', atMs: nowMs })
  await expect(second.users.add('ann', undefined)).rejects.toMatchObject({ code: 'conflict' })
  const late = await second.users.link('ann')
  nowMs += dayMs
  expect(await second.control.links.redeem(codeOf(late), nowMs)).toBeUndefined()
  const orphan = await second.users.link('ann')
  await second.control.endDeletion(ann, 'g', 'a hash')
  expect(await second.control.links.redeem(codeOf(orphan), nowMs)).toBeUndefined()
  await second.control.close()

  const third = await open()
  expect(third.control.links.has(ann)).toBe(false)
  await third.control.close()
})
