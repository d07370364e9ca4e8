/** Answers a second, window by window: the one measure of what the server can do and of what it still does when asked for more. */
import type { Crowd } from './crowd.ts'
import type { Load } from './load-thread.ts'

export const windows = 5
/** Of a window. */
const warmShare = 0.5
const warmWindowsMax = 8
/** So many windows of the warm-up, one after the other, are this near to each other when it is over. */
const likeWindows = 3
const likeWithin = 1.1

/** @param ms of the load @returns answers of success a second by when they came; those after its end are none */
export function ratesOf({ ok }: Pick<Load, 'ok'>, ms: number): number[] {
  const windowMs = ms / windows
  const counts = Array.from({ length: windows }, () => 0)
  for (const { dueMs, ms: tookMs } of ok) {
    const at = Math.floor((dueMs + tookMs) / windowMs)
    if (at < windows) counts[at] = (counts[at] ?? 0) + 1
  }
  return counts.map((count) => count / (windowMs / 1_000))
}

/** Asks as the measurement will, until the rate has settled or time is up. @param ms of the measurement @returns the windows' rates */
export async function warmUp(crowd: Crowd, atOnce: number, ms: number): Promise<number[]> {
  const windowMs = (ms / windows) * warmShare
  const rates: number[] = []
  while (rates.length < warmWindowsMax && !hasSettled(rates)) {
    const { ok } = await crowd.run({ kind: 'closed', atOnce, ms: windowMs })
    rates.push(ok.length / (windowMs / 1_000))
  }
  return rates
}

export function hasSettled(rates: readonly number[]): boolean {
  const last = rates.slice(-likeWindows)
  return last.length === likeWindows && Math.max(...last) <= likeWithin * Math.min(...last)
}
