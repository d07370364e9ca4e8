/** The reader processes of a server, seen from outside: who they are, and how much memory they take at most (Linux). */
import { readdirSync, readFileSync } from 'node:fs'

const intervalMs = 10

/** Processes that the server started and that are alive; a dead one that nobody has collected yet does not count. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => {
      const [state, parent] = stateOf(candidate)
      return parent === pid && state !== 'Z'
    })
}

/** The most that a reader process held since it started (bytes), of all that are seen until `stop`. */
export function watchReaders(pid: number): { stop(): number } {
  let peak = 0
  const look = (): void => {
    const sizes = childrenOf(pid).map(peakBytes)
    peak = Math.max(peak, ...sizes)
  }
  const timer = setInterval(look, intervalMs)
  look()
  return {
    stop() {
      clearInterval(timer)
      look()
      return peak
    },
  }
}

function peakBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024
  } catch {
    return 0
  }
}

/** State and parent (proc(5)); the name before them may itself have spaces and parentheses. */
function stateOf(pid: number): [state: string, parent: number] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return [state, Number(parent)]
  } catch {
    return ['', 0]
  }
}
