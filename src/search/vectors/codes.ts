/** Two bits a dimension: the compact form of a vector that the first pass scans, and how a query is compared with it. */
import { chunkDims, type Rotation } from './rotation.ts'

/** The best step of a uniform quantiser of four levels for normally distributed numbers, in standard deviations (Max 1960). */
const bestStep = 0.9957
/** Four levels stand at -1.5, -0.5, 0.5, 1.5 steps: level = code - 1.5. */
const levelZero = 1.5
export const chunkBytes = chunkDims / 4

/** A query as the kernel takes it. `score = factor * (sum of code * numbers - bias) * scale`. */
export interface CodedQuery {
  /** Padded dimensions, rotated, -127 … 127. */
  readonly numbers: Int8Array
  readonly bias: number
  readonly scale: number
}

export function codeBytes(padded: number): number {
  return padded / 4
}

/**
 * Writes the codes of a unit vector. Byte j of a chunk holds dimensions j, 16 + j, 32 + j, 48 + j, lowest bits first, so
 * that sixteen of them come out with one shift and one mask.
 * @returns the factor that makes the dot product with the levels an unbiased estimate of the cosine (Gao and Long 2024)
 */
export function encode(
  rotation: Rotation,
  vector: Float32Array,
  out: Uint8Array,
  at: number,
): number {
  const rotated = rotation.apply(vector)
  const step = bestStep / Math.sqrt(rotation.padded)
  let product = 0
  for (let i = 0; i < rotated.length; i++) {
    const value = rotated[i] as number
    const code = Math.min(3, Math.max(0, Math.floor(value / step) + 2))
    product += value * (code - levelZero)
    const byte = at + Math.floor(i / chunkDims) * chunkBytes + (i % chunkBytes)
    const shift = (Math.floor(i / chunkBytes) % 4) * 2
    out[byte] = ((out[byte] as number) & ~(3 << shift)) | (code << shift)
  }
  return product > 0 ? 1 / product : 0
}

export function encodeQuery(rotation: Rotation, vector: Float32Array): CodedQuery {
  const rotated = rotation.apply(vector)
  const largest = rotated.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const scale = largest > 0 ? largest / 127 : 1
  const numbers = Int8Array.from(rotated, (value) => Math.round(value / scale))
  const sum = numbers.reduce((total, value) => total + value, 0)
  return { numbers, bias: levelZero * sum, scale }
}

/** What the kernel computes, in plain JavaScript: its reference, and its stand-in on a processor without SIMD. */
export function scoreCodes(
  query: CodedQuery,
  codes: Uint8Array,
  factors: Float32Array,
  scores: Float32Array,
): void {
  const chunks = query.numbers.length / chunkDims
  for (let row = 0; row < factors.length; row++) {
    let sum = 0
    for (let chunk = 0; chunk < chunks; chunk++) {
      const from = (row * chunks + chunk) * chunkBytes
      for (let j = 0; j < chunkBytes; j++)
        sum += productOf(query.numbers, chunk * chunkDims + j, codes[from + j] ?? 0)
    }
    scores[row] =
      Math.fround(Math.fround(sum - query.bias) * Math.fround(factors[row] ?? 0)) * query.scale
  }
}

function productOf(numbers: Int8Array, at: number, byte: number): number {
  return (
    (byte & 3) * (numbers[at] as number) +
    ((byte >> 2) & 3) * (numbers[at + chunkBytes] as number) +
    ((byte >> 4) & 3) * (numbers[at + 2 * chunkBytes] as number) +
    (byte >> 6) * (numbers[at + 3 * chunkBytes] as number)
  )
}
