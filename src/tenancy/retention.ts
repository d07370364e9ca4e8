/** Which snapshots are kept: the last few, and the newest of each hour, day, week and month. Pure; times are UTC. */

export interface RetentionPolicy {
  readonly last: number
  readonly hourly: number
  readonly daily: number
  readonly weekly: number
  readonly monthly: number
}

export const retentionNames = ['last', 'hourly', 'daily', 'weekly', 'monthly'] as const
const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** 1970-01-01 was a Thursday: weeks begin on Monday. */
const mondayOffsetMs = 3 * dayMs

/**
 * @param timesMs when each was made, Unix milliseconds, in any order
 * @returns those to keep: the newest of each of the newest `n` periods that have any; the newest of all always
 */
export function retained(timesMs: readonly number[], policy: RetentionPolicy): Set<number> {
  const newestFirst = timesMs.toSorted((a, b) => b - a)
  const kept = new Set(newestFirst.slice(0, Math.max(1, policy.last)))
  for (const name of ['hourly', 'daily', 'weekly', 'monthly'] as const) {
    const periods = new Set<number>()
    for (const timeMs of newestFirst) {
      const period = periodOf[name](timeMs)
      if (periods.has(period)) continue
      if (periods.size >= policy[name]) break
      periods.add(period)
      kept.add(timeMs)
    }
  }
  return kept
}

/** As `parseRetention`, for text that was checked. */
export function retentionOf(text: string): RetentionPolicy {
  const policy = parseRetention(text)
  if (!policy) throw new Error(`not a retention policy: ${text}`)
  return policy
}

const periodOf = {
  hourly: (timeMs: number) => Math.floor(timeMs / hourMs),
  daily: (timeMs: number) => Math.floor(timeMs / dayMs),
  weekly: (timeMs: number) => Math.floor((timeMs + mondayOffsetMs) / (7 * dayMs)),
  monthly: (timeMs: number) => {
    const date = new Date(timeMs)
    return date.getUTCFullYear() * 12 + date.getUTCMonth()
  },
}

/** Reads `last=3,daily=7`. What is not named is 0. @returns undefined when it is not understood */
export function parseRetention(text: string): RetentionPolicy | undefined {
  const policy = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0 }
  for (const part of text.split(',')) {
    const match = /^\s*([a-z]+)\s*=\s*(\d{1,4})\s*$/.exec(part)
    const name = retentionNames.find((one) => one === match?.[1])
    if (!match || !name) return undefined
    policy[name] = Number(match[2])
  }
  return policy
}
