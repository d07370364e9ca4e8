/** Twenty minutes of everything that people do, over more libraries than the pool holds: whether memory or descriptors grow with time. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { canMeasureProcesses, childrenOf } from './lib/process-memory.ts'
import { seededRandom } from './lib/random.ts'
import { type BenchContext, type BenchResult, type BenchRow, rounded } from './lib/report.ts'
import { type RunningServer, startServer } from './lib/server.ts'
import { median, slope } from './lib/statistics.ts'
import { secret, Work } from './soak/work.ts'
import { adminToken, descriptorsOf, residentMb, storeFigures } from './tenants/server-figures.ts'

const secondsDefault = 1_200
const sampleEveryS = 10
/** A short run has as many samples as this, too. */
const samplesMin = 24
/** Small, so that stores are opened and closed all the time. */
const poolMax = 16
const peopleOverPool = 3
const shards = 1
/** What can be done is measured for this share of the time, and half of it is done from then on. */
const capacityShare = 1 / 40
const lanes = 4
const load = 0.5
/** More would be a crowd that waits, which is another bench. */
const underWayMax = 16
const descriptorsPerStore = 6
const saidOfErrors = 5

/**
 * @param options `sizes`: seconds, stores of the pool
 * @returns a row a sample; ratios: growth of memory and descriptors over the last three quarters, medians of the thirds over each
 * other, what was done and what failed
 */
export async function soakBench({
  say,
  sizes,
}: BenchContext & { readonly sizes?: readonly number[] | undefined }): Promise<BenchResult> {
  const [seconds = secondsDefault, stores = poolMax] = sizes ?? []
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-soak-'))
  const server = await startServer(dataDir, {
    JWT_SECRET: secret,
    ADMIN_TOKEN: adminToken,
    SHARDS: String(shards),
    POOL_MAX: String(stores),
  })
  try {
    const random = seededRandom(17)
    const work = await Work.begin(server.url, peopleOverPool * stores)
    const perSecond = load * (await capacityOf(work, random, seconds * capacityShare))
    say(`${peopleOverPool * stores} people, ${rounded(perSecond)} things a second`)
    const samples: Sample[] = []
    const isOver = after(seconds)
    const sampling = sample(server, samples, seconds, isOver, say)
    await paced(work, random, perSecond, isOver)
    await sampling
    for (const error of work.errors.slice(0, saidOfErrors)) say(error)
    return report(samples, work, perSecond)
  } finally {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

interface Sample {
  readonly s: number
  readonly residentMb: number | null
  readonly descriptors: number | null
  readonly stores: number
  /** Processes of the server besides its own. */
  readonly children: number | null
  readonly opens: number
  readonly done: number
}

function after(seconds: number): () => boolean {
  const endMs = performance.now() + seconds * 1_000
  return () => performance.now() >= endMs
}

/** @returns things a second that a few people do who wait for each before the next */
async function capacityOf(work: Work, random: () => number, seconds: number): Promise<number> {
  const isOver = after(seconds)
  const startMs = performance.now()
  const lane = async (): Promise<void> => {
    do await work.next(random())
    while (!isOver())
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return doneBy(work) / ((performance.now() - startMs) / 1_000)
}

async function paced(
  work: Work,
  random: () => number,
  perSecond: number,
  isOver: () => boolean,
): Promise<void> {
  const startMs = performance.now()
  const underWay = new Set<Promise<void>>()
  for (let n = 0; !isOver(); n++) {
    await pause(Math.max(0, startMs + (n * 1_000) / perSecond - performance.now()))
    if (underWay.size >= underWayMax) await Promise.race(underWay)
    const one: Promise<void> = work.next(random()).finally(() => underWay.delete(one))
    underWay.add(one)
  }
  await Promise.all(underWay)
}

async function sample(
  server: RunningServer,
  into: Sample[],
  seconds: number,
  isOver: () => boolean,
  say: (line: string) => void,
): Promise<void> {
  const everyMs = Math.min(sampleEveryS, seconds / samplesMin) * 1_000
  const startMs = performance.now()
  while (!isOver()) {
    await pause(everyMs)
    const { open: stores, opens, requests: done } = await storeFigures(server.url)
    const s = rounded((performance.now() - startMs) / 1_000)
    const children = canMeasureProcesses ? childrenOf(server.pid).length : null
    const of = { residentMb: residentMb(server), descriptors: descriptorsOf(server) }
    into.push({ s, ...of, stores, children, opens, done })
    if (into.length % 6 === 0) say(JSON.stringify(rowOf(into.at(-1) as Sample)))
  }
}

function rowOf({
  s,
  residentMb: mb,
  descriptors,
  stores,
  children,
  opens,
  done,
}: Sample): BenchRow {
  return {
    ...{ s, resident_mb: mb === null ? null : rounded(mb), descriptors, stores_open: stores },
    ...{ children, store_opens: opens, requests: done },
  }
}

function report(samples: readonly Sample[], work: Work, perSecond: number): BenchResult {
  const memory = grown(samples, ({ residentMb: mb }) => mb)
  const descriptors = grown(samples, (one) => one.descriptors)
  const beyond = grown(samples, (one) =>
    one.descriptors === null ? null : one.descriptors - descriptorsPerStore * one.stores,
  )
  return {
    rows: samples.map(rowOf),
    ratios: {
      per_second: rounded(perSecond),
      done: doneBy(work),
      requests: samples.at(-1)?.done ?? null,
      ...Object.fromEntries(Object.entries(work.done).map(([kind, n]) => [`done_${kind}`, n])),
      refused: work.refused,
      errors: work.errors.length,
      store_opens: samples.at(-1)?.opens ?? null,
      children_max: Math.max(...samples.map(({ children }) => children ?? 0)),
      memory_mb_an_hour: memory?.anHour ?? null,
      memory_share_an_hour: memory?.shareAnHour ?? null,
      memory_last_third_over_second: memory?.lastOverSecond ?? null,
      memory_last_third_over_first: memory?.lastOverFirst ?? null,
      descriptors_an_hour: descriptors?.anHour ?? null,
      descriptors_last_third_over_second: descriptors?.lastOverSecond ?? null,
      descriptors_beyond_stores_grown: beyond?.grown ?? null,
    },
  }
}

interface Growth {
  /** By least squares over the last three quarters. */
  readonly anHour: number
  /** Of the median of those. */
  readonly shareAnHour: number
  readonly lastOverSecond: number
  readonly lastOverFirst: number
  /** The median of the last third less that of the second. */
  readonly grown: number
}

/** Null where there is nothing to be measured with. */
function grown(samples: readonly Sample[], of: (one: Sample) => number | null): Growth | null {
  const points = samples.flatMap((one) => {
    const value = of(one)
    return value === null ? [] : [[one.s / 3_600, value] as const]
  })
  if (points.length < 3) return null
  const third = (n: number): number =>
    median(points.filter((_, at) => Math.floor((at * 3) / points.length) === n).map(([, y]) => y))
  const late = points.slice(Math.floor(points.length / 4))
  const anHour = slope(late)
  return {
    anHour: rounded(anHour),
    shareAnHour: rounded(anHour / median(late.map(([, y]) => y))),
    lastOverSecond: rounded(third(2) / third(1)),
    lastOverFirst: rounded(third(2) / third(0)),
    grown: rounded(third(2) - third(1)),
  }
}

function doneBy({ done }: Work): number {
  return Object.values(done).reduce((sum, count) => sum + count, 0)
}
