/** What the embed runner asks of a shard: passages without vectors, and to keep vectors. */
import type { Space } from './space-meter.ts'

export interface PendingPassage {
  readonly passageId: number
  readonly text: string
}

export interface PassageVector {
  readonly passageId: number
  /** Of length 1. */
  readonly vector: Float32Array
  /** The passage was longer than the model takes: this is the vector of its beginning. */
  readonly isTruncated: boolean
}

export interface VectorCalls {
  /** Passages above `after` without a vector of that space, by ascending id; `left` counts all, from the first id on. */
  readonly 'vectors.pending': {
    readonly args: Space & { readonly limit: number; readonly after: number }
    readonly result: { readonly items: readonly PendingPassage[]; readonly left: number }
  }
  /** Keeps them; what is there already or whose passage is gone is passed over. `left`: passages still without. */
  readonly 'vectors.store': {
    readonly args: Space & { readonly items: readonly PassageVector[] }
    readonly result: { readonly left: number }
  }
}
