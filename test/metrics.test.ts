/** What an operator sees of the server's work: every figure at /metrics, and the log of slow operations with their request. */
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { Client, signToken } from '../bench/lib/client.ts'
import { createLog } from '../src/base/log.ts'
import { readConfig } from '../src/config.ts'
import { createContext } from '../src/context.ts'
import { temporaryDirectory } from './helpers.ts'

const secret = 'a metrics secret of at least thirty-two bytes'
const adminToken = 'an-admin-token-of-some-length'

test('every figure is at /metrics, and a slow operation in the log with its request', {
  timeout: 120_000,
}, async () => {
  const env = {
    PORT: '0',
    SHARDS: '1',
    EXTRACTORS: '1',
    JWT_SECRET: secret,
    ADMIN_TOKEN: adminToken,
  }
  // Every operation takes longer than that.
  const config = {
    ...readConfig({ ...env, DATA_DIR: temporaryDirectory() }),
    SLOW_OPERATION_MS: 1e-6,
  }
  const logged: Record<string, unknown>[] = []
  const log = createLog('info', linesTo(logged))
  const open = () => createContext(config, { log, access: log, flush: () => undefined })
  {
    await using context = await open()
    const { url } = await context.listen()
    const alice = new Client(url, await signToken(secret, 'alice'))
    const admin = new Client(url, adminToken)
    const { id } = await alice.upload('a.txt', Buffer.from('An oak stood by the bridge.'))
    expect((await alice.settled(id)).status).toBe('ready')
    const limits = { limits: { documents: 1 } }
    await admin.request('PUT', '/admin/v1/tenants/alice/allowance', limits)
    await expect(alice.upload('b.txt', Buffer.from('Another.'))).rejects.toThrow('quota_exceeded')

    const headers = { authorization: `Bearer ${await signToken(secret, 'alice')}` }
    const answer = await fetch(`${url}/v1/documents`, {
      headers: { ...headers, 'x-request-id': 'asked-1' },
    })
    expect(answer.status).toBe(200)
    const figures = await figuresOf(url)
    expect(figures).toMatchObject({
      'http_requests_total{route="/v1/documents",method="GET",status="200"}': 1,
      'carrel_operation_duration_seconds_count{operation="documents.list"}': 1,
      carrel_stores_open: 1,
      carrel_store_opens: 1,
      carrel_store_evictions: 0,
      carrel_calls_waiting: 0,
      carrel_jobs_running: 0,
      carrel_tenants_with_jobs: 0,
      'carrel_documents_read_total{outcome="ready"}': 1,
      carrel_vectors_pending: 0,
      carrel_refused_at_door_total: 0,
      'carrel_quota_refusals_total{which="documents"}': 1,
    })
    expect(figures['carrel_store_hits']).toBeGreaterThan(3)
    // There is one when there was a kill; its name is there from the start.
    for (const name of ['carrel_reader_kills_total', 'carrel_shard_restarts_total'])
      expect(await metricsOf(url)).toContain(`# TYPE ${name} counter`)
    expect(logged.filter(({ msg }) => msg === 'a slow operation')).toContainEqual(
      expect.objectContaining({
        ...{ operation: 'documents.list', request_id: 'asked-1', tenant: 'alice' },
        ...{ ms: expect.any(Number), waited_ms: expect.any(Number) },
      }),
    )
  }
  // Sizes and ages are looked at after a start, and every ten minutes.
  await using context = await open()
  const { url } = await context.listen()
  await expect
    .poll(async () => (await figuresOf(url))['carrel_app_db_bytes'], { timeout: 20_000 })
    .toBeGreaterThan(4_096)
  const before = await figuresOf(url)
  expect(before['carrel_vecs_db_bytes']).toBeGreaterThan(0)
  expect(before).toHaveProperty('carrel_snapshot_age_seconds')
})

async function metricsOf(url: string): Promise<string> {
  const headers = { authorization: `Bearer ${adminToken}` }
  return (await fetch(`${url}/metrics`, { headers })).text()
}

async function figuresOf(url: string): Promise<Record<string, number>> {
  const lines = (await metricsOf(url)).matchAll(/^([a-z_]+(?:\{.*\})?) (\S+)$/gm)
  return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]))
}

function linesTo(logged: Record<string, unknown>[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().trim().split('\n')) logged.push(JSON.parse(line))
      done()
    },
  })
}
