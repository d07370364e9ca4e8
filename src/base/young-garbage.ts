/** Buffers of streams that have passed, given back at once. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options: { readonly type: 'minor' }) => void

let collect: Collect | undefined

/**
 * Collects what was allocated lately and is not used any more; takes a millisecond or two. V8 leaves memory outside its heap
 * alone until there are some thirty megabytes of it: a server that only passes bytes on would swing by as much.
 */
export function collectYoungGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as Collect
  }
  collect({ type: 'minor' })
}
