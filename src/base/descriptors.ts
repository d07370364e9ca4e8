/** How many stores the system lets this process have open. */
import { readFileSync } from 'node:fs'

/** Six descriptors a store: two files, each with its log and index. */
const descriptorsPerStore = 6
/** Left for sockets, originals and the server's own files. */
const descriptorsReserved = 200

/** Stores per shard that the process may have open, by its descriptor limit where the system tells it. */
export function storesByDescriptors(shards: number): number {
  const limit = descriptorLimit()
  const stores = Math.floor((limit - descriptorsReserved) / descriptorsPerStore / shards)
  return Math.max(1, stores)
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
