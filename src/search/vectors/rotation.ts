/** A fixed pseudo-random rotation: it spreads a vector's energy evenly over its dimensions, so that few bits a dimension lose little. */
import { seededRandom } from './random.ts'

/** Codes are packed 64 dimensions at a time; a vector is filled up with zeros, which change no dot product. */
export const chunkDims = 64
const seed = 0x5eed
/** Each round mixes what one window covers; two windows that overlap need a second turn each. */
const rounds = 4

export function paddedDims(dims: number): number {
  return Math.ceil(dims / chunkDims) * chunkDims
}

/**
 * Random signs and a Walsh-Hadamard transform over a window of a power of two, four times, the window in turn at the
 * start and at the end: orthogonal, O(d log d), the same for everybody (fast Johnson-Lindenstrauss, Ailon and
 * Chazelle 2009).
 */
export class Rotation {
  readonly dims: number
  readonly padded: number
  readonly #window: number
  readonly #signs: Float32Array

  constructor(dims: number) {
    this.dims = dims
    this.padded = paddedDims(dims)
    this.#window = 2 ** Math.floor(Math.log2(this.padded))
    const random = seededRandom(seed)
    this.#signs = Float32Array.from({ length: this.padded * rounds }, () =>
      random() < 0.5 ? -1 : 1,
    )
  }

  /** @returns a new vector of `padded` numbers with the same length and the same angles to others */
  apply(vector: Float32Array): Float32Array {
    const out = new Float32Array(this.padded)
    out.set(vector)
    for (let round = 0; round < rounds; round++) {
      const at = round * this.padded
      for (let i = 0; i < out.length; i++)
        out[i] = (out[i] as number) * (this.#signs[at + i] as number)
      hadamard(out, round % 2 === 0 ? 0 : this.padded - this.#window, this.#window)
    }
    return out
  }
}

/** In place, orthonormal, over `count` numbers (a power of two) from `start`. */
function hadamard(values: Float32Array, start: number, count: number): void {
  for (let half = 1; half < count; half *= 2)
    for (let block = start; block < start + count; block += half * 2)
      for (let i = block; i < block + half; i++) {
        const a = values[i] as number
        const b = values[i + half] as number
        values[i] = a + b
        values[i + half] = a - b
      }
  const scale = 1 / Math.sqrt(count)
  for (let i = start; i < start + count; i++) values[i] = (values[i] as number) * scale
}
