/** The first pass over a block of codes: SIMD where the processor has it. */
import { type CodedQuery, scoreCodes } from './codes.ts'
import { kernelModule } from './kernel-code.ts'
import { chunkDims } from './rotation.ts'

/** Scores a block's rows for a query. The result is valid until the next call. */
export interface Kernel {
  score(query: CodedQuery, codes: Uint8Array, factors: Float32Array): Float32Array
}

type Score = (
  codes: number,
  factors: number,
  query: number,
  scores: number,
  rows: number,
  chunks: number,
  bias: number,
  scale: number,
) => void

const pageBytes = 65_536

/** Made once a thread. */
export function createKernel(): Kernel {
  const code = kernelModule()
  return WebAssembly.validate(code) ? new SimdKernel(code) : new PlainKernel()
}

export class PlainKernel implements Kernel {
  #scores = new Float32Array(0)

  score(query: CodedQuery, codes: Uint8Array, factors: Float32Array): Float32Array {
    if (this.#scores.length < factors.length) this.#scores = new Float32Array(factors.length)
    const scores = this.#scores.subarray(0, factors.length)
    scoreCodes(query, codes, factors, scores)
    return scores
  }
}

class SimdKernel implements Kernel {
  readonly #memory: WebAssembly.Memory
  readonly #score: Score

  constructor(code: Uint8Array<ArrayBuffer>) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code))
    this.#memory = exports['memory'] as WebAssembly.Memory
    this.#score = exports['score'] as Score
  }

  score(query: CodedQuery, codes: Uint8Array, factors: Float32Array): Float32Array {
    const rows = factors.length
    const factorsAt = align(query.numbers.length)
    const scoresAt = factorsAt + rows * 4
    const codesAt = align(scoresAt + rows * 4)
    this.#reserve(codesAt + codes.length)
    const { buffer } = this.#memory
    new Int8Array(buffer, 0).set(query.numbers)
    new Float32Array(buffer, factorsAt).set(factors)
    new Uint8Array(buffer, codesAt).set(codes)
    const chunks = query.numbers.length / chunkDims
    this.#score(codesAt, factorsAt, 0, scoresAt, rows, chunks, query.bias, query.scale)
    return new Float32Array(buffer, scoresAt, rows)
  }

  #reserve(bytes: number): void {
    const missing = bytes - this.#memory.buffer.byteLength
    if (missing > 0) this.#memory.grow(Math.ceil(missing / pageBytes))
  }
}

function align(address: number): number {
  return Math.ceil(address / 16) * 16
}
