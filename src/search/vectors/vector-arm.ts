/** The meaning arm of a search: the passages nearest to a query, with or without another arm's help. */
import type { Db } from '../../base/sqlite.ts'
import type { Range } from '../id-runs.ts'
import { type Feedback, type Seed, withFeedback } from './feedback.ts'
import type { Space } from './spaces.ts'
import { rescore, searchVectors, type VectorEngine, type VectorHit } from './vector-search.ts'
import { unitVector } from './vector-store.ts'

export interface VectorArmQuery {
  /** The embedded query, of the space's dimensions. */
  readonly vector: Float32Array
  readonly limit: number
  /** As in `VectorQuery`. */
  readonly exact?: number | undefined
  readonly within?: readonly Range[] | undefined
  /** The keyword arm's hits, best first. Empty for a search by meaning alone. */
  readonly seeds: readonly Seed[]
  readonly feedback: Feedback
  /**
   * Only these passages: of a query with conditions that vectors cannot tell (phrases, words that must not stand), the
   * keyword arm's hits.
   */
  readonly only?: readonly number[] | undefined
}

/** @throws Problem `invalid_request`, as `searchVectors` */
export function vectorArm(
  engine: VectorEngine,
  vecs: Db,
  space: Space,
  { vector, limit, exact, within, seeds, feedback, only }: VectorArmQuery,
): VectorHit[] {
  const unit = unitVector(vector, space.dims, 'The vector of the query')
  const moved = withFeedback(vecs, space, unit, seeds, feedback)
  return only
    ? rescore(vecs, space, moved, only).slice(0, limit)
    : searchVectors(engine, vecs, space, { vector: moved, limit, exact, within })
}
