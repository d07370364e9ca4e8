/** Memory of the first pass: the codes that are kept between searches lie where the kernel reads them, and are never copied again. */
import { dimsMax } from './spaces.ts'

/** Memory is given out in slots: small ones, so that a half-full block wastes little. The first holds the query and what is found. */
const slotBytes = 16_384
const pageBytes = 65_536
export const queryAt = 0
/** Where the rows that a call finds are written. */
export const foundAt = queryAt + dimsMax
/** Distance from a found row's number to its score: room for the rows of a slot, which have twenty bytes at least. */
export const foundScoresAt = 4_096
const foundMax = foundScoresAt / 4
/** Rows of a slot are a multiple of this: the kernel takes four at a time, and codes stand on a multiple of 16 bytes. */
const rowsStep = 4

/** Rows of a block in one slot: factors, then codes. */
export interface CodePart {
  readonly factorsAt: number
  readonly codesAt: number
  readonly rows: number
}

/** Owned by a kernel. It grows to what is kept at once, and never shrinks. */
export class CodeMemory {
  readonly #memory: WebAssembly.Memory
  #slots = 1
  readonly #free: number[] = []
  #rows = new Int32Array(0)
  #scores = new Float32Array(0)

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory
    this.#reserve()
  }

  /** Rows found last, in the order of the part. Valid until the next `hold`. */
  get rows(): Int32Array {
    if (this.#rows.buffer !== this.#memory.buffer)
      this.#rows = new Int32Array(this.#memory.buffer, foundAt, foundMax)
    return this.#rows
  }

  /** Their scores. Valid until the next `hold`. */
  get scores(): Float32Array {
    if (this.#scores.buffer !== this.#memory.buffer)
      this.#scores = new Float32Array(this.#memory.buffer, foundAt + foundScoresAt, foundMax)
    return this.#scores
  }

  setQuery(numbers: Int8Array): void {
    new Int8Array(this.#memory.buffer, queryAt, numbers.length).set(numbers)
  }

  /** Copies rows in. @param stride bytes of a row's code */
  hold(codes: Uint8Array, factors: Float32Array, stride: number): CodePart[] {
    const rowsMax = partRows(stride)
    return Array.from({ length: Math.ceil(factors.length / rowsMax) }, (_, index) => {
      const from = index * rowsMax
      const to = Math.min(factors.length, from + rowsMax)
      const factorsAt = this.#take() * slotBytes
      const part = { factorsAt, codesAt: factorsAt + rowsMax * 4, rows: to - from }
      this.factors(part).set(factors.subarray(from, to))
      this.codes(part, stride).set(codes.subarray(from * stride, to * stride))
      return part
    })
  }

  free(parts: readonly CodePart[]): void {
    for (const { factorsAt } of parts) this.#free.push(factorsAt / slotBytes)
  }

  factors({ factorsAt, rows }: CodePart): Float32Array {
    return new Float32Array(this.#memory.buffer, factorsAt, rows)
  }

  codes({ codesAt, rows }: CodePart, stride: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, codesAt, rows * stride)
  }

  #take(): number {
    const slot = this.#free.pop() ?? this.#slots++
    this.#reserve()
    return slot
  }

  #reserve(): void {
    const missing = this.#slots * slotBytes - this.#memory.buffer.byteLength
    if (missing > 0) this.#memory.grow(Math.ceil(missing / pageBytes))
  }
}

/** Bytes that rows take, with what is left empty in their last slot. */
export function heldBytes(rows: number, stride: number): number {
  return Math.ceil(rows / partRows(stride)) * slotBytes
}

function partRows(stride: number): number {
  return Math.floor(slotBytes / (stride + 4) / rowsStep) * rowsStep
}
