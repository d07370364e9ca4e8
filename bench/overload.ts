/** Three times what the server can do for half a minute: what it keeps doing, what it says to the rest, and how soon it is over. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type BenchContext, type BenchResult, type BenchRow, rounded } from './lib/report.ts'
import { type RunningServer, startServer } from './lib/server.ts'
import { percentile } from './lib/statistics.ts'
import type { Answered, Load, LoadData, LoadOrder } from './overload/load-thread.ts'
import { makeUsers, secret } from './overload/users.ts'
import { residentMb } from './tenants/server-figures.ts'

const secondsDefault = 30
const users = 40
const passagesDefault = 120
const closedAtOnce = 64
const overload = 3
const light = 0.5
/** Of what is measured beside the overload, of its length. */
const besides = 1 / 3
const sampleMs = 100
/** p99 is taken of one second, and looked at so often. */
const windowMs = 1_000
const stepMs = 100
/** What is back to normal: twice as long as before, or this much longer, whichever is more. */
const marginMs = 15

/**
 * @param options `sizes`: seconds of the overload, passages of a library
 * @returns a row for each kind of load; ratios: `goodput_over_capacity`, `memory_grown_mb` (the peak over before),
 * `other_than_refused`, `recovered_s` (null where it did not within the time)
 */
export async function overloadBench({
  say,
  sizes,
}: BenchContext & { readonly sizes?: readonly number[] | undefined }): Promise<BenchResult> {
  const [seconds = secondsDefault, passages = passagesDefault] = sizes ?? []
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-overload-'))
  const server = await startServer(dataDir, { JWT_SECRET: secret })
  try {
    const requests = await makeUsers(server.url, users, passages)
    say(`${users} users with ${passages} passages each`)
    const crowd = new Crowd({ url: server.url, requests })
    const besideMs = seconds * 1_000 * besides
    await crowd.run({ kind: 'closed', atOnce: closedAtOnce, ms: besideMs })
    const closed = await crowd.run({ kind: 'closed', atOnce: closedAtOnce, ms: besideMs })
    const capacity = closed.ok.length / (besideMs / 1_000)
    say(`capacity: ${Math.round(capacity)} a second, ${JSON.stringify(closed.other)}`)
    const before = await crowd.run({ kind: 'open', perSecond: light * capacity, ms: besideMs })
    const baseMb = residentMb(server)
    const watch = new Watch(server)
    const order = { kind: 'open', perSecond: overload * capacity, ms: seconds * 1_000 } as const
    // As it is over when its time is, not when its last answer came: the light load begins then.
    const [over, after] = await Promise.all([
      crowd.run(order),
      pause(order.ms).then(() =>
        new Crowd({ url: server.url, requests }).runOnce({
          ...{ kind: 'open', perSecond: light * capacity, ms: besideMs },
        }),
      ),
    ])
    const peakMb = watch.end()
    await crowd.end()
    return report({ closed, before, over, after, capacity, baseMb, peakMb, ms: order.ms, besideMs })
  } finally {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

interface Measured {
  readonly closed: Load
  readonly before: Load
  readonly over: Load
  readonly after: Load
  readonly capacity: number
  readonly baseMb: number | null
  readonly peakMb: number | null
  readonly ms: number
  readonly besideMs: number
}

function report(measured: Measured): BenchResult {
  const { closed, before, over, after, capacity, baseMb, peakMb, ms, besideMs } = measured
  // What was asked for in time and answered after it is no work of that time.
  const inTime = over.ok.filter(({ dueMs, ms: took }) => dueMs + took <= ms).length
  const goodput = inTime / (ms / 1_000)
  const recoveredMs = recovery(before, after)
  return {
    rows: [
      rowOf('as much as it can', closed, besideMs),
      rowOf('half of it, before', before, besideMs),
      rowOf('three times as much', over, ms),
      rowOf('half of it, at once after', after, besideMs),
    ],
    ratios: {
      capacity_per_s: rounded(capacity),
      goodput_over_capacity: rounded(goodput / capacity),
      memory_base_mb: baseMb && rounded(baseMb),
      memory_grown_mb: peakMb === null || baseMb === null ? null : rounded(peakMb - baseMb),
      other_than_refused: otherOf(over) + otherOf(after) + otherOf(closed) + otherOf(before),
      recovered_s: recoveredMs === undefined ? null : rounded(recoveredMs / 1_000),
    },
  }
}

function rowOf(load: string, { sent, ok, refused, other, atOnceMax }: Load, ms: number): BenchRow {
  const times = ok.map((one) => one.ms)
  const refusals = refused.map((one) => one.ms)
  return {
    load,
    sent_per_s: rounded(sent / (ms / 1_000)),
    answered: ok.length,
    refused: refused.length,
    other: Object.entries(other)
      .map(([what, count]) => `${what} ${count}`)
      .join(', '),
    at_once_max: atOnceMax,
    p50_ms: orNull(percentile(times, 0.5)),
    p99_ms: orNull(percentile(times, 0.99)),
    refused_p50_ms: orNull(percentile(refusals, 0.5)),
    refused_p99_ms: orNull(percentile(refusals, 0.99)),
  }
}

function otherOf({ other }: Load): number {
  return Object.values(other).reduce((sum, count) => sum + count, 0)
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? rounded(value) : null
}

/**
 * Since the end of the overload, until the first second of which p99 is as before and nobody is refused.
 * @returns the beginning of that second; undefined where there was none
 */
function recovery(before: Load, after: Load): number | undefined {
  const base = percentile(
    before.ok.map(({ ms }) => ms),
    0.99,
  )
  const allowedMs = Math.max(2 * base, base + marginMs)
  const within = (all: readonly Answered[], fromMs: number): Answered[] =>
    all.filter(({ dueMs }) => dueMs >= fromMs && dueMs < fromMs + windowMs)
  const lastMs = Math.max(...after.ok.map(({ dueMs }) => dueMs))
  for (let fromMs = 0; fromMs + windowMs <= lastMs; fromMs += stepMs) {
    const times = within(after.ok, fromMs).map(({ ms }) => ms)
    const isRefused = within(after.refused, fromMs).length > 0
    if (!isRefused && percentile(times, 0.99) <= allowedMs) return fromMs
  }
  return undefined
}

/** Samples of the server's memory. */
class Watch {
  readonly #timer: NodeJS.Timeout
  #peakMb: number | null = null

  constructor(server: RunningServer) {
    this.#timer = setInterval(() => {
      const nowMb = residentMb(server)
      if (nowMb !== null) this.#peakMb = Math.max(this.#peakMb ?? 0, nowMb)
    }, sampleMs)
  }

  end(): number | null {
    clearInterval(this.#timer)
    return this.#peakMb
  }
}

/** The thread of the users: what they send must not wait for what is measured. */
class Crowd {
  readonly #worker: Worker

  constructor(data: LoadData) {
    const url = new URL('./overload/load-thread.ts', import.meta.url)
    this.#worker = new Worker(url, { workerData: data })
  }

  async run(order: LoadOrder): Promise<Load> {
    const { promise, resolve, reject } = Promise.withResolvers<Load>()
    this.#worker.once('message', resolve).once('error', reject)
    this.#worker.postMessage(order)
    const load = await promise
    this.#worker.removeListener('error', reject)
    return load
  }

  async runOnce(order: LoadOrder): Promise<Load> {
    try {
      return await this.run(order)
    } finally {
      await this.end()
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}
