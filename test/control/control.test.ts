/** The control plane: what it acknowledged is there after a restart; one holder at a time. */
import { expect, test } from 'vitest'
import { lockFile } from '../../src/base/file-lock.ts'
import { makeDirectory } from '../../src/base/fs.ts'
import { Control } from '../../src/control/control.ts'
import { controlDbPath, lockPath, serverDirectory } from '../../src/tenancy/layout.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { temporaryDirectory } from '../helpers.ts'

const dataDirectory = (): string => {
  const dataDir = temporaryDirectory()
  makeDirectory(serverDirectory(dataDir))
  return dataDir
}

test('tenants and hints are there after a restart', async () => {
  const path = controlDbPath(dataDirectory())
  const first = await Control.open(path)
  // More than are read at a time.
  const names = Array.from({ length: 2_100 }, (_, i) => `t${i}` as TenantId)
  await Promise.all(
    names.map((id) => first.addTenant({ id, userId: `user ${id}`, generation: 'g1', atMs: 1 })),
  )
  await Promise.all(names.slice(0, 150).map((id) => first.setHint(id, false)))
  await first.setHint('t3' as TenantId, true)
  await first.close()

  const second = await Control.open(path)
  expect(second.tenantCount).toBe(2_100)
  expect(second.tenant('t7' as TenantId)).toEqual({
    id: 't7',
    userId: 'user t7',
    generation: 'g1',
    hint: false,
    createdAt: 1,
  })
  expect(second.tenant('t3' as TenantId)?.hint).toBe(true)
  expect([...second.tenants()].filter((tenant) => tenant.hint).length).toBe(1_951)
  await second.close()
})

test('the chat tokens of the day are known after a restart, and those of other days are not among them', async () => {
  const path = controlDbPath(dataDirectory())
  const first = await Control.open(path)
  const { day } = first.chatTokens
  const counts = { requests: 1, searches: 0, pages_read: 0, seconds: 0, bytes_stored: null }
  const added = [
    { userId: 'a', day, chat_tokens_in: 70, chat_tokens_out: 9 },
    { userId: 'b', day, chat_tokens_in: 1, chat_tokens_out: 0 },
    { userId: 'b', day: '2001-01-01', chat_tokens_in: 500, chat_tokens_out: 0 },
  ].map((row) => ({ tenant: 't1' as TenantId, ...counts, ...row }))
  await first.record({ kind: 'usage', added })
  await first.close()
  const second = await Control.open(path)
  expect(second.chatTokens.tokens).toEqual([['t1', 80]])
  await second.close()
})

test('a hint that is set again while it is being cleared ends up set', async () => {
  const path = controlDbPath(dataDirectory())
  const id = 'alice' as TenantId
  const first = await Control.open(path)
  await first.addTenant({ id, userId: 'alice', generation: 'g', atMs: 1 })
  await Promise.all([first.setHint(id, false), first.setHint(id, true)])
  expect(first.tenant(id)?.hint).toBe(true)
  await first.close()
  const second = await Control.open(path)
  expect(second.tenant(id)?.hint).toBe(true)
  await second.close()
})

test('two servers never share one data directory', () => {
  const path = lockPath(dataDirectory())
  const lock = lockFile(path)
  expect(lockFile(path)).toBeUndefined()
  lock?.release()
  const again = lockFile(path)
  expect(again).toBeDefined()
  again?.release()
})
