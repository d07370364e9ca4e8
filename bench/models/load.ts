/** Requests of many clients against one model: each waits for its answer (closed), or all come when they are due (open). */
import { setTimeout as sleep } from 'node:timers/promises'
import { percentile } from '../lib/statistics.ts'
import type { Asked, Model } from './contract.ts'

export interface Measured {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly count: number
}

/** @param askers one for each client */
export async function closedLoop(
  model: Model,
  askers: readonly (() => Asked)[],
  ms: number,
): Promise<Measured> {
  const times: number[] = []
  const startMs = performance.now()
  await Promise.all(
    askers.map(async (next) => {
      for (let nowMs = performance.now(); nowMs < startMs + ms; ) {
        check(await model.ask(next()))
        const doneMs = performance.now()
        times.push(doneMs - nowMs)
        nowMs = doneMs
      }
    }),
  )
  return measured(times, performance.now() - startMs)
}

/** What is late counts from when it was due. @param perSecond of all together */
export async function openLoop(
  model: Model,
  next: () => Asked,
  perSecond: number,
  ms: number,
): Promise<Measured> {
  const times: number[] = []
  const asking: Promise<void>[] = []
  const startMs = performance.now()
  const count = Math.max(1, Math.floor((perSecond * ms) / 1_000))
  for (let at = 0; at < count; at++) {
    const dueMs = startMs + (at * 1_000) / perSecond
    if (dueMs > performance.now()) await sleep(dueMs - performance.now())
    const answer = model.ask(next()).then((text) => {
      check(text)
      times.push(performance.now() - dueMs)
    })
    asking.push(answer)
  }
  await Promise.all(asking)
  return measured(times, performance.now() - startMs)
}

/** An answer is never nothing. */
function check(text: string): void {
  if (!text.startsWith('{')) throw new Error(`no answer: ${text.slice(0, 100)}`)
}

function measured(times: readonly number[], elapsedMs: number): Measured {
  return {
    perSecond: times.length / (elapsedMs / 1_000),
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    p99Ms: percentile(times, 0.99),
    count: times.length,
  }
}
