/** A shard that dies or hangs is replaced; its callers hear a clear problem; what waited is answered by the next. */
import { expect, onTestFinished, test } from 'vitest'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { queueLimits } from '../../src/threads/call-queue.ts'
import { Shard } from '../../src/threads/shard.ts'
import { shardIndex } from '../../src/threads/shards.ts'

const tenant = 'alice' as TenantId
const ranking = { k1: 1.2, b: 0.75, titleWeight: 1, sectionWeight: 1, keywordShare: 0.7 }

function start(options: { stuckMs?: number; tenantRunningMax?: number } = {}): {
  shard: Shard
  deaths: unknown[]
} {
  const deaths: unknown[] = []
  const shard = new Shard({
    entry: new URL('./dying-shard.ts', import.meta.url),
    worker: {
      dataDir: '/nowhere',
      storesMax: 1,
      idleMs: 1000,
      ranking,
      embedder: 'builtin',
      vectorCacheBytesMax: 0,
    },
    limits: { ...queueLimits, tenantRunningMax: options.tenantRunningMax ?? 4 },
    ...(options.stuckMs !== undefined && { stuckMs: options.stuckMs }),
    onClosed: () => undefined,
    onDeath: (error) => deaths.push(error),
    onFault: () => undefined,
  })
  onTestFinished(() => shard.close(10))
  return { shard, deaths }
}

function call(shard: Shard, args: unknown, deadlineMs = 10_000): Promise<unknown> {
  return new Promise((resolve, reject) => {
    shard.call({
      tenant,
      lane: 'interactive',
      queuedAtMs: performance.now(),
      target: { tenant, generation: undefined, create: false },
      operation: 'x',
      isText: false,
      args,
      deadlineAtMs: performance.now() + deadlineMs,
      signal: undefined,
      resolve,
      reject,
    })
  })
}

test('answers come back to their callers', async () => {
  const { shard } = start()
  expect(await Promise.all([1, 2, 3, 4, 5, 6, 7].map((n) => call(shard, n)))).toEqual([
    1, 2, 3, 4, 5, 6, 7,
  ])
})

test('a thread that dies is replaced: the running call gets a clear problem, the waiting one its answer', async () => {
  const { shard, deaths } = start({ tenantRunningMax: 1 })
  const dying = call(shard, 'die')
  const waiting = call(shard, 'after')
  await expect(dying).rejects.toMatchObject({ code: 'shard_restarted', retryAfterS: 1 })
  expect(await waiting).toBe('after')
  expect(deaths).toHaveLength(1)
  expect(shard.stats()).toMatchObject({ restarts: 1, running: 0, waiting: 0 })
})

test('a thread that hangs is ended and replaced', async () => {
  const { shard } = start({ stuckMs: 1_000 })
  await expect(call(shard, 'hang')).rejects.toMatchObject({ code: 'shard_restarted' })
  expect(await call(shard, 'again')).toBe('again')
})

test('a caller whose deadline passes hears so, and the shard goes on', async () => {
  const { shard } = start()
  await expect(call(shard, 'silence', 50)).rejects.toMatchObject({ code: 'deadline_exceeded' })
  expect(await call(shard, 'next')).toBe('next')
})

test('a closed shard takes nothing more', async () => {
  const { shard } = start()
  await shard.close(10)
  expect(() => shard.call({} as never)).toThrow('stopping')
})

test('a tenant always has the same shard, and tenants spread', () => {
  const counts = [0, 0, 0, 0]
  for (let i = 0; i < 4000; i++) {
    const at = shardIndex(`t${i}` as TenantId, 4)
    expect(shardIndex(`t${i}` as TenantId, 4)).toBe(at)
    counts[at] = (counts[at] ?? 0) + 1
  }
  for (const count of counts) expect(count).toBeGreaterThan(900)
})
