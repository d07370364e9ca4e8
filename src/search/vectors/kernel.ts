/** The first pass over codes in memory: SIMD where the processor has it. */
import { CodeMemory, type CodePart, foundAt } from './code-memory.ts'
import { type CodedQuery, codeBytes, scoreCodes } from './codes.ts'
import { kernelModule, rowsAtOnce } from './kernel-code.ts'
import { chunkDims } from './rotation.ts'

/** Scores rows for a query. */
export interface Kernel {
  readonly memory: CodeMemory
  /** The query of the calls of `score` from now on. */
  ask(query: CodedQuery): void
  /**
   * Leaves the rows that reach the threshold, and their scores, in `memory.rows` and `memory.scores`.
   * @returns how many they are
   */
  score(part: CodePart, threshold: number): number
}

type Score = (
  codes: number,
  factors: number,
  found: number,
  groups: number,
  bias: number,
  scale: number,
  threshold: number,
) => number

/** Made once a thread. */
export function createKernel(): Kernel {
  return WebAssembly.validate(kernelModule(1)) ? new SimdKernel() : new PlainKernel()
}

export class PlainKernel implements Kernel {
  readonly memory = new CodeMemory(new WebAssembly.Memory({ initial: 1 }))
  #query: CodedQuery = { numbers: new Int8Array(0), bias: 0, scale: 1 }

  ask(query: CodedQuery): void {
    this.#query = query
  }

  score(part: CodePart, threshold: number): number {
    const codes = this.memory.codes(part, codeBytes(this.#query.numbers.length))
    const scores = new Float32Array(part.rows)
    scoreCodes(this.#query, codes, this.memory.factors(part), scores)
    let count = 0
    for (const [row, score] of scores.entries()) {
      if (score < threshold) continue
      this.memory.rows[count] = row
      this.memory.scores[count++] = score
    }
    return count
  }
}

class SimdKernel implements Kernel {
  readonly #wasmMemory = new WebAssembly.Memory({ initial: 1 })
  readonly memory = new CodeMemory(this.#wasmMemory)
  /** By the number of chunks: an embedder or two. */
  readonly #functions = new Map<number, Score>()
  #score: Score = () => foundAt
  #bias = 0
  #scale = 1

  ask({ numbers, bias, scale }: CodedQuery): void {
    this.memory.setQuery(numbers)
    this.#score = this.#functionFor(numbers.length / chunkDims)
    this.#bias = bias
    this.#scale = scale
  }

  score({ codesAt, factorsAt, rows }: CodePart, threshold: number): number {
    const groups = Math.ceil(rows / rowsAtOnce)
    const [bias, scale] = [this.#bias, this.#scale]
    const end = this.#score(codesAt, factorsAt, foundAt, groups, bias, scale, threshold)
    let count = (end - foundAt) / 4
    // The last group may have more rows than the part: what stands there is left from an earlier one.
    while (count > 0 && (this.memory.rows[count - 1] ?? 0) >= rows) count--
    return count
  }

  #functionFor(chunks: number): Score {
    let score = this.#functions.get(chunks)
    if (!score) {
      const module = new WebAssembly.Module(kernelModule(chunks))
      const { exports } = new WebAssembly.Instance(module, { given: { memory: this.#wasmMemory } })
      score = exports['score'] as Score
      this.#functions.set(chunks, score)
    }
    return score
  }
}
