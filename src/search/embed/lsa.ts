/**
 * Latent semantic analysis: the directions in which the words of a library vary together (Deerwester et al. 1990), by
 * randomised subspace iteration (Halko, Martinsson, Tropp 2011).
 */
import { seededRandom } from '../vectors/random.ts'
import { FloatMemory, quad, type RowWeights } from './float-memory.ts'
import {
  flush,
  multiplyRows,
  orthonormalise,
  reserveScratch,
  type Scratch,
  symmetricEigen,
  type TallMatrix,
} from './linear-algebra.ts'
import { type TermMatrix, termsPerPassageMax } from './term-matrix.ts'

/** Directions beyond those wanted make the wanted ones exact (Halko et al.: five to ten). */
const oversampling = 10
/** Each pass multiplies by the matrix and its transpose; three are plenty for text, whose spectrum falls slowly. */
const passes = 3
const seed = 1
/** Directions with less of the variance than this share of the first are rounding errors. */
const varianceMin = 1e-9

/** What a fit knows of terms; parallel arrays, ready to be sent to another thread. */
export interface LsaModel {
  /** Passages it was fitted on. */
  readonly passages: number
  /** Numbers a term. May be less than asked for in a library of few different words. */
  readonly dims: number
  /** `termHash` of each term. */
  readonly terms: Float64Array
  readonly idf: Float32Array
  /** Eight bits a number; times the term's scale. */
  readonly vectors: Int8Array
  readonly scales: Float32Array
}

/** A term's weight in a passage: logarithmic, so that the tenth occurrence counts less than the first. */
export function countWeight(count: number): number {
  return 1 + Math.log(count)
}

/** The idf of a term that the fit has not seen, or seen in one passage only. */
export function idfMax(passages: number): number {
  return Math.log(Math.max(2, passages))
}

/**
 * Fits the first `dims` right singular vectors of the tf-idf matrix with rows of length one. The same matrix gives the same
 * model, bit by bit. Takes O(entries · dims) time; memory for two arrays of terms × (dims + 10) floats.
 */
export function fitLsa(matrix: TermMatrix, dims: number): LsaModel {
  const idf = Float64Array.from(matrix.passagesOf, (n) => Math.log(matrix.passages / n))
  const terms = matrix.terms.length
  const width = Math.ceil(Math.min(dims + oversampling, terms) / quad) * quad
  const fit = new Fit(matrix, idf, width)
  const basis = fit.iterate()
  const { values, vectors } = symmetricEigen(fit.project(basis), width)
  const enough = (values[0] ?? 0) * varianceMin
  const found = values.findIndex((value) => value <= enough)
  const kept = Math.min(dims, found < 0 ? width : found)
  return quantise(matrix, idf, fit.combine(basis, vectors), width, kept)
}

/** The numbers of one fit, in one memory. */
class Fit {
  readonly #matrix: TermMatrix
  readonly #idf: Float64Array
  readonly #width: number
  readonly #memory = new FloatMemory()
  readonly #scratch: Scratch
  readonly #row: { readonly index: number; readonly weights: number }
  #basis: TallMatrix
  #product: TallMatrix

  constructor(matrix: TermMatrix, idf: Float64Array, width: number) {
    this.#matrix = matrix
    this.#idf = idf
    this.#width = width
    const rows = matrix.terms.length
    this.#scratch = reserveScratch(this.#memory, width)
    this.#row = {
      index: this.#memory.reserve(termsPerPassageMax),
      weights: this.#memory.reserve(termsPerPassageMax),
    }
    this.#basis = { at: this.#memory.reserve(rows * width), rows, width }
    this.#product = { at: this.#memory.reserve(rows * width), rows, width }
  }

  /** An orthonormal basis of the space of the first singular vectors. */
  iterate(): TallMatrix {
    const random = seededRandom(seed)
    const start = this.#floats(this.#basis)
    for (let i = 0; i < start.length; i++) start[i] = random() - 0.5
    for (let pass = 0; pass < passes; pass++) {
      this.#multiply()
      // Only the last basis must be orthonormal to the last digit.
      const turns = pass === passes - 1 ? 2 : 1
      orthonormalise(this.#memory, this.#scratch, this.#basis, turns)
    }
    return this.#basis
  }

  /** transpose(A · basis) · (A · basis). */
  project(basis: TallMatrix): Float64Array {
    const width = this.#width
    const gram = new Float64Array(width * width)
    const { square, row, every } = this.#scratch
    let rows = 0
    this.#forEachPassage((passage) => {
      this.#projectPassage(basis, passage)
      this.#memory.scatter(square, row, { ...every, weights: row }, width)
      if (++rows % 256 === 0) flush(this.#memory.floats(square, width * width), gram)
    })
    flush(this.#memory.floats(square, width * width), gram)
    return gram
  }

  /** basis · vectors, in place of the basis. */
  combine(basis: TallMatrix, vectors: Float64Array): Float32Array {
    multiplyRows(this.#memory, this.#scratch, basis, vectors)
    return this.#floats(basis)
  }

  /** basis = transpose(A) · A · basis, in one walk over the passages that never holds A · basis. */
  #multiply(): void {
    const [basis, product] = [this.#basis, this.#product]
    this.#floats(product).fill(0)
    this.#forEachPassage((passage) => {
      this.#projectPassage(basis, passage)
      this.#memory.scatter(product.at, this.#scratch.row, passage, this.#width)
    })
    this.#basis = product
    this.#product = basis
  }

  #projectPassage(basis: TallMatrix, passage: RowWeights): void {
    this.#memory.floats(this.#scratch.row, this.#width).fill(0)
    this.#memory.gather(this.#scratch.row, basis.at, passage, this.#width)
  }

  /** Each passage's tf-idf weights, of length one. */
  #forEachPassage(visit: (passage: RowWeights) => void): void {
    const index = this.#memory.integers(this.#row.index, termsPerPassageMax)
    const weights = this.#memory.floats(this.#row.weights, termsPerPassageMax)
    this.#matrix.forEachRow((columns, counts, length) => {
      let sum = 0
      for (let i = 0; i < length; i++) {
        const column = columns[i] as number
        const weight = countWeight(counts[i] as number) * (this.#idf[column] as number)
        index[i] = column
        weights[i] = weight
        sum += weight * weight
      }
      const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0
      for (let i = 0; i < length; i++) weights[i] = (weights[i] as number) * scale
      visit({ ...this.#row, rows: length })
    })
  }

  #floats({ at, rows, width }: TallMatrix): Float32Array {
    return this.#memory.floats(at, rows * width)
  }
}

function quantise(
  matrix: TermMatrix,
  idf: Float64Array,
  rows: Float32Array,
  width: number,
  dims: number,
): LsaModel {
  const scales = new Float32Array(matrix.terms.length)
  const vectors = new Int8Array(matrix.terms.length * dims)
  for (let term = 0; term < scales.length; term++) {
    const row = rows.subarray(term * width, term * width + dims)
    const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const scale = largest / 127
    scales[term] = scale
    if (scale > 0)
      for (let d = 0; d < dims; d++)
        vectors[term * dims + d] = Math.round((row[d] as number) / scale)
  }
  return {
    passages: matrix.passages,
    dims,
    terms: matrix.terms,
    idf: Float32Array.from(idf),
    vectors,
    scales,
  }
}
