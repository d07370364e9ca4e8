/** Clean text, divided words, and pages of running text. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanText, createDehyphenator } from '../../src/ingest/clean.ts'
import { cutTextPages } from '../../src/ingest/text-pages.ts'

test.each([
  ['composed', 'Cafe\u0301', 'Café'],
  ['Latin ligatures', 'e\ufb03cient \ufb01nd', 'efficient find'],
  ['Arabic presentation forms', '\ufee3\ufeae\ufea3\ufe92\ufe8e', 'مرحبا'],
  ['soft hyphen at a line end', 'exam\u00ad\nple', 'example'],
  ['soft hyphen elsewhere', 'ex\u00adam', 'exam'],
  ['controls', 'a\0b\u0007c\u001bd', 'abcd'],
  ['direction marks', '\u202eabc\u202c \u2066x\u2069', 'abc x'],
  ['lone surrogates', 'a\ud800b', 'a\ufffdb'],
  ['line ends', 'a\r\nb\rc\u2028d', 'a\nb\nc\nd'],
  ['blank lines', 'a  \n\n\n\n\nb\n', 'a\n\nb'],
  ['zero-width joiners stay', 'می\u200cخواهم', 'می\u200cخواهم'],
])('%s', (_, before, after) => {
  expect(cleanText(before)).toBe(after)
})

test('clean text is clean, well-formed and stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const clean = cleanText(text)
      expect(clean.isWellFormed()).toBe(true)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these must be gone.
      expect(clean).not.toMatch(/[\0-\x08\x0b-\x1f\x7f]/)
      expect(cleanText(clean)).toBe(clean)
    }),
  )
})

test.each([
  ['a word', 'exam-\nple', 'example'],
  ['over a blank line', 'exam-\n\nple', 'example'],
  ['a capital follows', 'North-\nSouth', 'North-\nSouth'],
  ['a chain', 'mother-in-\nlaw', 'mother-in-law'],
  ['a number', '1990-\n95 and a-\n1', '1990-\n95 and a-\n1'],
])('%s divided at a line end', (_, before, after) => {
  expect(createDehyphenator().join(before)).toBe(after)
})

test('a compound seen on an earlier page keeps its hyphen', () => {
  const dehyphenator = createDehyphenator()
  dehyphenator.join('a well-known fact')
  expect(dehyphenator.join('a well-\nknown fact')).toBe('a well-known fact')
})

test('pages of running text lose nothing and stay short', () => {
  const pieces = fc.array(
    fc.string({ unit: fc.constantFrom('a', ' ', '\n', 'é', '🙂'), maxLength: 5_000 }),
  )
  fc.assert(
    fc.property(pieces, (parts) => {
      const pages = [...cutTextPages(parts)]
      expect(pages.join('')).toBe(parts.join(''))
      for (const page of pages) {
        expect(page.length).toBeLessThanOrEqual(3_000)
        expect(page.isWellFormed()).toBe(true)
      }
    }),
    { numRuns: 50 },
  )
})

test('form feeds are page ends, wherever the pieces are cut', () => {
  expect([...cutTextPages(['one\ftw', 'o\r', '\n\f', 'three'])]).toEqual(['one', 'two\n', 'three'])
})

test('a page ends at a paragraph where there is one', () => {
  const paragraph = `${'word '.repeat(300).trim()}\n\n`
  const pages = [...cutTextPages([paragraph.repeat(4)])]
  for (const page of pages.slice(0, -1)) expect(page.endsWith('\n\n')).toBe(true)
})
