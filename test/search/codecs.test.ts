/** What is written into the index is read back as it was, for any input. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openMemoryDb } from '../../src/base/sqlite.ts'
import { BlockWriter, findTerm, TermCursor } from '../../src/search/blocks.ts'
import {
  ByteReader,
  ByteWriter,
  compareBytes,
  termBytes,
  termText,
} from '../../src/search/bytes.ts'
import {
  countRanges,
  decodeIds,
  decodeRanges,
  encodeIds,
  encodeRanges,
  idAt,
  idsOf,
  normaliseRanges,
  ordinalsOf,
  subtractRanges,
} from '../../src/search/id-runs.ts'
import { decodeLength, encodeLength, lengthFactors } from '../../src/search/norms.ts'
import { PostingReader, PostingWriter } from '../../src/search/postings.ts'
import { keywordIndexSql } from '../../src/tenancy/migrations/keyword-index.ts'

const anyUnits = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
const anyString = anyUnits.map((units) => String.fromCharCode(...units))

test('integers survive as varints', () => {
  fc.assert(
    fc.property(fc.array(fc.maxSafeNat()), fc.array(fc.integer()), (naturals, integers) => {
      const out = new ByteWriter(1)
      for (const value of naturals) out.varint(value)
      for (const value of integers) out.signedVarint(value)
      const reader = new ByteReader(out.bytes())
      expect(naturals.map(() => reader.varint())).toEqual(naturals)
      expect(integers.map(() => reader.signedVarint())).toEqual(integers)
      expect(reader.isAtEnd).toBe(true)
    }),
  )
})

test('terms survive as bytes, lone surrogates too, and sort as strings do', () => {
  fc.assert(
    fc.property(anyString, anyString, (a, b) => {
      const [left, right] = [termBytes(a), termBytes(b)]
      expect(termText(left)).toBe(a)
      const order = compareBytes(left, left.length, right, right.length)
      expect(Math.sign(order)).toBe(a < b ? -1 : a > b ? 1 : 0)
    }),
  )
})

test('lengths keep their order and lose at most a sixteenth', () => {
  for (let length = 0; length < 24; length++)
    expect(decodeLength(encodeLength(length))).toBe(length)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 150_000 }), fc.nat(1000), (length, more) => {
      const kept = decodeLength(encodeLength(length))
      expect(kept).toBeLessThanOrEqual(length)
      expect(kept).toBeGreaterThan(length * (1 - 1 / 16) - 1)
      expect(encodeLength(length + more)).toBeGreaterThanOrEqual(encodeLength(length))
    }),
  )
  expect(encodeLength(2 ** 31)).toBe(255)
})

test('length factors follow the formula, also for an empty library', () => {
  expect(lengthFactors(10, 1.2, 0.75)[20]).toBeCloseTo(1.2 * (0.25 + 0.75 * 2))
  expect(lengthFactors(0, 1.2, 0.75)[20]).toBe(1.2)
})

const field = fc.oneof(fc.nat(4), fc.nat(20), fc.nat(70_000))
const anyPostings = fc
  .array(fc.tuple(fc.oneof(fc.nat(3), fc.nat(100), fc.nat(1_000_000)), field, field, field))
  .map((rows) => {
    let ordinal = -1
    return rows
      .map(([gap, body, title, section]) => {
        ordinal += gap + 1
        return { ordinal, body, title, section }
      })
      .filter(({ body, title, section }) => body + title + section > 0)
  })

test('postings survive, whatever the gaps and counts', () => {
  fc.assert(
    fc.property(anyPostings, (postings) => {
      const out = new ByteWriter()
      const writer = new PostingWriter(out)
      writer.start()
      for (const { ordinal, body, title, section } of postings)
        writer.posting(ordinal, body, title, section)
      const reader = new PostingReader(out.bytes())
      const read = postings.map(() => {
        expect(reader.next()).toBe(true)
        const { ordinal, body, title, section } = reader
        return { ordinal, body, title, section }
      })
      expect(read).toEqual(postings)
      expect(reader.next()).toBe(false)
      expect(writer.count).toBe(postings.length)
    }),
  )
})

test('blocks give back every term with its list, and no other', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(anyString, fc.integer({ min: 1, max: 9 }), fc.nat(3000)), {
        selector: ([term]) => term,
        maxLength: 60,
      }),
      fc.array(anyString),
      (entries, others) => {
        const app = openMemoryDb([keywordIndexSql])
        const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
        const writer = new BlockWriter(app, 7)
        for (const [term, df, size] of sorted)
          writer.add(termBytes(term), termBytes(term).length, df, new Uint8Array(size).fill(df))
        writer.flush()
        const read: [string, number, number][] = []
        const found = new Set<string>()
        for (const { terms } of app.all<{ terms: Uint8Array }>(
          'SELECT terms FROM keyword_blocks ORDER BY id',
        )) {
          const cursor = new TermCursor(terms)
          while (cursor.next()) {
            const text = termText(cursor.term, 0, cursor.termLength)
            read.push([text, cursor.df, cursor.end - cursor.start])
            expect(findTerm(terms, termBytes(text))?.df).toBe(cursor.df)
          }
          for (const other of others) if (findTerm(terms, termBytes(other))) found.add(other)
        }
        expect(read).toEqual(sorted)
        const terms = new Set(entries.map(([term]) => term))
        expect([...found].sort()).toEqual([...new Set(others)].filter((o) => terms.has(o)).sort())
        app.close()
      },
    ),
    { numRuns: 60 },
  )
})

const anyRanges = fc
  .array(fc.tuple(fc.nat(200), fc.nat(20)))
  .map((rows) => rows.map(([first, more]) => ({ first, last: first + more })))
const members = (ranges: readonly { first: number; last: number }[]) =>
  ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i))

test('ranges are sets of numbers', () => {
  fc.assert(
    fc.property(anyRanges, anyRanges, (a, b) => {
      const [left, right] = [normaliseRanges(a), normaliseRanges(b)]
      const set = new Set(members(b))
      expect(members(left)).toEqual([...new Set(members(a))].sort((x, y) => x - y))
      expect(members(subtractRanges(left, right))).toEqual(members(left).filter((n) => !set.has(n)))
      expect(decodeRanges(encodeRanges(left))).toEqual(left)
      expect(countRanges(left)).toBe(members(left).length)
    }),
  )
})

test('passage ids survive in the order of their ordinals, and are found both ways', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(300)), anyRanges, (ids, ranges) => {
      const runs = decodeIds(encodeIds(ids.map((id) => ({ first: id, last: id }))))
      expect(ids.map((_, ordinal) => idAt(runs, ordinal))).toEqual(ids)
      const wanted = normaliseRanges(ranges)
      const inside = new Set(members(wanted))
      const ordinals = members(ordinalsOf(runs, wanted))
      expect(ordinals).toEqual(ids.flatMap((id, ordinal) => (inside.has(id) ? [ordinal] : [])))
      if (ids.length > 0)
        expect(members(idsOf(runs, { first: 0, last: ids.length - 1 }))).toEqual(ids)
    }),
  )
})
