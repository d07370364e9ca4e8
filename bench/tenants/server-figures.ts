/** What a running server says of its stores, and the system of it. */
import { readdirSync, readFileSync } from 'node:fs'
import { canMeasureProcesses, memoryOf } from '../lib/process-memory.ts'
import type { RunningServer } from '../lib/server.ts'

/** Linux counts in hundredths for programs (USER_HZ), whatever its own tick is. */
const ticksPerSecond = 100

export const adminToken = 'the-benches-of-scale-read-the-metrics-with-it'

export interface StoreFigures {
  readonly open: number
  readonly opens: number
  readonly hits: number
  /** HTTP requests answered. */
  readonly requests: number
}

export async function storeFigures(url: string): Promise<StoreFigures> {
  const headers = { authorization: `Bearer ${adminToken}` }
  const text = await (await fetch(`${url}/metrics`, { headers })).text()
  const of = (name: string): number => {
    const found = new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1]
    if (found === undefined) throw new Error(`the metrics have no ${name}`)
    return Number(found)
  }
  return {
    open: of('carrel_stores_open'),
    opens: of('carrel_store_opens'),
    hits: of('carrel_store_hits'),
    requests: text
      .matchAll(/^http_requests_total\{[^\n]*\} (\d+)$/gm)
      .reduce((sum, [, count]) => sum + Number(count), 0),
  }
}

/** Null where the system does not tell. */
export function residentMb({ pid }: Pick<RunningServer, 'pid'>): number | null {
  return canMeasureProcesses ? memoryOf(pid).residentBytes / 1e6 : null
}

export function descriptorsOf({ pid }: Pick<RunningServer, 'pid'>): number | null {
  return canMeasureProcesses ? readdirSync(`/proc/${pid}/fd`).length : null
}

/** Of all processors since the machine's start, given by its host to other machines (proc(5), `steal`). @returns null where nobody says so */
export function stolenSeconds(): number | null {
  try {
    const [, ...ticks] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/\s+/) ?? []
    return ticks[7] === undefined ? null : Number(ticks[7]) / ticksPerSecond
  } catch {
    return null
  }
}
