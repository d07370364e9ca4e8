/** Feedback: a query's vector drawn towards passages that are probably right. */
import type { Db } from '../../base/sqlite.ts'
import type { Space } from './spaces.ts'
import { readVectors, unitVector } from './vector-store.ts'

/** A passage that another arm found, and its score there. */
export interface Seed {
  readonly id: number
  /** Greater than zero; only their proportions count. */
  readonly score: number
}

export interface Feedback {
  /** How many of the other arm's best passages count. */
  readonly seeds: number
  /** How much they weigh together; the query itself weighs 1. */
  readonly weight: number
}

/**
 * Five passages that weigh as much as the query. Three to ten passages and half or whole weight all help, on every
 * collection tried (docs on ranking); these are round numbers in the middle.
 */
export const defaultFeedback: Feedback = { seeds: 5, weight: 1 }

/**
 * The unit vector of query + weight · mean of the seeds, by their scores: Rocchio's pseudo-relevance feedback (1971) on
 * vectors (Li et al. 2021), with seeds of the keyword arm, which is right more often than the vectors' own best.
 * @param unit the query, a unit vector of the space
 * @param seeds best first; those beyond `feedback.seeds` and those without a vector do not count
 */
export function withFeedback(
  vecs: Db,
  space: Space,
  unit: Float32Array,
  seeds: readonly Seed[],
  feedback: Feedback,
): Float32Array {
  const used = seeds.slice(0, feedback.seeds).filter((seed) => seed.score > 0)
  if (used.length === 0 || feedback.weight <= 0) return unit
  const vectors = readVectors(
    vecs,
    space,
    used.map((seed) => seed.id),
  )
  const total = used.reduce((sum, { id, score }) => sum + (vectors.has(id) ? score : 0), 0)
  const moved = unit.slice()
  for (const { id, score } of used) {
    const vector = vectors.get(id)
    if (!vector) continue
    const share = (feedback.weight * score) / total
    for (let d = 0; d < moved.length; d++)
      moved[d] = (moved[d] as number) + share * (vector[d] as number)
  }
  // Seeds that point exactly away from the query say nothing.
  return moved.some((value) => value !== 0)
    ? unitVector(moved, space.dims, 'The vector of the query')
    : unit
}
