/** The embedder that needs no model: what the library itself says of its words, and the pieces of words. */

import { countWeight } from './lsa.ts'
import { addSubwords } from './subwords.ts'

/** Numbers of a vector: 128 learnt from the library, 256 hashed; all hashed while nothing is learnt. */
export const builtinDims = 384
export const learntDims = 128
/**
 * Part of the cosine that the hashed pieces decide. They keep apart what the learnt directions throw together, words seen
 * once above all; a fifth to a half does equally well (docs on ranking), so this is a round number and no fit.
 */
const piecesShare = 0.25

/** What is known of a term: numbers of its learnt vector, at most `learntDims`, times `scale`. */
export interface LearntTerm {
  readonly idf: number
  readonly scale: number
  readonly vector: Int8Array
}

/** A fit, wherever it is kept. */
export interface LearntTerms {
  /** The idf of a term that the fit does not know. */
  readonly idfMax: number
  find(term: string): LearntTerm | undefined
}

/**
 * The vector of a passage or a query, of length one.
 * @param counts how often each term occurs
 * @param text stands in for the terms where there are none (signs, emoji), so that every passage has a vector
 * @param learnt undefined before the first fit
 */
export function embedTerms(
  counts: ReadonlyMap<string, number>,
  text: string,
  learnt: LearntTerms | undefined,
): Float32Array {
  const out = new Float64Array(builtinDims)
  const piecesAt = learnt ? learntDims : 0
  for (const [term, count] of counts) {
    const known = learnt?.find(term)
    const weight = countWeight(count) * (known?.idf ?? learnt?.idfMax ?? 1)
    if (known) addLearnt(out, known, weight)
    addSubwords(out, piecesAt, builtinDims - piecesAt, term, weight)
  }
  const learntLength = lengthOf(out, 0, piecesAt)
  if (lengthOf(out, piecesAt, builtinDims) === 0)
    addSubwords(out, piecesAt, builtinDims - piecesAt, text.slice(0, textUnitsMax), 1)
  const share = learntLength > 0 ? piecesShare : 1
  scaleTo(out, 0, piecesAt, Math.sqrt(1 - share))
  scaleTo(out, piecesAt, builtinDims, Math.sqrt(share))
  return Float32Array.from(out)
}

/** Pieces of a text without words: a few are enough to tell it from another. */
const textUnitsMax = 256

function addLearnt(out: Float64Array, { scale, vector }: LearntTerm, weight: number): void {
  const factor = weight * scale
  for (let d = 0; d < vector.length; d++)
    out[d] = (out[d] as number) + factor * (vector[d] as number)
}

function lengthOf(out: Float64Array, from: number, to: number): number {
  let sum = 0
  for (let d = from; d < to; d++) sum += (out[d] as number) ** 2
  return Math.sqrt(sum)
}

function scaleTo(out: Float64Array, from: number, to: number, length: number): void {
  const now = lengthOf(out, from, to)
  if (now === 0) return
  for (let d = from; d < to; d++) out[d] = ((out[d] as number) * length) / now
}
