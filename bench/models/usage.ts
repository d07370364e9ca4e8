/** Processor time and memory of this process and of the tree of another, from /proc where there is one. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { canMeasureProcesses, childrenOf } from '../lib/process-memory.ts'

const ticksPerSecond = 100
const quietMs = 100
/** Of one core, below which nothing is being done. */
const quietShare = 0.1
const settleMsMax = 20_000

/** Of this process, and of the tree under `pid`, in seconds. */
export function processorSeconds(pid: number | undefined): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6 + (pid === undefined ? 0 : treeOf(pid).reduce(addSeconds, 0))
}

function addSeconds(sum: number, pid: number, at: number): number {
  const fields = statOf(pid)
  // Of the root those of its children that ended too: of each other they would count again.
  const ticks = [11, 12, ...(at === 0 ? [13, 14] : [])].map((field) => Number(fields[field] ?? 0))
  return sum + ticks.reduce((all, tick) => all + tick, 0) / ticksPerSecond
}

/** Fields of /proc/PID/stat after the name, from the state on; none of a process that is gone. */
function statOf(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`)
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** @returns resident bytes of this process and of the tree, what several share counted once; null where nobody tells */
export function residentBytes(pid: number | undefined): number | null {
  if (!canMeasureProcesses) return null
  return [process.pid, ...(pid === undefined ? [] : treeOf(pid))].reduce((sum, one) => {
    const kib = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${one}/smaps_rollup`))?.[1]
    return sum + Number(kib ?? 0) * 1_024
  }, 0)
}

/** Waits until nothing is done any more: what one model left for later must not fall into another's time. */
export async function settled(pid: number | undefined): Promise<void> {
  const startMs = performance.now()
  for (;;) {
    const [before, fromMs] = [processorSeconds(pid), performance.now()]
    await sleep(quietMs)
    const share = (processorSeconds(pid) - before) / ((performance.now() - fromMs) / 1_000)
    if (share < quietShare || performance.now() - startMs > settleMsMax) return
  }
}

function treeOf(pid: number): number[] {
  try {
    return [pid, ...childrenOf(pid).flatMap(treeOf)]
  } catch {
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
