/** The passage ids of a segment: runs of neighbouring ids in the order of their ordinals. */
import { ByteReader, ByteWriter } from './bytes.ts'

/** Passages `first … first + count - 1` have the ordinals `ordinal … ordinal + count - 1`. */
export interface IdRun {
  readonly first: number
  readonly count: number
  readonly ordinal: number
}

/** Both ends included; of ids or of ordinals. */
export interface Range {
  readonly first: number
  readonly last: number
}

/** @param ranges passage ids in the order of their ordinals; neighbours become one run */
export function encodeIds(ranges: Iterable<Range>): Uint8Array {
  const out = new ByteWriter(64)
  let end = 0
  let first = 0
  let count = 0
  for (const range of ranges) {
    if (count > 0 && range.first === first + count) count += range.last - range.first + 1
    else {
      if (count > 0) end = writeRun(out, first, count, end)
      first = range.first
      count = range.last - range.first + 1
    }
  }
  if (count > 0) writeRun(out, first, count, end)
  return out.bytes()
}

function writeRun(out: ByteWriter, first: number, count: number, end: number): number {
  out.signedVarint(first - end)
  out.varint(count)
  return first + count
}

export function decodeIds(bytes: Uint8Array): IdRun[] {
  const reader = new ByteReader(bytes)
  const runs: IdRun[] = []
  let end = 0
  let ordinal = 0
  while (!reader.isAtEnd) {
    const first = end + reader.signedVarint()
    const count = reader.varint()
    runs.push({ first, count, ordinal })
    end = first + count
    ordinal += count
  }
  return runs
}

/** The passage id at an ordinal of the segment. */
export function idAt(runs: readonly IdRun[], ordinal: number): number {
  let low = 0
  let high = runs.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((runs[middle]?.ordinal ?? 0) <= ordinal) low = middle
    else high = middle - 1
  }
  const run = runs[low]
  return run ? run.first + ordinal - run.ordinal : -1
}

/** The ids at a range of ordinals, as ranges in the order of the ordinals. */
export function idsOf(runs: readonly IdRun[], ordinals: Range): Range[] {
  const found: Range[] = []
  for (const { first, count, ordinal } of runs) {
    const from = Math.max(ordinals.first, ordinal)
    const to = Math.min(ordinals.last, ordinal + count - 1)
    if (from <= to) found.push({ first: first + from - ordinal, last: first + to - ordinal })
  }
  return found
}

/** The ordinals whose ids lie in the id ranges (ascending, apart): ascending, neighbours joined. */
export function ordinalsOf(runs: readonly IdRun[], ranges: readonly Range[]): Range[] {
  const found: { first: number; last: number }[] = []
  for (const run of runs) {
    const end = run.first + run.count - 1
    for (let i = firstEndingAtOrAfter(ranges, run.first); i < ranges.length; i++) {
      const range = ranges[i]
      if (!range || range.first > end) break
      const first = Math.max(range.first, run.first) - run.first + run.ordinal
      const last = Math.min(range.last, end) - run.first + run.ordinal
      const open = found.at(-1)
      if (open && open.last + 1 === first) open.last = last
      else found.push({ first, last })
    }
  }
  return found
}

function firstEndingAtOrAfter(ranges: readonly Range[], id: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle]?.last ?? 0) < id) low = middle + 1
    else high = middle
  }
  return low
}

/** Ranges in any order, overlapping or not, as ascending ranges that lie apart. Empty ones go. */
export function normaliseRanges(ranges: readonly Range[]): Range[] {
  const sorted = ranges.filter((range) => range.last >= range.first)
  sorted.sort((a, b) => a.first - b.first)
  const joined: { first: number; last: number }[] = []
  for (const { first, last } of sorted) {
    const open = joined.at(-1)
    if (open && first <= open.last + 1) open.last = Math.max(open.last, last)
    else joined.push({ first, last })
  }
  return joined
}

/** What of `ranges` is not in `holes`; both ascending and apart. */
export function subtractRanges(ranges: readonly Range[], holes: readonly Range[]): Range[] {
  if (holes.length === 0) return [...ranges]
  const left: Range[] = []
  for (const { first, last } of ranges) {
    let from = first
    for (let i = firstEndingAtOrAfter(holes, first); i < holes.length; i++) {
      const hole = holes[i]
      if (!hole || hole.first > last) break
      if (hole.first > from) left.push({ first: from, last: hole.first - 1 })
      from = hole.last + 1
    }
    if (from <= last) left.push({ first: from, last })
  }
  return left
}

export function countRanges(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)
}

/** Ascending ranges as varint pairs (gap since the end before, length - 1). */
export function encodeRanges(ranges: readonly Range[]): Uint8Array {
  const out = new ByteWriter(64)
  let end = 0
  for (const { first, last } of ranges) {
    out.varint(first - end)
    out.varint(last - first)
    end = last
  }
  return out.bytes()
}

export function decodeRanges(bytes: Uint8Array): Range[] {
  const reader = new ByteReader(bytes)
  const ranges: Range[] = []
  let end = 0
  while (!reader.isAtEnd) {
    const first = end + reader.varint()
    const last = first + reader.varint()
    ranges.push({ first, last })
    end = last
  }
  return ranges
}
