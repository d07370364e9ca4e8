/** What a reader says about a document is checked, and a long document of near-empty pages passes the check. */
import { expect, test } from 'vitest'
import type { ExtractBatch } from '../../src/ingest/contract.ts'
import { BrokenReader, OutputCheck } from '../../src/threads/extractor-output.ts'

const limits = { charactersMax: 1e9, pagesMax: 10_000 }
const textOf = (page: number): string => `Leaf ${page}.`

/** Pages of some letters each, and a passage that quotes the first of them. */
function batchOf(from: number, to: number, quoted = textOf(from)): ExtractBatch {
  const numbers = Array.from({ length: to - from + 1 }, (_, at) => from + at)
  const page = (number: number) => ({ number, label: null, text: textOf(number) })
  const span = { at: 0, page: from, start: 0, end: quoted.length }
  return {
    pages: numbers.map(page),
    passages: [{ text: quoted, spans: [span], section: null }],
    pagesDone: to,
  } as unknown as ExtractBatch
}

test('a batch may have more pages than are kept for those after it', () => {
  const check = new OutputCheck(limits)
  check.batch(batchOf(1, 1_000))
  check.batch(batchOf(1_001, 1_002))
  expect(() => check.batch(batchOf(1_003, 1_004, 'Leaf 7.'))).toThrow(BrokenReader)
})

test('what was long ago is not quoted any more', () => {
  const check = new OutputCheck(limits)
  check.batch(batchOf(1, 1_000))
  const late = { ...batchOf(1, 1), pages: [], pagesDone: 1_000 }
  expect(() => check.batch(late)).toThrow(BrokenReader)
})
