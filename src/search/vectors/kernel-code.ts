/** The WebAssembly function of the first pass, put together instruction by instruction. */
import * as w from './wasm.ts'

/** Parameters and locals of the function, in order. */
const codes = 0
const factors = 1
const query = 2
const scores = 3
const rows = 4
const chunks = 5
const bias = 6
const scale = 7
const chunk = 8
const at = 9
const packed = 10
const total = 11

const and = w.simd(0x4e)
const shiftRight = w.simd(0x8d)
const addShorts = w.simd(0x8e)
const addInts = w.simd(0xae)
const pairsToInts = w.simd(0x7e)
/** Bytes of -128 … 127 times bytes of 0 … 127, neighbours summed. In these ranges every processor gives the same. */
const dotBytes = w.simd(0x112)
const lane = (index: number) => [...w.get(total), ...w.simd(0x1b, index)]
const toFloat = 0xb2
const subtract = 0x93
const multiply = 0x94
const loadFloat = [0x2a, 2, 0]
const storeFloat = [0x38, 2, 0]

/** Sixteen dimensions of the chunk: (packed >> shift & 3) · query. */
const group = (index: number) => [
  ...w.get(at),
  ...w.v128Load(index * 16),
  ...w.get(packed),
  ...(index === 0 ? [] : [...w.i32Const(index * 2), ...shiftRight]),
  ...w.v128Const(3),
  ...and,
  ...dotBytes,
]

const scoreChunk = [
  ...w.get(codes),
  ...w.v128Load(0),
  ...w.set(packed),
  ...w.get(total),
  ...group(0),
  ...group(1),
  ...addShorts,
  ...group(2),
  ...addShorts,
  ...group(3),
  ...addShorts,
  ...pairsToInts,
  ...addInts,
  ...w.set(total),
  ...w.advance(codes, 16),
  ...w.advance(at, 64),
]

const scoreRow = [
  ...w.v128Const(0),
  ...w.set(total),
  ...[...w.get(chunks), ...w.set(chunk), ...w.get(query), ...w.set(at)],
  ...w.loopDown(chunk, scoreChunk),
  ...w.get(scores),
  ...[...lane(0), ...lane(1), ...w.i32Add, ...lane(2), ...w.i32Add, ...lane(3), ...w.i32Add],
  ...[toFloat, ...w.get(bias), subtract],
  ...[...w.get(factors), ...loadFloat, multiply],
  ...[...w.get(scale), multiply, ...storeFloat],
  ...w.advance(factors, 4),
  ...w.advance(scores, 4),
]

/** `score(codes, factors, query, scores, rows, chunks, bias, scale)`: addresses in bytes. */
export function kernelModule(): Uint8Array<ArrayBuffer> {
  return w.wasmModule({
    name: 'score',
    parameters: [w.i32, w.i32, w.i32, w.i32, w.i32, w.i32, w.f32, w.f32],
    locals: [w.i32, w.i32, w.v128, w.v128],
    body: w.unlessZero(rows, w.loopDown(rows, scoreRow)),
  })
}
