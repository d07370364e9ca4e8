/** Vectors that a model could have made: the same text always the same, shared words bring two texts together. */
import { createHash } from 'node:crypto'

/** Words come again and again: what was hashed is kept, up to a bound. */
const keptMax = 50_000
const kept = new Map<string, Buffer>()

/**
 * @param weights which model: another string gives unrelated vectors
 * @returns numbers of no particular length, never all zero
 */
export function fakeVector(text: string, dimensions: number, weights: string): number[] {
  const vector = new Array<number>(dimensions).fill(0)
  const add = (hash: Buffer, by: number): void => {
    for (let at = 0; at < dimensions; at++)
      vector[at] = (vector[at] ?? 0) + (((hash[at % 64] ?? 0) ^ ((at * 37) & 255)) / 127.5 - 1) * by
  }
  for (const word of text.toLowerCase().split(/[^\p{L}\p{N}]+/u))
    if (word) add(hashOf(`${weights}:${word}`), 1)
  add(digest(`${weights}:${text}`), 0.1)
  return vector
}

function hashOf(what: string): Buffer {
  const found = kept.get(what)
  if (found) return found
  const hash = digest(what)
  if (kept.size < keptMax) kept.set(what, hash)
  return hash
}

function digest(what: string): Buffer {
  return createHash('sha512').update(what).digest()
}
