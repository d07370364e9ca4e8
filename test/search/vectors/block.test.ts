/** Blocks as bytes and as sorted sets. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Block,
  blockRowsMax,
  decodeBlock,
  encodeBlock,
  filterBlock,
  mergeBlocks,
  splitBlock,
} from '../../../src/search/vectors/block.ts'

const padded = 64
const stride = padded / 4

/** A block whose codes and factors tell whose they are. */
function blockOf(ids: readonly number[], mark: number): Block {
  const codes = new Uint8Array(ids.length * stride)
  for (const [row, id] of ids.entries())
    codes.fill((id * 7 + mark) % 256, row * stride, (row + 1) * stride)
  return {
    ids: Float64Array.from(ids),
    factors: Float32Array.from(ids, (id) => id + mark),
    codes,
  }
}

const idLists = fc
  .uniqueArray(fc.integer({ min: 1, max: 2 ** 36 - 1 }), { maxLength: 60 })
  .map((ids) => ids.sort((a, b) => a - b))
const smallIdLists = fc
  .uniqueArray(fc.integer({ min: 1, max: 80 }), { maxLength: 60 })
  .map((ids) => ids.sort((a, b) => a - b))

test('bytes come back as the block they were, wherever they lie', () => {
  fc.assert(
    fc.property(idLists, fc.integer({ min: 0, max: 9 }), (ids, offset) => {
      const block = blockOf(ids, 3)
      const bytes = encodeBlock(block)
      const moved = new Uint8Array(bytes.length + offset)
      moved.set(bytes, offset)
      expect(decodeBlock(moved.subarray(offset), ids.length, padded)).toEqual(block)
    }),
  )
})

test('bytes of another length are refused', () => {
  expect(() => decodeBlock(encodeBlock(blockOf([1, 2], 0)), 3, padded)).toThrow(RangeError)
})

test('merging is the union, and the fresh row wins', () => {
  fc.assert(
    fc.property(smallIdLists, smallIdLists, (old, fresh) => {
      const merged = mergeBlocks(blockOf(old, 1), blockOf(fresh, 2))
      const ids = [...new Set([...old, ...fresh])].sort((a, b) => a - b)
      const expected = ids.map((id) => (fresh.includes(id) ? id + 2 : id + 1))
      expect([...merged.ids]).toEqual(ids)
      expect([...merged.factors]).toEqual(expected)
      expect(merged.codes).toHaveLength(ids.length * stride)
      for (const [row, id] of ids.entries())
        expect(merged.codes[row * stride]).toBe((id * 7 + (fresh.includes(id) ? 2 : 1)) % 256)
    }),
  )
})

test('filtering keeps what is asked for and nothing else', () => {
  fc.assert(
    fc.property(smallIdLists, (ids) => {
      const even = filterBlock(blockOf(ids, 1), (id) => id % 2 === 0)
      expect(even).toEqual(
        blockOf(
          ids.filter((id) => id % 2 === 0),
          1,
        ),
      )
    }),
  )
})

test('parts are small enough and together the whole', () => {
  for (const count of [0, 1, blockRowsMax, blockRowsMax + 1, blockRowsMax * 3 + 5])
    for (const isLast of [true, false]) {
      const block = blockOf(
        Array.from({ length: count }, (_, i) => i + 1),
        1,
      )
      const parts = splitBlock(block, isLast)
      for (const part of parts) expect(part.ids.length).toBeLessThanOrEqual(blockRowsMax)
      const whole = parts.reduce((sum, part) => mergeBlocks(sum, part), blockOf([], 1))
      expect(whole).toEqual(block)
    }
})
