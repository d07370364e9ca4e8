/** A server over many libraries: how soon it answers, and what it has open while people of all of them ask. */
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, signToken } from '../lib/client.ts'
import { seededRandom } from '../lib/random.ts'
import { startServer } from '../lib/server.ts'
import { userAt } from './tenants.ts'

const secret = 'the fleet bench signs its own tokens with this'
const adminToken = 'the-fleet-bench-reads-the-metrics-with-it'
const shards = 2
const atOnce = 32
const lookMs = 20
/** As the server reckons: what a store takes, and what is left for everything else. */
const descriptorsPerStore = 6
const descriptorsReserved = 200

export interface Asked {
  readonly startupS: number
  readonly requests: number
  readonly refused: number
  readonly poolOpenMax: number
  readonly poolOpenCap: number
  readonly descriptorsMax: number
  readonly descriptorsCap: number
}

/** @param libraries `userAt(0)` to so many @param requests of random ones of them @param poolMax open stores a shard */
export async function askMany(
  dataDir: string,
  libraries: number,
  requests: number,
  poolMax: number,
): Promise<Asked> {
  const startMs = performance.now()
  const server = await startServer(dataDir, {
    JWT_SECRET: secret,
    ADMIN_TOKEN: adminToken,
    SHARDS: String(shards),
    POOL_MAX: String(poolMax),
    LOG_LEVEL: 'info',
  })
  try {
    const ready = await fetch(`${server.url}/readyz`)
    const startupS = (performance.now() - startMs) / 1_000
    if (!ready.ok) throw new Error(`/readyz says ${ready.status}`)
    const random = seededRandom(7)
    const most = { descriptors: 0, open: 0 }
    let [left, refused, isDone] = [requests, 0, false]
    const ask = async (): Promise<void> => {
      while (left-- > 0) {
        const user = userAt(Math.floor(random() * libraries))
        const client = new Client(server.url, await signToken(secret, user))
        const { status } = await client.request('GET', '/v1/documents')
        if (status !== 200) refused++
      }
    }
    const look = async (): Promise<void> => {
      while (!isDone) {
        most.descriptors = Math.max(most.descriptors, readdirSync(`/proc/${server.pid}/fd`).length)
        most.open = Math.max(most.open, await storesOpen(server.url))
        await sleep(lookMs)
      }
    }
    const looking = look()
    await Promise.all(Array.from({ length: atOnce }, ask))
    isDone = true
    await looking
    const poolOpenCap = shards * poolMax
    return {
      startupS,
      requests,
      refused,
      poolOpenMax: most.open,
      poolOpenCap,
      descriptorsMax: most.descriptors,
      descriptorsCap: poolOpenCap * descriptorsPerStore + descriptorsReserved,
    }
  } finally {
    await server.stop()
  }
}

async function storesOpen(url: string): Promise<number> {
  const answer = await fetch(`${url}/metrics`, {
    headers: { authorization: `Bearer ${adminToken}` },
  })
  const open = /^carrel_stores_open (\d+)/m.exec(await answer.text())?.[1]
  if (open === undefined) throw new Error('the metrics do not say how many stores are open')
  return Number(open)
}
