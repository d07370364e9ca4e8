/** What the embed runner asks of a shard: passages without vectors, and to keep vectors. */
import type { PendingVectors, VectorsToStore } from '../threads/vector-operations.ts'
import type { Space } from './space-meter.ts'

export type PendingPassage = PendingVectors['items'][number]

export interface PassageVector {
  readonly passageId: number
  /** Of length 1. */
  readonly vector: Float32Array
}

export interface VectorCalls {
  /** Passages above `after` without a vector of that space, by ascending id; `left` counts all, from the first id on. */
  readonly 'vectors.pending': {
    readonly args: Space & { readonly limit: number; readonly after: number }
    readonly result: PendingVectors
  }
  /** Keeps them; what is there already or whose passage is gone is passed over. `left`: passages still without. */
  readonly 'vectors.store': {
    readonly args: VectorsToStore
    readonly result: { readonly left: number }
  }
}
