/** Buffers of streams that have passed, given back at once. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options: { readonly type: 'minor' }) => void

let collect: Collect | undefined

/** So much may lie about. */
const collectEveryBytes = 8 * 2 ** 20

/** Counts what a stream has passed on, and gives its buffers back now and then. */
export class PassedBytes {
  #uncollected = 0

  add(bytes: number): void {
    this.#uncollected += bytes
    if (this.#uncollected < collectEveryBytes) return
    this.#uncollected = 0
    collectYoungGarbage()
  }
}

/**
 * Collects what was allocated lately and is not used any more; takes a millisecond or two. V8 leaves memory outside its heap
 * alone until there are some thirty megabytes of it: a server that only passes bytes on would swing by as much.
 */
function collectYoungGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as Collect
  }
  collect({ type: 'minor' })
}
