/** The vectors of a space: full precision in `vectors`, two bits a dimension in `vector_blocks`, written together. */
import { Problem } from '../../base/problem.ts'
import type { Db } from '../../base/sqlite.ts'
import { type Range, subtractRanges } from '../id-runs.ts'
import {
  type Block,
  blockRowsMin,
  decodeBlock,
  encodeBlock,
  filterBlock,
  mergeBlocks,
  splitBlock,
} from './block.ts'
import { codeBytes, encode } from './codes.ts'
import { paddedDims, Rotation } from './rotation.ts'
import { keyOf, noteChange, passageOf, type Space } from './spaces.ts'

const upsertVector = `INSERT INTO vectors (key, vector) VALUES (?, ?)
  ON CONFLICT (key) DO UPDATE SET vector = excluded.vector`
const deleteVectorRange = 'DELETE FROM vectors WHERE key BETWEEN ? AND ?'
const selectVector = 'SELECT vector FROM vectors WHERE key = ?'
const selectVectorsByKey =
  'SELECT v.key AS key, v.vector AS vector FROM json_each(?) k JOIN vectors v ON v.key = k.value'
const selectBlockAt = `SELECT key, last, count, block FROM vector_blocks
  WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1`
const selectBlockAfter = `SELECT key, last, count, block FROM vector_blocks
  WHERE key BETWEEN ? AND ? ORDER BY key LIMIT 1`
const selectOverlapping = `SELECT key, last, count, block FROM vector_blocks
  WHERE key BETWEEN ? AND ? ORDER BY key LIMIT 8`
const selectHeaders =
  'SELECT key, last, count FROM vector_blocks WHERE key BETWEEN ? AND ? ORDER BY key'
const insertBlock =
  'INSERT INTO vector_blocks (key, last, count, change, block) VALUES (?, ?, ?, ?, ?)'
const deleteBlock = 'DELETE FROM vector_blocks WHERE key = ?'
const selectSmall = `SELECT key FROM vector_blocks WHERE key BETWEEN ? AND ? AND count < ?
  ORDER BY key LIMIT ?`

/** A passage's vector, of any length but zero; it is stored as a unit vector. */
export interface PassageVector {
  readonly id: number
  readonly vector: Float32Array
}

interface BlockRow {
  readonly key: number
  readonly last: number
  readonly count: number
  readonly block: Uint8Array
}

/**
 * The vector as a unit vector.
 * @throws Problem `invalid_request` for another dimension, NaN or infinity, and the zero vector, which has no direction
 */
export function unitVector(vector: Float32Array, dims: number, whose: string): Float32Array {
  if (vector.length !== dims)
    throw new Problem(
      'invalid_request',
      `${whose} has ${vector.length} dimensions where ${dims} are expected: check which model the embedder uses.`,
    )
  let sum = 0
  for (const value of vector) sum += value * value
  if (!Number.isFinite(sum))
    throw new Problem('invalid_request', `${whose} has numbers that are not finite.`)
  const length = Math.sqrt(sum)
  if (length === 0)
    throw new Problem('invalid_request', `${whose} is all zeros, which says nothing.`)
  return vector.map((value) => value / length)
}

/**
 * Stores vectors, each in place of an earlier one of the same passage. All or none.
 * @throws Problem `invalid_request`, as `unitVector`
 */
export function putVectors(vecs: Db, space: Space, rows: readonly PassageVector[]): void {
  if (rows.length === 0) return
  const latest = new Map(rows.map((row) => [row.id, row.vector]))
  const sorted = [...latest].sort(([a], [b]) => a - b)
  const units = sorted.map(([id, vector]): PassageVector => {
    return { id, vector: unitVector(vector, space.dims, `The vector of passage ${id}`) }
  })
  const fresh = encodeRows(units, space.dims)
  vecs.transaction(() => {
    const before = countBetween(vecs, space, units)
    for (const { id, vector } of units) vecs.run(upsertVector, keyOf(space.id, id), bytesOf(vector))
    const change = noteChange(vecs, space.id, units.length - before)
    let rest = fresh
    while (rest.ids.length > 0) rest = insertRun(vecs, space, rest, change)
  })
}

/**
 * Removes the vectors of passages, both forms, in the caller's transaction or one of its own. The pages they leave free
 * are used again, and given back to the file system by `reclaimPages`.
 * @returns how many there were
 */
export function deleteVectors(vecs: Db, space: Space, ranges: readonly Range[]): number {
  let count = 0
  vecs.transaction(() => {
    for (const { first, last } of ranges)
      count += vecs.run(deleteVectorRange, keyOf(space.id, first), keyOf(space.id, last)).changes
    if (count === 0) return
    const change = noteChange(vecs, space.id, -count)
    for (const range of ranges) deleteFromBlocks(vecs, space, range, change)
  })
  return count
}

/** The vector of a passage, a unit vector; undefined where there is none. */
export function readVector(vecs: Db, space: Space, passage: number): Float32Array | undefined {
  const row = vecs.get<{ vector: Uint8Array }>(selectVector, keyOf(space.id, passage))
  return row && floatsOf(row.vector)
}

/** The vectors of passages by id; those without one are missing. */
export function readVectors(
  vecs: Db,
  space: Space,
  passages: readonly number[],
): Map<number, Float32Array> {
  // One statement for all, in the order of the file, is three times as fast as one for each.
  const sorted = Float64Array.from(passages).sort()
  const keys = JSON.stringify(Array.from(sorted, (id) => keyOf(space.id, id)))
  const rows = vecs.all<{ key: number; vector: Uint8Array }>(selectVectorsByKey, keys)
  return new Map(rows.map((row) => [passageOf(row.key), floatsOf(row.vector)]))
}

/** The ids that have a vector, as runs: what is missing of a library, or too much. */
export function storedRanges(vecs: Db, space: Space): Range[] {
  const runs: { first: number; last: number }[] = []
  const headers = vecs.all<Omit<BlockRow, 'block'>>(
    selectHeaders,
    keyOf(space.id, 0),
    endKey(space),
  )
  for (const { key, last, count } of headers) {
    const first = passageOf(key)
    // Most blocks are without a gap: their rows say all, and fifty kilobytes of codes stay unread.
    if (last - first + 1 === count) extendRuns(runs, first, last)
    else for (const id of readBlock(vecs, space, key).ids) extendRuns(runs, id, id)
  }
  return runs
}

/** What of `wanted` (ascending, apart) has no vector in the space, and which vectors are of no wanted passage. */
export function compareStored(
  vecs: Db,
  space: Space,
  wanted: readonly Range[],
): { missing: Range[]; orphans: Range[] } {
  const stored = storedRanges(vecs, space)
  return { missing: subtractRanges(wanted, stored), orphans: subtractRanges(stored, wanted) }
}

/**
 * Joins blocks that deletes have left small with their neighbours: a step of background work.
 * @param stepsMax how many blocks at most
 * @returns whether there may be more to do
 */
export function compactBlocks(vecs: Db, space: Space, stepsMax: number): boolean {
  const small = vecs.all<{ key: number }>(
    selectSmall,
    keyOf(space.id, 0),
    endKey(space),
    blockRowsMin,
    stepsMax + 1,
  )
  // The last block of a space may stay small: it is the one that grows.
  let joined = 0
  vecs.transaction(() => {
    for (const { key } of small.slice(0, stepsMax)) if (joinNext(vecs, space, key)) joined++
  })
  return joined > 0 && small.length > 1
}

function joinNext(vecs: Db, space: Space, key: number): boolean {
  const row = vecs.get<BlockRow>(selectBlockAfter, key, key)
  const next = vecs.get<BlockRow>(selectBlockAfter, key + 1, endKey(space))
  if (!row || !next) return false
  vecs.run(deleteBlock, row.key)
  vecs.run(deleteBlock, next.key)
  const merged = mergeBlocks(blockOf(row, space), blockOf(next, space))
  writeBlocks(vecs, space, merged, noteChange(vecs, space.id, 0), false)
  return true
}

/** Puts the rows that belong into one block, or between two, there. @returns the rows that are left */
function insertRun(vecs: Db, space: Space, rows: Block, change: number): Block {
  const first = keyOf(space.id, rows.ids[0] as number)
  const home =
    vecs.get<BlockRow>(selectBlockAt, keyOf(space.id, 0), first) ??
    vecs.get<BlockRow>(selectBlockAfter, first, endKey(space))
  const next = home && vecs.get<BlockRow>(selectBlockAfter, home.key + 1, endKey(space))
  const limit = next ? passageOf(next.key) : Number.POSITIVE_INFINITY
  const mine = filterBlock(rows, (id) => id < limit)
  if (home) vecs.run(deleteBlock, home.key)
  writeBlocks(vecs, space, home ? mergeBlocks(blockOf(home, space), mine) : mine, change, !next)
  return filterBlock(rows, (id) => id >= limit)
}

function deleteFromBlocks(vecs: Db, space: Space, range: Range, change: number): void {
  const low = keyOf(space.id, range.first)
  const start = vecs.get<BlockRow>(selectBlockAt, keyOf(space.id, 0), low)?.key ?? low
  let from = start
  for (;;) {
    const rows = vecs.all<BlockRow>(selectOverlapping, from, keyOf(space.id, range.last))
    for (const row of rows) {
      const block = blockOf(row, space)
      const left = filterBlock(block, (id) => id < range.first || id > range.last)
      if (left.ids.length === block.ids.length) continue
      vecs.run(deleteBlock, row.key)
      writeBlocks(vecs, space, left, change, false)
    }
    const last = rows.at(-1)
    if (!last) return
    from = Math.max(last.key, keyOf(space.id, last.last)) + 1
  }
}

function writeBlocks(vecs: Db, space: Space, block: Block, change: number, isLast: boolean): void {
  for (const part of splitBlock(block, isLast)) {
    const first = part.ids[0]
    const last = part.ids.at(-1)
    if (first === undefined || last === undefined) continue
    vecs.run(insertBlock, keyOf(space.id, first), last, part.ids.length, change, encodeBlock(part))
  }
}

function encodeRows(rows: readonly PassageVector[], dims: number): Block {
  const rotation = new Rotation(dims)
  const stride = codeBytes(rotation.padded)
  const codes = new Uint8Array(rows.length * stride)
  const factors = Float32Array.from(rows, ({ vector }, i) =>
    encode(rotation, vector, codes, i * stride),
  )
  return { ids: Float64Array.from(rows, (row) => row.id), factors, codes }
}

function countBetween(vecs: Db, space: Space, rows: readonly PassageVector[]): number {
  let count = 0
  for (const { id } of rows) if (vecs.get(selectVector, keyOf(space.id, id))) count++
  return count
}

function blockOf(row: BlockRow, space: Space): Block {
  return decodeBlock(row.block, row.count, paddedDims(space.dims))
}

function endKey(space: Space): number {
  return keyOf(space.id + 1, 0) - 1
}

function readBlock(vecs: Db, space: Space, key: number): Block {
  const row = vecs.get<BlockRow>(selectBlockAfter, key, key)
  return row ? blockOf(row, space) : decodeBlock(new Uint8Array(0), 0, paddedDims(space.dims))
}

function extendRuns(runs: { first: number; last: number }[], first: number, last: number): void {
  const open = runs.at(-1)
  if (open && open.last + 1 === first) open.last = last
  else runs.push({ first, last })
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
}

function floatsOf(bytes: Uint8Array): Float32Array {
  const source = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  return new Float32Array(source.buffer, source.byteOffset, source.byteLength / 4)
}
