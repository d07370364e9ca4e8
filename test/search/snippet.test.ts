/** Snippets: a verbatim piece of the passage, marked where it matched, safe as HTML. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAnalyser } from '../../src/search/analysis/analyser.ts'
import { snippet } from '../../src/search/snippet.ts'

const analyser = createAnalyser()
const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
}
const plain = (html: string): string =>
  html
    .replace(/<\/?mark>/g, '')
    .replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => entities[name] ?? '')
const marked = (html: string): string[] =>
  [...html.matchAll(/<mark>(.*?)<\/mark>/gs)].map((match) => plain(match[1] ?? ''))
const make = (text: string, terms: string[], phrases: string[][] = [], language = 'en') =>
  snippet(text, { terms: new Set(terms), phrases }, language, analyser)

test('the densest part is shown, its words marked by their stems', () => {
  const filler = 'Nothing to see here at all. '.repeat(30)
  const text = `${filler}A library once. ${filler}Libraries beside the river, rivers & "books". ${filler}`
  const found = make(text, ['librari', 'river', 'book'])
  expect(marked(found.html)).toEqual(['Libraries', 'river', 'rivers', 'books'])
  expect(found.html).toContain('&amp; &quot;<mark>books</mark>&quot;')
  expect(text.slice(found.matchAt, found.matchAt + 9)).toBe('Libraries')
  expect(found.end - found.start).toBeLessThan(300)
})

test('a phrase is marked as a whole and preferred to its words', () => {
  const filler = 'flow and heat and flow and then. '.repeat(20)
  const found = make(
    `${filler} The heat\nflow is here. ${filler}`,
    ['heat', 'flow'],
    [['heat', 'flow']],
  )
  expect(marked(found.html)).toContain('heat\nflow')
})

test('scripts without spaces', () => {
  expect(marked(make(`${'前。'.repeat(200)}攻撃力が上昇する。`, ['攻撃'], [], 'ja').html)).toEqual([
    '攻撃',
  ])
  expect(marked(make('ห้องสมุดของฉันมีหนังสือ', ['หนังสือ'], [], 'th').html)).toEqual(['หนังสือ'])
  expect(marked(make('도서관에서 읽다', ['도서'], [], 'ko').html)).toEqual(['도서관에서'])
})

test('without a match it is the beginning', () => {
  expect(make('short text', ['none'])).toEqual({
    html: 'short text',
    start: 0,
    end: 10,
    matchAt: 0,
  })
  expect(make('', ['none'])).toEqual({ html: '', start: 0, end: 0, matchAt: 0 })
  expect(make('word '.repeat(100), []).end).toBeLessThan(300)
})

test('marks away and entities back, it is a slice of the text that cuts no character and no word', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'wing',
      'Wings',
      ' ',
      '\n',
      '. ',
      '<b>',
      '&amp;',
      "'",
      '😀',
      '図書館',
      'l’aile',
      'x'.repeat(300),
    ),
    fc.string({ unit: 'binary', maxLength: 9 }),
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 120 }),
      fc.constantFrom('en', 'ja', 'und'),
      (pieces, language) => {
        const text = pieces.join('')
        const found = make(text, ['wing', '図書'], [['wing', 'wings']], language)
        expect(plain(found.html)).toBe(text.slice(found.start, found.end))
        expect(found.html.replace(/<\/?mark>/g, '')).not.toMatch(/[<>"']/)
        expect(found.matchAt).toBeGreaterThanOrEqual(found.start)
        expect(found.matchAt).toBeLessThanOrEqual(found.end)
        expect(found.end - found.start).toBeLessThanOrEqual(240 + 2 * 64 + 300)
        for (const at of [found.start, found.end]) {
          const pair = text.slice(at - 1, at + 1)
          if (at > 0 && at < text.length) expect([...pair].length).toBe(pair.length)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('a very long passage is looked at up to a limit', () => {
  const text = `${'a '.repeat(300_000)}wing`
  expect(make(text, ['wing']).start).toBe(0)
})
