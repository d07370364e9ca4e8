/** Texts made to slow down the patterns that clean and cut them come through in the time of any other text. */
import { expect, test } from 'vitest'
import { detectCharset } from '../../src/ingest/charset.ts'
import { cleanText, createDehyphenator } from '../../src/ingest/clean.ts'
import { cutPieces } from '../../src/ingest/sentences.ts'
import { sourceOf } from '../fixtures/source.ts'

const size = 400_000

// What grows with the square of the length would take hours here; the suite's own time limit is the measure.
test.each([
  ['spaces', `a${' '.repeat(size)}b`],
  ['tabs and line ends', 'x\t\n'.repeat(size / 3)],
  ['blank lines', '\n'.repeat(size)],
  ['dots', '.'.repeat(size)],
  ['dots and spaces', '. '.repeat(size / 2)],
  ['quotes', `."${'"'.repeat(size)}`],
  ['hyphens', '-'.repeat(size)],
  ['hyphens and spaces', `a-${' '.repeat(size)}\n`],
  ['soft hyphens', '\u00ad '.repeat(size / 2)],
  ['one word', 'x'.repeat(size)],
  ['presentation forms', '\ufb01'.repeat(size)],
  ['controls', '\u0001'.repeat(size)],
])('%s', (_, text) => {
  const clean = createDehyphenator().join(cleanText(text))
  expect(cutPieces(clean, 0, clean.length).length).toBeGreaterThanOrEqual(
    clean.trim() === '' ? 0 : 1,
  )
})

test('one word in a legacy charset', () => {
  const bytes = Buffer.alloc(size, 'x')
  bytes[size / 2] = 0xe9
  expect(detectCharset(sourceOf(bytes))).toMatch(/windows-125/)
})
