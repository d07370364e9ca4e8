/** What is typed into a search box, taken apart. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseQuery, queryUnitsMax } from '../../src/search/query.ts'

/** Clauses in short: `-title:"a b"`, `x*`. */
const short = (text: string): string[] =>
  parseQuery(text).clauses.map(({ kind, text: own, field, isNegated }) => {
    const shown = { word: own, phrase: `"${own}"`, prefix: `${own}*` }[kind]
    return `${isNegated ? '-' : ''}${field === 'title' ? 'title:' : ''}${shown}`
  })

test.each([
  ['two words', ['two', 'words']],
  ['"a phrase" word', ['"a phrase"', 'word']],
  ['“curly” «angled» „low“', ['"curly"', '"angled"', '"low"']],
  ['-not -"not this"', ['-not', '-"not this"']],
  ['pre* p* **', ['pre*', 'p']],
  [
    'title:word title:"a b" -title:c TITLE:xy*',
    ['title:word', 'title:"a b"', '-title:c', 'title:xy*'],
  ],
  ['non-player -5 --flag a - b', ['non-player', '-5', '--flag', 'a', '-', 'b']],
  ['5" pipe and 6" pipe', ['5"', 'pipe', 'and', '6"', 'pipe']],
  ['"never closed', ['"never', 'closed']],
  ['cats AND dogs OR birds', ['cats', 'dogs', 'birds']],
  ['foo:bar title: x', ['foo:bar', 'title:', 'x']],
  ['', []],
])('%j', (text, clauses) => {
  expect(short(text)).toEqual(clauses)
})

test('filters are for the caller', () => {
  const query = parseQuery('tag:law -tag:"old cases" page:12 page:9-3 page:x word tag:""')
  expect(query).toMatchObject({
    tags: ['law'],
    excludedTags: ['old cases'],
    pages: [
      { first: 12, last: 12 },
      { first: 3, last: 9 },
    ],
  })
  expect(query.clauses.map((clause) => clause.text)).toEqual(['page:x', 'word'])
})

test('a text of many words is no expression', () => {
  const text = `${'word '.repeat(40)} "quoted words" -excluded title:x`
  expect(
    parseQuery(text).clauses.every(({ kind, isNegated }) => kind === 'word' && !isNegated),
  ).toBe(true)
})

test('there are limits', () => {
  const many = parseQuery('"a b" '.repeat(16).trim()).clauses
  expect(many.filter(({ kind }) => kind === 'phrase').length).toBe(8)
  expect(many.length).toBe(8 + 16)
  expect(parseQuery('ab* '.repeat(20)).clauses.filter(({ kind }) => kind === 'prefix').length).toBe(
    8,
  )
  expect(parseQuery('w '.repeat(10_000)).clauses.length).toBe(512)
  expect(parseQuery('x'.repeat(10_000_000)).clauses[0]?.text.length).toBe(queryUnitsMax)
})

test('nothing typed is an error, and nothing is lost of plain words', () => {
  const pieces = fc.constantFrom(
    '"',
    '“',
    '-',
    '*',
    ':',
    'title:',
    'tag:',
    'page:',
    ' ',
    '\n',
    'word',
    '図',
    '\ud800',
    '\0',
  )
  fc.assert(
    fc.property(
      fc.array(fc.oneof(pieces, fc.string({ unit: 'binary' })), { maxLength: 40 }),
      (parts) => {
        const { clauses } = parseQuery(parts.join(''))
        for (const { text } of clauses) expect(text.isWellFormed()).toBe(true)
      },
    ),
  )
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-zäß]{1,9}$/), { maxLength: 32 }), (words) => {
      expect(parseQuery(words.join(' ')).clauses.map(({ text }) => text)).toEqual(words)
    }),
  )
})
