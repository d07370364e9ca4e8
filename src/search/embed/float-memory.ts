/** Working memory of a fit and the one operation all of it is made of, four numbers at a time. */
import * as w from '../vectors/wasm.ts'

type AddRows = (
  to: number,
  toStride: number,
  from: number,
  fromStride: number,
  index: number,
  weights: number,
  rows: number,
  quads: number,
) => void

const pageBytes = 65_536
/** A vector instruction takes four numbers: rows are this wide, or a multiple. */
export const quad = 4

/** Arrays that lie in one WebAssembly memory. It grows when they are made; views made before stay good only until then. */
export class FloatMemory {
  readonly #memory: WebAssembly.Memory
  readonly #addRows: AddRows
  #used = 0

  constructor() {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(addRowsModule()))
    this.#memory = exports['memory'] as WebAssembly.Memory
    this.#addRows = exports['add'] as AddRows
  }

  /** @returns the address of `count` numbers of 32 bits, all zero */
  reserve(count: number): number {
    const address = this.#used
    this.#used += Math.ceil((count * 4) / 16) * 16
    const missing = this.#used - this.#memory.buffer.byteLength
    if (missing > 0) this.#memory.grow(Math.ceil(missing / pageBytes))
    return address
  }

  floats(address: number, count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#memory.buffer as ArrayBuffer, address, count)
  }

  integers(address: number, count: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.#memory.buffer as ArrayBuffer, address, count)
  }

  /** to += sum over i of weights[i] · (row index[i] of matrix); all addresses. */
  gather(to: number, matrix: number, { index, weights, rows }: RowWeights, width: number): void {
    if (rows > 0) this.#addRows(to, 0, matrix, width * 4, index, weights, rows, width / quad)
  }

  /** (row index[i] of matrix) += weights[i] · from, for every i; all addresses. */
  scatter(matrix: number, from: number, { index, weights, rows }: RowWeights, width: number): void {
    if (rows > 0) this.#addRows(matrix, width * 4, from, 0, index, weights, rows, width / quad)
  }
}

/** Addresses of `rows` row numbers (int32) and `rows` weights (float32). */
export interface RowWeights {
  readonly index: number
  readonly weights: number
  readonly rows: number
}

const [to, toStride, from, fromStride, index, weights, rows, quads] = [0, 1, 2, 3, 4, 5, 6, 7]
const [target, source, left, weight] = [8, 9, 10, 11]
const loadInt = [0x28, 2, 0]
const loadAsFloats = [0x2a, 2, 0, ...w.simd(0x13)]
const multiply = w.simd(0xe6)
const add = w.simd(0xe4)
const store = w.simd(0x0b, 0, 0)

const rowAddress = (base: number, stride: number): number[] => [
  ...w.get(base),
  ...[...w.get(index), ...loadInt, ...w.get(stride), ...w.i32Mul],
  ...w.i32Add,
]

const addQuad = [
  ...w.get(target),
  ...[...w.get(target), ...w.v128Load(0)],
  ...[...w.get(source), ...w.v128Load(0), ...w.get(weight), ...multiply],
  ...[...add, ...store],
  ...w.advance(target, 16),
  ...w.advance(source, 16),
]

const addRow = [
  ...[...rowAddress(to, toStride), ...w.set(target)],
  ...[...rowAddress(from, fromStride), ...w.set(source)],
  ...[...w.get(weights), ...loadAsFloats, ...w.set(weight)],
  ...[...w.get(quads), ...w.set(left)],
  ...w.loopDown(left, addQuad),
  ...w.advance(index, 4),
  ...w.advance(weights, 4),
]

/** `add(to, toStride, from, fromStride, index, weights, rows, quads)`: addresses and strides in bytes. */
function addRowsModule(): Uint8Array<ArrayBuffer> {
  return w.wasmModule({
    name: 'add',
    parameters: [w.i32, w.i32, w.i32, w.i32, w.i32, w.i32, w.i32, w.i32],
    locals: [w.i32, w.i32, w.i32, w.v128],
    body: w.loopDown(rows, addRow),
  })
}
