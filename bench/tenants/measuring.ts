/** One server over so many libraries: its start, first searches, searches in open stores, and people who come as people do. */
import { cpus } from 'node:os'
import { signToken } from '../lib/client.ts'
import { seededRandom } from '../lib/random.ts'
import { type RunningServer, startServer } from '../lib/server.ts'
import { median, percentile } from '../lib/statistics.ts'
import { Wire, wireBytes } from '../lib/wire.ts'
import { questions, secret, tenantAt, warmFiles } from './directories.ts'
import { rawOpenMs } from './raw-open.ts'
import {
  adminToken,
  descriptorsOf,
  residentMb,
  stolenSeconds,
  storeFigures,
} from './server-figures.ts'

/** Of each kind; small fleets have fewer first searches. */
export interface Samples {
  readonly starts: number
  readonly cold: number
  readonly warm: number
  readonly crowd: number
}

export interface Place {
  readonly dataDir: string
  /** Directories that no server has. */
  readonly raw: readonly string[]
  /** Open stores of the whole server at most. */
  readonly storesMax: number
}

/** First searches that are not counted. */
const warmUpMax = 100
/** Between two looks at the server's memory. */
const requestsAMoment = 100

export interface OfSize {
  readonly startS: number
  readonly cold: readonly number[]
  readonly raw: readonly number[]
  readonly warm: readonly number[]
  readonly zipf: Crowd
  readonly uniform: Crowd
  readonly descriptors: number | null
  /** Median of moments of both crowds: a heap is larger before it is collected than after. */
  readonly residentMb: number | null
  /** Of the processors' time, while first searches were measured: what the machine's host gave to others. */
  readonly stolenShare: number | null
}

export interface Crowd {
  readonly times: readonly number[]
  readonly hitRate: number
  readonly residentMb: readonly number[]
}

export const settings = { JWT_SECRET: secret, ADMIN_TOKEN: adminToken }

export async function measureSize(place: Place, size: number, samples: Samples): Promise<OfSize> {
  const starts = []
  for (let more = samples.starts - 1; more > 0; more--) {
    const { server, startS } = await startedOver(place.dataDir)
    starts.push(startS)
    await server.stop()
  }
  const { server, startS } = await startedOver(place.dataDir)
  starts.push(startS)
  const asker = new Asker(server)
  try {
    const random = seededRandom(size)
    const order = shuffled(size, random)
    // A server that just started has its code to compile: that is no part of opening a library.
    const warmUp = Math.min(warmUpMax, Math.floor(size / 10))
    for (const at of order.splice(-warmUp, warmUp)) await asker.search(at)
    const cold = await firstSearches(place, asker, order.slice(0, samples.cold))
    const open = order.slice(0, Math.min(size, Math.floor(place.storesMax / 2)))
    for (const at of open) await asker.search(at)
    const warm: number[] = []
    for (let n = 0; n < samples.warm; n++)
      warm.push(await asker.search(open[n % open.length] as number))
    const zipf = await crowd(asker, samples.crowd, zipfOver(size, random))
    const uniform = await crowd(asker, samples.crowd, () => Math.floor(random() * size))
    const moments = [...zipf.residentMb, ...uniform.residentMb]
    return {
      ...{ startS: median(starts), ...cold, warm, zipf, uniform },
      descriptors: descriptorsOf(server),
      residentMb: moments.length > 0 ? median(moments) : null,
    }
  } finally {
    asker.close()
    await server.stop()
  }
}

/** From the start of the process to the first answer of `/readyz`. */
async function startedOver(dataDir: string): Promise<{ server: RunningServer; startS: number }> {
  const startMs = performance.now()
  const server = await startServer(dataDir, settings)
  const { ok, status } = await fetch(`${server.url}/readyz`)
  if (!ok) throw new Error(`/readyz says ${status}`)
  return { server, startS: (performance.now() - startMs) / 1_000 }
}

/** One after the other, as a person's search comes; tokens are made before the time counts. */
export class Asker {
  readonly #server: RunningServer
  readonly #wire: Wire
  #asked = 0

  constructor(server: RunningServer) {
    this.#server = server
    this.#wire = new Wire(server.url)
  }

  /** @param at of the tenant, from 0 @returns milliseconds */
  async search(at: number): Promise<number> {
    const token = await signToken(secret, tenantAt(at + 1))
    const query = questions[this.#asked++ % questions.length]
    const body = JSON.stringify({ query, limit: 10 })
    const request = wireBytes({ method: 'POST', path: '/v1/search', token, body })
    const { status, ms } = await this.#wire.send(request)
    if (status !== 200) throw new Error(`a search of ${tenantAt(at + 1)} was answered ${status}`)
    return ms
  }

  residentMb(): number | null {
    return residentMb(this.#server)
  }

  figures(): ReturnType<typeof storeFigures> {
    return storeFigures(this.#server.url)
  }

  close(): void {
    this.#wire.close()
  }
}

/** In turns with the peer: a machine that others use is not the same for long. */
async function firstSearches(
  { dataDir, raw: places }: Place,
  asker: Asker,
  tenants: readonly number[],
): Promise<{ cold: number[]; raw: number[]; stolenShare: number | null }> {
  const [cold, raw]: [number[], number[]] = [[], []]
  const [startMs, before] = [performance.now(), stolenSeconds()]
  for (const [n, at] of tenants.entries()) {
    warmFiles(dataDir, tenantAt(at + 1))
    cold.push(await asker.search(at))
    raw.push(rawOpenMs(places[n % places.length] as string))
  }
  const after = stolenSeconds()
  const seconds = ((performance.now() - startMs) / 1_000) * cpus().length
  const stolenShare = before === null || after === null ? null : (after - before) / seconds
  return { cold, raw, stolenShare }
}

async function crowd(asker: Asker, requests: number, next: () => number): Promise<Crowd> {
  const before = await asker.figures()
  const times: number[] = []
  const resident: number[] = []
  for (let n = 0; n < requests; n++) {
    times.push(await asker.search(next()))
    if (n % requestsAMoment === 0) resident.push(asker.residentMb() ?? Number.NaN)
  }
  const after = await asker.figures()
  const [hits, opens] = [after.hits - before.hits, after.opens - before.opens]
  return { times, hitRate: hits / (hits + opens), residentMb: resident.filter(Number.isFinite) }
}

function shuffled(count: number, random: () => number): number[] {
  const all = Array.from({ length: count }, (_, at) => at)
  for (let at = count - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    ;[all[at], all[other]] = [all[other] as number, all[at] as number]
  }
  return all
}

/** The n-th comes as often as 1/n (exponent 1). */
function zipfOver(count: number, random: () => number): () => number {
  const sums = new Float64Array(count)
  let sum = 0
  for (let at = 0; at < count; at++) sums[at] = sum += 1 / (at + 1)
  return () => {
    const wanted = random() * sum
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] as number) <= wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

export function summary(times: readonly number[]): { p50: number; p99: number } {
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}
