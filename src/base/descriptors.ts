/** How many stores and connections the system lets this process have open. */
import { readFileSync } from 'node:fs'

/** Six descriptors a store: two files, each with its log and index. */
const descriptorsPerStore = 6
/** The socket, and the file that is received or sent over it. */
const descriptorsPerConnection = 2
/** Threads, pipes of reader processes, originals being read, the server's own databases and logs. */
const descriptorsOwn = 100
/** Each kind gets half of what the server does not need itself. */
const kinds = 2
/** Below this nobody could be served at all; the limit is met instead. */
const connectionsMin = 8

/** Stores per shard that the process may have open, by its descriptor limit where the system tells it. */
export function storesByDescriptors(shards: number): number {
  return Math.max(1, Math.floor(descriptorShare() / descriptorsPerStore / shards))
}

/** Connections that the process may hold, likewise. */
export function connectionsByDescriptors(): number {
  return Math.max(connectionsMin, Math.floor(descriptorShare() / descriptorsPerConnection))
}

function descriptorShare(): number {
  return (descriptorLimit() - descriptorsOwn) / kinds
}

function descriptorLimit(): number {
  try {
    const line = /^Max open files\s+(\d+|unlimited)/m.exec(
      readFileSync('/proc/self/limits', 'utf8'),
    )
    return line?.[1] === undefined || line[1] === 'unlimited' ? 1_048_576 : Number(line[1])
  } catch {
    // Not Linux: the smallest default in use, so that the pool stays on the safe side.
    return 1_024
  }
}
