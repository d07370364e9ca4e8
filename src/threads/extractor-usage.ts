/** What a process uses, seen from outside it: memory and processor time. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Fixed at 100 on every Linux that Node runs on (`getconf CLK_TCK`). */
const ticksPerSecond = 100
/** Counted from the field after the name, which may itself contain spaces and parentheses (proc(5)). */
const userTicksField = 11

export interface Usage {
  /** Resident memory. */
  readonly bytes: number
  /** User and system time since the process started. */
  readonly cpuMs: number
}

/** How often it makes sense to ask: reading /proc is cheap, elsewhere `ps` is a process of its own. */
export const usageIntervalMs = process.platform === 'linux' ? 150 : 1_000

/** @returns undefined when the process has gone or the platform does not say. */
export async function readUsage(pid: number): Promise<Usage | undefined> {
  try {
    return process.platform === 'linux' ? await readProc(pid) : await readPs(pid)
  } catch {
    return undefined
  }
}

async function readProc(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'latin1'),
    readFile(`/proc/${pid}/status`, 'latin1'),
  ])
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[userTicksField] ?? 0) + Number(fields[userTicksField + 1] ?? 0)
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0
  return { bytes: Number(kilobytes) * 1_024, cpuMs: (ticks * 1_000) / ticksPerSecond }
}

/** POSIX `ps`: kilobytes, and time as `hh:mm:ss` or, on macOS, `mm:ss.cc`. */
async function readPs(pid: number): Promise<Usage> {
  const { stdout } = await run('ps', ['-o', 'rss=,time=', '-p', String(pid)])
  const [kilobytes = '0', time = '0'] = stdout.trim().split(/\s+/)
  const seconds = time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return { bytes: Number(kilobytes) * 1_024, cpuMs: seconds * 1_000 }
}
