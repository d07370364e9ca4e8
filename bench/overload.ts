/** Three times what the server can do for half a minute: what it keeps doing, what it says to the rest, and how soon it is over. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type BenchContext, type BenchResult, type BenchRow, rounded } from './lib/report.ts'
import { type RunningServer, startServer } from './lib/server.ts'
import { median, percentile } from './lib/statistics.ts'
import { Crowd } from './overload/crowd.ts'
import type { Answered, Load, RequestKind } from './overload/load-thread.ts'
import { makeUsers, secret } from './overload/users.ts'
import { hasSettled, ratesOf, warmUp } from './overload/windows.ts'
import { residentMb } from './tenants/server-figures.ts'

const secondsDefault = 30
const users = 40
const passagesDefault = 120
const closedAtOnce = 64
const overload = 3
const light = 0.5
/** Of the light load before and after, of the overload's length. */
const lightShare = 1 / 3
const sampleMs = 100
/** p99 is taken of one second, and looked at so often. */
const windowMs = 1_000
const stepMs = 100
/** What is back to normal: twice as long as before, or this much longer, whichever is more. */
const marginMs = 15

/**
 * What the server can do is measured before and after, each for as long as the overload, after a warm-up that ends when the rate
 * has settled; all three are medians of five windows of answers that came in time. Nothing grows meanwhile: what is written are
 * tags of documents that are there.
 * @param options `sizes`: seconds of the overload, passages of a library
 * @returns a row for each kind of load; ratios: `goodput_over_capacity`, the capacity being the mean of before and after,
 * `memory_grown_mb` (the peak over before), `other_than_refused`, `recovered_s` (null where it did not within the time)
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
    const ms = seconds * 1_000
    const lightMs = ms * lightShare
    const canDo = async (): Promise<Load> => {
      const rates = await warmUp(crowd, closedAtOnce, ms)
      say(`warm-up${hasSettled(rates) ? '' : ', not settled'}: ${shown(rates)} a second`)
      const load = await crowd.run({ kind: 'closed', atOnce: closedAtOnce, ms })
      say(`capacity: ${shown(ratesOf(load, ms))} a second, ${JSON.stringify(load.other)}`)
      return load
    }
    const capacityBefore = await canDo()
    const capacity = median(ratesOf(capacityBefore, ms))
    const half = { kind: 'open', perSecond: light * capacity, ms: lightMs } as const
    const before = await crowd.run(half)
    const baseMb = residentMb(server)
    const watch = new Watch(server)
    // As it is over when its time is, not when its last answer came: the light load begins then.
    const [over, after] = await Promise.all([
      crowd.run({ kind: 'open', perSecond: overload * capacity, ms }),
      pause(ms).then(() => new Crowd({ url: server.url, requests }).runOnce(half)),
    ])
    const peakMb = watch.end()
    say(`overload: ${shown(ratesOf(over, ms))} a second, ${JSON.stringify(over.other)}`)
    const capacityAfter = await canDo()
    await crowd.end()
    return report({ capacityBefore, before, over, after, capacityAfter, baseMb, peakMb, ms })
  } finally {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

interface Measured {
  readonly capacityBefore: Load
  readonly before: Load
  readonly over: Load
  readonly after: Load
  readonly capacityAfter: Load
  readonly baseMb: number | null
  readonly peakMb: number | null
  /** Of the overload and of each capacity. */
  readonly ms: number
}

function report(measured: Measured): BenchResult {
  const { capacityBefore, before, over, after, capacityAfter, baseMb, peakMb, ms } = measured
  const rate = (load: Load): number => median(ratesOf(load, ms))
  const capacity = (rate(capacityBefore) + rate(capacityAfter)) / 2
  const recoveredMs = recovery(before, after)
  const all = [capacityBefore, before, over, after, capacityAfter]
  const lightMs = ms * lightShare
  return {
    rows: [
      rowOf('as much as it can, before', capacityBefore, ms),
      rowOf('half of it, before', before, lightMs),
      rowOf('three times as much', over, ms),
      rowOf('half of it, at once after', after, lightMs),
      rowOf('as much as it can, after', capacityAfter, ms),
    ],
    ratios: {
      capacity_per_s: rounded(capacity),
      capacity_after_over_before: rounded(rate(capacityAfter) / rate(capacityBefore)),
      goodput_per_s: rounded(rate(over)),
      goodput_over_capacity: rounded(rate(over) / capacity),
      memory_base_mb: baseMb && rounded(baseMb),
      memory_grown_mb: peakMb === null || baseMb === null ? null : rounded(peakMb - baseMb),
      other_than_refused: all.reduce((sum, load) => sum + otherOf(load), 0),
      recovered_s: recoveredMs === undefined ? null : rounded(recoveredMs / 1_000),
    },
  }
}

function shown(rates: readonly number[]): string {
  return rates.map(Math.round).join(', ')
}

function rowOf(load: string, { sent, ok, refused, other, atOnceMax }: Load, ms: number): BenchRow {
  const times = ok.map((one) => one.ms)
  const refusals = refused.map((one) => one.ms)
  const shareOf = (kind: RequestKind): number =>
    ok.filter((one) => one.kind === kind).length / ok.length
  return {
    load,
    sent_per_s: rounded(sent / (ms / 1_000)),
    answered: ok.length,
    searches_share: orNull(shareOf('search')),
    changes_share: orNull(shareOf('change')),
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
