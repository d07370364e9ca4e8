/** Vectors that a model could have made: the same text always the same, shared words bring two texts together. */
import { createHash } from 'node:crypto'

/**
 * @param weights which model: another string gives unrelated vectors
 * @returns numbers of no particular length, never all zero
 */
export function fakeVector(text: string, dimensions: number, weights: string): number[] {
  const vector = new Array<number>(dimensions).fill(0)
  const add = (what: string, by: number): void => {
    const hash = createHash('sha256').update(`${weights}:${what}`).digest()
    for (let at = 0; at < dimensions; at++)
      vector[at] = (vector[at] ?? 0) + (((hash[at % 32] ?? 0) ^ ((at * 37) & 255)) / 127.5 - 1) * by
  }
  for (const word of text.toLowerCase().split(/[^\p{L}\p{N}]+/u)) if (word) add(word, 1)
  add(text, 0.1)
  return vector
}
