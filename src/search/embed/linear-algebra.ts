/** The little dense linear algebra that a truncated SVD needs. Matrices are row-major typed arrays. */

import type { FloatMemory } from './float-memory.ts'

/** A column whose part orthogonal to the others is smaller than this share of the whole says nothing new. */
const rankTolerance = 1e-8
const sweepsMax = 30
const offDiagonalTolerance = 1e-12

/** A matrix in a FloatMemory, row after row; `width` is a multiple of four. */
export interface TallMatrix {
  readonly at: number
  readonly rows: number
  readonly width: number
}

/** Rows are summed as 32-bit floats this many at a time, and the sums as 64-bit ones: seven digits are not enough for all. */
const summedRows = 256

/** transpose(rows) · rows: symmetric, width × width. */
export function gramMatrix(memory: FloatMemory, scratch: Scratch, tall: TallMatrix): Float64Array {
  const { width } = tall
  const gram = new Float64Array(width * width)
  for (let row = 0; row < tall.rows; row++) {
    const from = tall.at + row * width * 4
    memory.scatter(scratch.square, from, { ...scratch.every, weights: from }, width)
    if (row % summedRows === summedRows - 1 || row === tall.rows - 1)
      flush(memory.floats(scratch.square, width * width), gram)
  }
  return gram
}

/** Adds the numbers to `sums` and makes them zero. */
export function flush(numbers: Float32Array, sums: Float64Array): void {
  for (let i = 0; i < numbers.length; i++) sums[i] = (sums[i] as number) + (numbers[i] as number)
  numbers.fill(0)
}

/** Room for a square matrix, a row, and the row numbers 0 … width - 1. */
export interface Scratch {
  readonly square: number
  readonly row: number
  readonly every: { readonly index: number; readonly weights: number; readonly rows: number }
}

export function reserveScratch(memory: FloatMemory, width: number): Scratch {
  const square = memory.reserve(width * width)
  const row = memory.reserve(width)
  const index = memory.reserve(width)
  const numbers = memory.integers(index, width)
  for (let i = 0; i < width; i++) numbers[i] = i
  return { square, row, every: { index, weights: 0, rows: width } }
}

/**
 * Makes the columns of a tall matrix orthonormal, in place: Cholesky QR, at best twice, because once loses half the digits
 * (Yamamoto et al. 2015). A column that depends on those before it becomes zero.
 */
export function orthonormalise(
  memory: FloatMemory,
  scratch: Scratch,
  tall: TallMatrix,
  turns: number,
): void {
  for (let turn = 0; turn < turns; turn++) {
    const gram = gramMatrix(memory, scratch, tall)
    multiplyRows(memory, scratch, tall, inverseOfCholesky(gram, tall.width))
  }
}

/** rows · square, in place. */
export function multiplyRows(
  memory: FloatMemory,
  scratch: Scratch,
  { at, rows, width }: TallMatrix,
  square: Float64Array,
): void {
  memory.floats(scratch.square, width * width).set(square)
  const result = memory.floats(scratch.row, width)
  for (let row = 0; row < rows; row++) {
    const from = at + row * width * 4
    result.fill(0)
    memory.gather(scratch.row, scratch.square, { ...scratch.every, weights: from }, width)
    memory.floats(from, width).set(result)
  }
  memory.floats(scratch.square, width * width).fill(0)
}

/** For a symmetric G the upper triangular R with transpose(R) · G · R = 1 (zero columns where G has no full rank). */
function inverseOfCholesky(gram: Float64Array, width: number): Float64Array {
  const lower = cholesky(gram, width)
  const inverse = new Float64Array(width * width)
  for (let column = 0; column < width; column++) {
    const pivot = lower[column * width + column] as number
    if (pivot === 0) continue
    inverse[column * width + column] = 1 / pivot
    for (let row = column + 1; row < width; row++) {
      const diagonal = lower[row * width + row] as number
      if (diagonal === 0) continue
      let sum = 0
      for (let k = column; k < row; k++)
        sum += (lower[row * width + k] as number) * (inverse[column * width + k] as number)
      // Stored transposed: this is the inverse of L, read as an upper triangle.
      inverse[column * width + row] = -sum / diagonal
    }
  }
  return inverse
}

function cholesky(gram: Float64Array, width: number): Float64Array {
  const lower = new Float64Array(width * width)
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < i; j++) {
      const pivot = lower[j * width + j] as number
      lower[i * width + j] = pivot > 0 ? choleskyRest(gram, lower, width, i, j) / pivot : 0
    }
    const whole = gram[i * width + i] as number
    const rest = choleskyRest(gram, lower, width, i, i)
    lower[i * width + i] = rest > whole * rankTolerance ? Math.sqrt(rest) : 0
  }
  return lower
}

/** What is left of an element when the columns before `j` have taken their part. */
function choleskyRest(
  gram: Float64Array,
  lower: Float64Array,
  width: number,
  i: number,
  j: number,
): number {
  let rest = gram[i * width + j] as number
  for (let k = 0; k < j; k++)
    rest -= (lower[i * width + k] as number) * (lower[j * width + k] as number)
  return rest
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations.
 * @returns values, largest first, and the vectors as columns, the largest component of each positive
 */
export function symmetricEigen(
  symmetric: Float64Array,
  width: number,
): { values: Float64Array; vectors: Float64Array } {
  const matrix = symmetric.slice()
  const vectors = new Float64Array(width * width)
  for (let i = 0; i < width; i++) vectors[i * width + i] = 1
  for (let sweep = 0; sweep < sweepsMax && !isDiagonal(matrix, width); sweep++)
    for (let p = 0; p < width; p++)
      for (let q = p + 1; q < width; q++) rotate(matrix, vectors, width, p, q)
  return sorted(matrix, vectors, width)
}

function isDiagonal(matrix: Float64Array, width: number): boolean {
  let [diagonal, rest] = [0, 0]
  for (let i = 0; i < width; i++)
    for (let j = 0; j < width; j++) {
      const square = (matrix[i * width + j] as number) ** 2
      if (i === j) diagonal += square
      else rest += square
    }
  return rest <= diagonal * offDiagonalTolerance ** 2
}

/** One Jacobi rotation, which makes element (p, q) zero. */
function rotate(
  matrix: Float64Array,
  vectors: Float64Array,
  width: number,
  p: number,
  q: number,
): void {
  const apart = matrix[p * width + q] as number
  if (apart === 0) return
  const difference = (matrix[q * width + q] as number) - (matrix[p * width + p] as number)
  const theta = difference / (2 * apart)
  const tangent = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const cosine = 1 / Math.sqrt(tangent * tangent + 1)
  const sine = tangent * cosine
  turn(matrix, p, q, width, width, cosine, sine)
  turn(matrix, p * width, q * width, 1, width, cosine, sine)
  turn(vectors, p, q, width, width, cosine, sine)
}

/** Turns two rows or columns that start at `a` and `b`; elements lie `step` apart. */
function turn(
  matrix: Float64Array,
  a: number,
  b: number,
  step: number,
  count: number,
  cosine: number,
  sine: number,
): void {
  for (let i = 0; i < count; i++) {
    const x = matrix[a + i * step] as number
    const y = matrix[b + i * step] as number
    matrix[a + i * step] = cosine * x - sine * y
    matrix[b + i * step] = sine * x + cosine * y
  }
}

function sorted(
  matrix: Float64Array,
  vectors: Float64Array,
  width: number,
): { values: Float64Array; vectors: Float64Array } {
  const order = Array.from({ length: width }, (_, i) => i).sort(
    (a, b) => (matrix[b * width + b] as number) - (matrix[a * width + a] as number) || a - b,
  )
  const columns = new Float64Array(width * width)
  for (const [to, from] of order.entries()) {
    let largest = 0
    for (let i = 0; i < width; i++) {
      const value = vectors[i * width + from] as number
      if (Math.abs(value) > Math.abs(largest)) largest = value
    }
    const sign = largest < 0 ? -1 : 1
    for (let i = 0; i < width; i++)
      columns[i * width + to] = sign * (vectors[i * width + from] as number)
  }
  return {
    values: Float64Array.from(order, (i) => matrix[i * width + i] as number),
    vectors: columns,
  }
}
