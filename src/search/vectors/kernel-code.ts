/** The WebAssembly function of the first pass, put together instruction by instruction. */
import { foundScoresAt } from './code-memory.ts'
import * as w from './wasm.ts'

/** Rows are scored so many at a time: each number of the query is read once for all of them, and their sums fill a vector. */
export const rowsAtOnce = 4

/** Parameters of the function, in order. */
const codes = 0
const factors = 1
const query = 2
const found = 3
const groups = 4
const chunks = 5
const bias = 6
const scale = 7
const threshold = 8
/** Its locals. */
const left = 9
const chunk = 10
const at = 11
const row = 12
const stride = 13
const start = 14
const numbers = start + rowsAtOnce
const packed = numbers + 1
const sums = packed + rowsAtOnce
const totals = sums + rowsAtOnce
const scores = totals + rowsAtOnce
const isNear = scores + 1

const lanes = Array.from({ length: rowsAtOnce }, (_, index) => index)
/** A row's sums of 16 bits hold so many chunks: 8 · 4 groups · 2 · 127 · 3 is less than 2¹⁵. */
const chunksPerSum = 8
const and = w.simd(0x4e)
const shiftRight = w.simd(0x8d)
const addShorts = w.simd(0x8e)
const addInts = w.simd(0xae)
const pairsToInts = w.simd(0x7e)
/** Bytes of -128 … 127 times bytes of 0 … 127, neighbours summed. In these ranges every processor gives the same. */
const dotBytes = w.simd(0x112)
const spread = w.simd(0x13)
const toFloats = w.simd(0xfa)
const subtract = w.simd(0xe5)
const multiply = w.simd(0xe6)
const atLeast = w.simd(0x46)
const anyTrue = w.simd(0x53)
const storeInt = [0x36, 2, 0]
const storeFloat = (offset: number) => [0x38, 2, ...w.unsigned(offset)]

/** Sixteen dimensions of a row's chunk: (packed >> shift & 3) · numbers. */
const product = (lane: number, group: number) => [
  ...w.get(numbers),
  ...w.get(packed + lane),
  ...(group === 0 ? [] : [...w.i32Const(group * 2), ...shiftRight]),
  ...w.v128Const(3),
  ...and,
  ...dotBytes,
]

/** The same sixteen dimensions of all rows. */
const scoreGroup = (group: number) => [
  ...[...w.get(at), ...w.v128Load(group * 16), ...w.set(numbers)],
  ...lanes.flatMap((lane) => [
    ...[...w.get(sums + lane), ...product(lane, group), ...addShorts],
    ...w.set(sums + lane),
  ]),
]

const scoreChunk = [
  ...lanes.flatMap((lane) => [
    ...[...w.get(start + lane), ...w.v128Load(0), ...w.set(packed + lane)],
    ...w.advance(start + lane, 16),
  ]),
  ...[0, 1, 2, 3].flatMap(scoreGroup),
  ...w.advance(at, 64),
]

const clear = (first: number) =>
  lanes.flatMap((lane) => [...w.v128Const(0), ...w.set(first + lane)])

/** chunk = min(left, chunksPerSum); left -= chunk; the rows' totals grow by the chunks' sums. */
const scoreSome = [
  ...[...w.i32Const(chunksPerSum), ...w.get(left), ...w.get(left), ...w.i32Const(chunksPerSum)],
  ...[...w.i32More, ...w.select, ...w.set(chunk)],
  ...[...w.get(left), ...w.get(chunk), ...w.i32Sub, ...w.set(left)],
  ...clear(sums),
  ...w.loopDown(chunk, scoreChunk),
  ...lanes.flatMap((lane) => [
    ...[...w.get(totals + lane), ...w.get(sums + lane), ...pairsToInts, ...addInts],
    ...w.set(totals + lane),
  ]),
]

/** The sums of two vectors' neighbours: a's two, then b's two. */
const addNeighbours = (a: readonly number[], b: readonly number[]) => [
  ...[...a, ...b, ...w.shuffleInts(0, 2, 4, 6)],
  ...[...a, ...b, ...w.shuffleInts(1, 3, 5, 7)],
  ...addInts,
]

/** (total - bias) · factor · scale of four rows. */
const scoreRows = [
  ...[...addNeighbours(w.get(totals), w.get(totals + 1)), ...w.set(totals)],
  ...[...addNeighbours(w.get(totals + 2), w.get(totals + 3)), ...w.set(totals + 1)],
  ...[...addNeighbours(w.get(totals), w.get(totals + 1)), ...toFloats],
  ...[...w.get(bias), ...spread, ...subtract],
  ...[...w.get(factors), ...w.v128Load(0), ...multiply],
  ...[...w.get(scale), ...spread, ...multiply, ...w.set(scores)],
]

/** What is found gets the row and, `foundScoresAt` bytes after it, the score where it reaches the threshold. */
const keepRow = (lane: number) =>
  w.when(
    [
      ...[...w.get(found), ...w.get(row), ...w.i32Const(lane), ...w.i32Add, ...storeInt],
      ...[...w.get(found), ...w.get(scores), ...w.simd(0x1f, lane), ...storeFloat(foundScoresAt)],
      ...w.advance(found, 4),
    ],
    [...w.get(isNear), ...w.simd(0x1b, lane)],
  )

const scanRows = [
  ...clear(totals),
  ...lanes.flatMap((lane) => [
    ...(lane === 0 ? w.get(codes) : [...w.get(start + lane - 1), ...w.get(stride), ...w.i32Add]),
    ...w.set(start + lane),
  ]),
  ...[...w.get(start + rowsAtOnce - 1), ...w.get(stride), ...w.i32Add, ...w.set(codes)],
  ...[...w.get(chunks), ...w.set(left), ...w.get(query), ...w.set(at)],
  ...w.loopWhile(left, scoreSome),
  ...scoreRows,
  ...[...w.get(scores), ...w.get(threshold), ...spread, ...atLeast, ...w.set(isNear)],
  ...w.when(lanes.flatMap(keepRow), [...w.get(isNear), ...anyTrue]),
  ...w.advance(factors, rowsAtOnce * 4),
  ...w.advance(row, rowsAtOnce),
]

/**
 * `score(codes, factors, query, found, groups, chunks, bias, scale, threshold)`: addresses in bytes; `groups` of
 * `rowsAtOnce` rows. Gives the address after the last row it wrote.
 */
export function kernelModule(): Uint8Array<ArrayBuffer> {
  return w.wasmModule({
    name: 'score',
    parameters: [w.i32, w.i32, w.i32, w.i32, w.i32, w.i32, w.f32, w.f32, w.f32],
    result: w.i32,
    locals: [
      ...[w.i32, w.i32, w.i32, w.i32, w.i32, ...lanes.map(() => w.i32), w.v128],
      ...[...lanes, ...lanes, ...lanes].map(() => w.v128),
      ...[w.v128, w.v128],
    ],
    body: [
      ...[...w.get(chunks), ...w.i32Const(16), ...w.i32Mul, ...w.set(stride)],
      ...w.when(w.loopDown(groups, scanRows), w.get(groups)),
      ...w.get(found),
    ],
  })
}
