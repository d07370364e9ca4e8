/** Memory and children of a process, where the system tells them (Linux). */
import { existsSync, readdirSync, readFileSync } from 'node:fs'

export const canMeasureProcesses = existsSync('/proc/self/status')

export interface ProcessMemory {
  readonly residentBytes: number
  /** The most it ever was. */
  readonly peakBytes: number
}

/** @throws where there is no such process, or no /proc */
export function memoryOf(pid: number): ProcessMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) * 1024
  return { residentBytes: bytes('VmRSS'), peakBytes: bytes('VmHWM') }
}

/** Process ids of the children that a process has now. */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1')
      .split(' ')
      .filter(Boolean)
      .map(Number),
  )
}
