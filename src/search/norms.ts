/** A passage's length in one byte: exact below 24 words, then within one sixteenth. */

/**
 * Lengths below are their own code; above, a code is five significant bits and an exponent: Lucene's SmallFloat with one
 * bit more, because a passage never has the two billion words that Lucene leaves room for.
 */
const exactBelow = 24
/** The longest length that is told apart: code 255. */
const lengthMax = exactBelow + 23 * 2 ** 13

/** @returns the code, 0 … 255; codes grow with lengths. */
export function encodeLength(length: number): number {
  const value = Math.min(length, lengthMax)
  if (value < exactBelow) return value
  const shifted = value - exactBelow
  const bits = 32 - Math.clz32(shifted)
  if (bits < 5) return exactBelow + shifted
  const shift = bits - 5
  return exactBelow + (((shifted >>> shift) & 15) | ((shift + 1) << 4))
}

/** @returns the shortest length with that code, in words. */
export function decodeLength(code: number): number {
  if (code < exactBelow) return code
  const float = code - exactBelow
  const shift = (float >>> 4) - 1
  return exactBelow + (shift < 0 ? float & 15 : ((float & 15) | 16) * 2 ** shift)
}

export const decodedLengths = Float64Array.from({ length: 256 }, (_, code) => decodeLength(code))

/** The part of BM25 that depends on the length: k1 · (1 - b + b · length / average), for every code. */
export function lengthFactors(averageLength: number, k1: number, b: number): Float64Array {
  const factors = new Float64Array(256)
  const perWord = averageLength > 0 ? (k1 * b) / averageLength : 0
  const base = averageLength > 0 ? k1 * (1 - b) : k1
  for (let code = 0; code < 256; code++)
    factors[code] = base + perWord * (decodedLengths[code] as number)
  return factors
}
