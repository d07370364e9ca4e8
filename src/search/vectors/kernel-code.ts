/** The WebAssembly function of the first pass, put together instruction by instruction. */
import { foundScoresAt, queryAt } from './code-memory.ts'
import * as w from './wasm.ts'

/** Rows are scored so many at a time: each number of the query is read once for all of them, and their sums fill a vector. */
export const rowsAtOnce = 4

/** Parameters of the function, in order. */
const codes = 0
const factors = 1
const found = 2
const groups = 3
const bias = 4
const scale = 5
const threshold = 6
/** Its locals. */
const row = 7
const numbers = 8
const packed = 9
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

/** The same sixteen dimensions of all rows. @param isFirst of those that a sum is made of */
const scoreGroup = (chunk: number, group: number, isFirst: boolean) => [
  ...[...w.i32Const(queryAt), ...w.v128Load(chunk * 64 + group * 16), ...w.set(numbers)],
  ...lanes.flatMap((lane) => [
    ...(isFirst ? product(lane, group) : [...w.get(sums + lane), ...product(lane, group)]),
    ...[...(isFirst ? [] : addShorts), ...w.set(sums + lane)],
  ]),
]

const scoreChunk = (chunk: number, chunks: number) => [
  ...lanes.flatMap((lane) => [
    ...[...w.get(codes), ...w.v128Load((lane * chunks + chunk) * 16), ...w.set(packed + lane)],
  ]),
  ...[0, 1, 2, 3].flatMap((group) =>
    scoreGroup(chunk, group, group === 0 && chunk % chunksPerSum === 0),
  ),
]

/** The rows' totals grow by the sums of the chunks up to this one. */
const addSums = (chunk: number) =>
  lanes.flatMap((lane) => [
    ...(chunk < chunksPerSum ? [] : w.get(totals + lane)),
    ...[...w.get(sums + lane), ...pairsToInts, ...(chunk < chunksPerSum ? [] : addInts)],
    ...w.set(totals + lane),
  ])

const scoreAll = (chunks: number) =>
  Array.from({ length: chunks }, (_, chunk) => [
    ...scoreChunk(chunk, chunks),
    ...(chunk % chunksPerSum === chunksPerSum - 1 || chunk === chunks - 1 ? addSums(chunk) : []),
  ]).flat()

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

const scanRows = (chunks: number) => [
  ...scoreAll(chunks),
  ...scoreRows,
  ...[...w.get(scores), ...w.get(threshold), ...spread, ...atLeast, ...w.set(isNear)],
  ...w.when(lanes.flatMap(keepRow), [...w.get(isNear), ...anyTrue]),
  ...w.advance(codes, rowsAtOnce * chunks * 16),
  ...w.advance(factors, rowsAtOnce * 4),
  ...w.advance(row, rowsAtOnce),
]

/**
 * `score(codes, factors, found, groups, bias, scale, threshold)` for rows of so many chunks: addresses in bytes, `groups` of
 * `rowsAtOnce` rows. Gives the address after the last row it wrote. Nothing is counted within a row: its chunks stand one
 * after another in the code, as many as there are.
 */
export function kernelModule(chunks: number): Uint8Array<ArrayBuffer> {
  return w.wasmModule({
    name: 'score',
    memory: 'imported',
    parameters: [w.i32, w.i32, w.i32, w.i32, w.f32, w.f32, w.f32],
    result: w.i32,
    locals: [
      ...[w.i32, w.v128],
      ...[...lanes, ...lanes, ...lanes].map(() => w.v128),
      ...[w.v128, w.v128],
    ],
    body: [...w.when(w.loopDown(groups, scanRows(chunks)), w.get(groups)), ...w.get(found)],
  })
}
