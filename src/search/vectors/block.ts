/** A block of vector_blocks as bytes: the passages' ids (float64), the factors of their codes (float32), the codes. */
import { codeBytes } from './codes.ts'

/** Rows of a block at most: some fifty kilobytes at 384 dimensions, so that one more vector rewrites little. */
export const blockRowsMax = 512
/** A block with fewer is joined with its neighbour. */
export const blockRowsMin = blockRowsMax / 4

/** Parallel arrays; ids ascending. */
export interface Block {
  readonly ids: Float64Array
  readonly factors: Float32Array
  readonly codes: Uint8Array
}

export function encodeBlock({ ids, factors, codes }: Block): Uint8Array {
  const bytes = new Uint8Array(ids.byteLength + factors.byteLength + codes.length)
  bytes.set(asBytes(ids))
  bytes.set(asBytes(factors), ids.byteLength)
  bytes.set(codes, ids.byteLength + factors.byteLength)
  return bytes
}

/** The inverse of `encodeBlock`. A view where the bytes allow it: they must not change. */
export function decodeBlock(bytes: Uint8Array, count: number, padded: number): Block {
  if (bytes.length !== blockBytes(count, padded))
    throw new RangeError(`A block of ${count} vectors has ${bytes.length} bytes.`)
  // A typed array must stand on a multiple of its element's size.
  const source = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice()
  const { buffer, byteOffset } = source
  return {
    ids: new Float64Array(buffer, byteOffset, count),
    factors: new Float32Array(buffer, byteOffset + count * 8, count),
    codes: source.subarray(count * 12),
  }
}

export function blockBytes(count: number, padded: number): number {
  return count * (12 + codeBytes(padded))
}

/** The rows that `keep` says, in their order. */
export function filterBlock(block: Block, keep: (id: number) => boolean): Block {
  const rows: number[] = []
  for (const [row, id] of block.ids.entries()) if (keep(id)) rows.push(row)
  return pick(
    [block],
    rows.map((row) => ({ from: 0, row })),
  )
}

/**
 * The rows of both in order of their ids; where both have an id, the fresh one counts. Both ascending.
 */
export function mergeBlocks(old: Block, fresh: Block): Block {
  const rows: { from: number; row: number }[] = []
  let [i, j] = [0, 0]
  while (i < old.ids.length || j < fresh.ids.length) {
    const a = old.ids[i] ?? Number.POSITIVE_INFINITY
    const b = fresh.ids[j] ?? Number.POSITIVE_INFINITY
    if (a <= b) i++
    if (b <= a) j++
    rows.push(b <= a ? { from: 1, row: j - 1 } : { from: 0, row: i - 1 })
  }
  return pick([old, fresh], rows)
}

/**
 * Parts of at most `blockRowsMax` rows.
 * @param isLast whether rows will be appended: then full parts and a rest, else even parts that leave room in each
 */
export function splitBlock(block: Block, isLast: boolean): Block[] {
  const count = block.ids.length
  const parts = Math.ceil(count / blockRowsMax)
  const size = isLast ? blockRowsMax : Math.ceil(count / parts)
  const stride = count > 0 ? block.codes.length / count : 0
  return Array.from({ length: parts }, (_, part) => {
    const from = part * size
    const to = Math.min(count, from + size)
    return {
      ids: block.ids.slice(from, to),
      factors: block.factors.slice(from, to),
      codes: block.codes.slice(from * stride, to * stride),
    }
  })
}

function pick(blocks: readonly Block[], rows: readonly { from: number; row: number }[]): Block {
  const sample = blocks.find((block) => block.ids.length > 0)
  const stride = sample ? sample.codes.length / sample.ids.length : 0
  const picked = {
    ids: new Float64Array(rows.length),
    factors: new Float32Array(rows.length),
    codes: new Uint8Array(rows.length * stride),
  }
  for (const [to, { from, row }] of rows.entries()) {
    const block = blocks[from] as Block
    picked.ids[to] = block.ids[row] as number
    picked.factors[to] = block.factors[row] as number
    picked.codes.set(block.codes.subarray(row * stride, (row + 1) * stride), to * stride)
  }
  return picked
}

function asBytes(array: Float64Array | Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
