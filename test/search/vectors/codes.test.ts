/** The compact form: the rotation keeps angles, the kernel counts as its reference does, estimates are near the truth. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type CodedQuery,
  codeBytes,
  encode,
  encodeQuery,
  scoreCodes,
} from '../../../src/search/vectors/codes.ts'
import { createKernel, type Kernel, PlainKernel } from '../../../src/search/vectors/kernel.ts'
import { seededRandom } from '../../../src/search/vectors/random.ts'
import { Rotation } from '../../../src/search/vectors/rotation.ts'
import { unitVector } from '../../../src/search/vectors/vector-store.ts'
import { cosine, gaussian } from './helpers.ts'

const dimensions = fc.integer({ min: 1, max: 1100 })
const seeds = fc.integer({ min: 1, max: 2 ** 31 })

function units(count: number, dims: number, seed: number): Float32Array[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => unitVector(gaussian(random, dims), dims, 'It'))
}

function coded(rotation: Rotation, vectors: readonly Float32Array[]) {
  const stride = codeBytes(rotation.padded)
  const codes = new Uint8Array(vectors.length * stride)
  const factors = Float32Array.from(vectors, (v, i) => encode(rotation, v, codes, i * stride))
  return { codes, factors }
}

test('a rotation keeps lengths and angles, in any number of dimensions', () => {
  fc.assert(
    fc.property(dimensions, seeds, (dims, seed) => {
      const [a, b] = units(2, dims, seed) as [Float32Array, Float32Array]
      const rotation = new Rotation(dims)
      const [x, y] = [rotation.apply(a), rotation.apply(b)]
      expect(Math.hypot(...x)).toBeCloseTo(1, 4)
      expect(cosine(x, y)).toBeCloseTo(cosine(a, b), 4)
    }),
    { numRuns: 30 },
  )
})

test('a rotation spreads a vector that has one number', () => {
  const vector = new Float32Array(384)
  vector[7] = 1
  const largest = Math.max(...new Rotation(384).apply(vector).map(Math.abs))
  expect(largest).toBeLessThan(0.35)
})

interface Coded {
  readonly codes: Uint8Array
  readonly factors: Float32Array
}

/** The rows a kernel finds, part by part, numbered through. */
function foundRows(kernel: Kernel, { codes, factors }: Coded, query: CodedQuery, least: number) {
  const parts = kernel.memory.hold(codes, factors, codeBytes(query.numbers.length))
  kernel.ask(query)
  let before = 0
  const found = parts.flatMap((part) => {
    const count = kernel.score(part, least)
    const rows = [...kernel.memory.rows.subarray(0, count)].map((row) => row + before)
    before += part.rows
    return rows.map((row, i) => ({ row, score: kernel.memory.scores[i] ?? Number.NaN }))
  })
  kernel.memory.free(parts)
  return found
}

test('the SIMD kernel finds what its reference in JavaScript finds, in memory that was used before', () => {
  const kernels = [createKernel(), new PlainKernel()]
  expect(kernels[0]).not.toBeInstanceOf(PlainKernel)
  fc.assert(
    fc.property(dimensions, fc.integer({ min: 0, max: 300 }), seeds, (dims, rows, seed) => {
      const rotation = new Rotation(dims)
      const [query = new Float32Array(dims), ...vectors] = units(rows + 1, dims, seed)
      const block = coded(rotation, vectors)
      const q = encodeQuery(rotation, query)
      const [simd = [], plain = []] = kernels.map((k) => foundRows(k, block, q, -2))
      expect(plain.map(({ row }) => row)).toEqual(vectors.map((_, row) => row))
      expect(simd.map(({ row }) => row)).toEqual(plain.map(({ row }) => row))
      for (const [row, { score }] of plain.entries()) expect(simd[row]?.score).toBeCloseTo(score, 5)
      const least = simd[Math.floor(rows / 2)]?.score ?? 0
      const above = simd.filter(({ score }) => score >= least)
      expect(foundRows(kernels[0] as Kernel, block, q, least)).toEqual(above)
    }),
    { numRuns: 60 },
  )
})

test('scores estimate the cosine without a bias', () => {
  const rotation = new Rotation(384)
  const vectors = units(2_000, 384, 5)
  const query = vectors[0] as Float32Array
  const { codes, factors } = coded(rotation, vectors)
  const scores = new Float32Array(vectors.length)
  scoreCodes(encodeQuery(rotation, query), codes, factors, scores)
  const errors = vectors.map((vector, i) => (scores[i] ?? 0) - cosine(vector, query))
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length
  const spread = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)
  expect(Math.abs(mean)).toBeLessThan(0.002)
  expect(spread).toBeLessThan(0.025)
})
