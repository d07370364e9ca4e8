/** What a keyword search finds, checked against BM25 by the formula and against what people expect of a search box. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tombstonePassages } from '../../src/search/index-writer.ts'
import { passageText } from '../../src/search/passage-texts.ts'
import { slowBm25, TestLibrary } from './library.ts'

const vocabulary = 'wing flow heat shock layer jet tail cone plate drag lift noise'.split(' ')
const anyText = fc
  .array(fc.tuple(fc.constantFrom(...vocabulary), fc.integer({ min: 1, max: 20 })), {
    minLength: 1,
    maxLength: 12,
  })
  .map((words) => words.flatMap(([word, times]) => Array(times).fill(word)).join(' '))

test('scores are BM25, over any number of segments, before and after merges', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(anyText, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 }),
      fc.array(fc.constantFrom(...vocabulary), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 20 }),
      (documents, words, limit) => {
        const library = new TestLibrary()
        const texts = new Map<number, string>()
        for (const document of documents) {
          const ids = library.add(...document.map((text) => ({ text })))
          for (const [at, id] of ids.entries()) texts.set(id, document[at] ?? '')
        }
        const terms = words.flatMap((word) => library.analyser.terms(word, 'en'))
        const expected = slowBm25(library.analyser, texts, terms)
        for (const stage of ['segments', 'merged']) {
          const { hits } = library.search(words.join(' '), { limit })
          expect(hits.length, stage).toBe(Math.min(limit, expected.length))
          const slow = new Map(expected)
          for (const [at, { passageId, score }] of hits.entries()) {
            expect(score).toBeCloseTo(slow.get(passageId) ?? 0, 4)
            expect(score).toBeCloseTo(expected[at]?.[1] ?? 0, 4)
          }
          library.mergeAll()
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('a deleted passage is found by nothing, and leaves every count once it is merged away', () => {
  fc.assert(
    fc.property(
      fc.array(anyText, { minLength: 2, maxLength: 12 }),
      fc.array(fc.tuple(fc.nat(11), fc.nat(4)), { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...vocabulary),
      (texts, deletions, word) => {
        const library = new TestLibrary()
        const ids = texts.flatMap((text) => library.add({ text }))
        const alive = new Map(ids.map((id, at) => [id, texts[at] ?? '']))
        for (const [from, more] of deletions) {
          tombstonePassages(library.app, from + 1, from + 1 + more)
          for (let id = from + 1; id <= from + 1 + more; id++) alive.delete(id)
        }
        const terms = library.analyser.terms(word, 'en')
        const slow = slowBm25(library.analyser, alive, terms)
        expect(new Set(library.find(word, { limit: 50 }))).toEqual(new Set(slow.map(([id]) => id)))
        library.mergeAll()
        const { hits } = library.search(word, { limit: 50 })
        expect(hits.map(({ passageId }) => passageId)).toEqual(slow.map(([id]) => id))
        for (const [at, { score }] of hits.entries())
          expect(score).toBeCloseTo(slow[at]?.[1] ?? 0, 4)
      },
    ),
    { numRuns: 60 },
  )
})

test('equal scores go by passage id', () => {
  const library = new TestLibrary()
  for (let i = 0; i < 30; i++) library.add({ text: 'the same words everywhere' })
  expect(library.find('words', { limit: 5 })).toEqual([1, 2, 3, 4, 5])
})

test('a filter is applied before the best are chosen', () => {
  const library = new TestLibrary()
  for (let i = 0; i < 200; i++) library.add({ text: 'wing wing wing' })
  const [weak = 0] = library.add({ text: `wing ${'other words '.repeat(50)}` })
  expect(library.find('wing', { limit: 3, filter: [{ first: weak, last: weak }] })).toEqual([weak])
  expect(
    library.find('wing', {
      filter: [
        { first: 5, last: 6 },
        { first: 9, last: 9 },
      ],
    }),
  ).toEqual([5, 6, 9])
  expect(library.find('wing', { filter: [] })).toEqual([])
  library.mergeAll()
  expect(
    library.find('wing', {
      filter: [
        { first: 5, last: 6 },
        { first: 9, last: 9 },
      ],
    }),
  ).toEqual([5, 6, 9])
})

test('pending passages are not found', () => {
  const library = new TestLibrary()
  library.addPending({ text: 'secret' })
  expect(library.find('secret')).toEqual([])
})

test('passages with more of the words come first, and every word is optional', () => {
  const library = new TestLibrary()
  library.add({ text: 'shock waves' }, { text: 'boundary layers' }, { text: 'shock and boundary' })
  expect(library.find('what about shock boundary')[0]).toBe(3)
  expect(library.find('what about shock boundary').length).toBe(3)
})

test('stems find each other; a query of stop words alone still finds', () => {
  const library = new TestLibrary()
  library.add(
    { text: 'He adopted children' },
    { text: 'To be, or not to be: that is the question' },
  )
  expect(library.find('adoption of a child')).toEqual([1])
  expect(library.find('to be or not to be')).toEqual([2])
  expect(library.find('the of question')).toEqual([2])
})

test('a title counts for every passage of its document, and title: looks nowhere else', () => {
  const library = new TestLibrary()
  library.add({ title: 'Aeroplane wings', text: 'one' }, { text: 'two wings' })
  library.add({ title: 'Birds', text: 'wings' })
  expect(new Set(library.find('wings'))).toEqual(new Set([1, 2, 3]))
  expect(library.find('wings')[0]).toBe(2)
  expect(new Set(library.find('title:wings'))).toEqual(new Set([1, 2]))
  expect(library.find('two title:wings')).toEqual([2, 1])
  expect(library.find('title:birds')).toEqual([3])
  expect(library.find('-title:birds wings').sort()).toEqual([1, 2])
  expect(library.find('title:"aeroplane wings"').sort()).toEqual([1, 2])
  expect(library.find('title:"wings aeroplane"')).toEqual([])
})

test('sections are searched', () => {
  const library = new TestLibrary()
  library.add({ text: 'nothing here', section: ['Chapter One', 'Turbulence'] })
  expect(library.find('turbulence')).toEqual([1])
  expect(library.find('"chapter one"')).toEqual([1])
  expect(library.find('"one turbulence"')).toEqual([])
})

test('a phrase that no passage has as it was typed is found in other forms of its words, in their order', () => {
  const library = new TestLibrary()
  library.add({ text: 'The white whales were hunted.' }, { text: 'Whales, white ones.' })
  library.add({ text: 'Сериал о Докторе Кто.', language: 'ru' })
  expect(library.find('"white whale"')).toEqual([1])
  expect(library.find('whale -"white whale"').sort()).toEqual([1, 2])
  expect(library.find('whale -"white whales"')).toEqual([2])
  expect(library.find('"Доктора Кто"', { languages: ['ru'] })).toEqual([3])
  expect(library.find('"Кто Доктор"', { languages: ['ru'] })).toEqual([])
  const [typed = 0] = library.add({ text: 'A white whale.' })
  expect(library.find('"white whale"')).toEqual([typed])
})

test('phrases', () => {
  const library = new TestLibrary()
  library.add({ text: 'To be, or not to be.' }, { text: 'be not or to be' })
  library.add({ text: 'The state\n of the  “art” is here' }, { text: 'art of the state' })
  library.add({ text: 'He said l’eau claire. A hyphen-\nated word. Naïve Café owners.' })
  expect(library.find('"to be or not to be"')).toEqual([1])
  expect(library.find('“state of the art”')).toEqual([3])
  expect(library.find('"STATE, of THE art"')).toEqual([3])
  expect(library.find('"eau claire"', { languages: ['fr'] })).toEqual([])
  expect(library.find('"hyphenated word"')).toEqual([5])
  expect(library.find('"a hyphenated"')).toEqual([5])
  expect(library.find('"naive cafe"')).toEqual([5])
  expect(library.find('"of the" art').sort()).toEqual([3, 4])
  expect(library.find('art -"of the art"')).toEqual([4])
  expect(library.find('"the states"').sort()).toEqual([3, 4])
  expect(library.find('"states the"')).toEqual([])
  expect(library.find('"not there at all" art')).toEqual([])
})

test('a phrase is found behind any number of passages that only have its words', () => {
  const library = new TestLibrary()
  for (let i = 0; i < 50; i++) library.add(...Array(30).fill({ text: 'layer boundary' }))
  const [found = 0] = library.add({ text: `a boundary layer ${'and other things '.repeat(40)}` })
  library.mergeAll()
  expect(library.find('"boundary layer"')).toEqual([found])
})

test('of a phrase of common words so many candidates are read, the best ones', () => {
  const library = new TestLibrary()
  for (let i = 0; i < 25; i++) library.add(...Array(100).fill({ text: 'layer boundary' }))
  let read = 0
  const textOf = (id: number) => {
    read++
    return passageText(library.app, id)
  }
  expect(library.find('"boundary layer"', { textOf })).toEqual([])
  expect(read).toBe(2_000)
})

test('a prefix stands for its most frequent words, a bounded number', () => {
  const library = new TestLibrary()
  library.add(...Array.from({ length: 90 }, (_, i) => ({ text: `sea${'abcdefghij'[i % 10]}${i}` })))
  library.add({ text: 'seaweed' }, { text: 'seaweed' })
  const found = library.find('sea*', { limit: 200 })
  expect(found).toHaveLength(65)
  expect(found).toEqual(expect.arrayContaining([91, 92]))
})

test('excluded words', () => {
  const library = new TestLibrary()
  library.add({ text: 'jaguar car' }, { text: 'jaguar cat' }, { text: 'jaguar' })
  expect(library.find('jaguar -car').sort()).toEqual([2, 3])
  expect(library.find('jaguar -cars').sort()).toEqual([2, 3])
  expect(library.find('-car')).toEqual([])
  expect(library.find('jaguar - car').length).toBe(3)
})

test('prefixes stand for the words that begin with them', () => {
  const library = new TestLibrary()
  library.add(
    { text: 'supersonic' },
    { text: 'superb' },
    { text: 'soup' },
    { text: 'supermarkets' },
  )
  expect(library.find('super*').sort()).toEqual([1, 2, 4])
  expect(library.find('supermarkets*')).toEqual([4])
  expect(library.find('s* soup')).toEqual([3])
  expect(library.find('soup -super*')).toEqual([3])
})

test('hyphens and apostrophes', () => {
  const library = new TestLibrary()
  library.add(
    { text: 'a well-known problem' },
    { text: 'we use email' },
    { text: "the dog's dinner" },
  )
  expect(library.find('well-known')).toEqual([1])
  expect(library.find('"well known"')).toEqual([1])
  expect(library.find('e-mail')).toEqual([2])
  expect(library.find('dogs')).toEqual([3])
  expect(library.find('dog’s')).toEqual([3])
})

test('why a passage was found adds up to its score', () => {
  const library = new TestLibrary()
  library.add({ title: 'Wings', text: 'wing flow flow flow' }, { text: 'heat' })
  const [hit] = library.search('wing wing flow nothing', { explain: true }).hits
  expect(hit?.explain?.map(({ word, body, title }) => [word, body, title])).toEqual([
    ['flow', 3, 0],
    ['wing', 1, 1],
  ])
  const sum = hit?.explain?.reduce((total, { score }) => total + score, 0)
  expect(sum).toBeCloseTo(hit?.score ?? 0, 5)
})

test('settings of a search count', () => {
  const library = new TestLibrary()
  library.add(
    { text: 'wing '.repeat(9) },
    { text: 'wing and much else '.repeat(20) },
    { text: 'x' },
  )
  library.add({ title: 'wing', text: 'x' })
  expect(library.find('wing', { weights: { body: 1, title: 50, section: 1 } })[0]).toBe(4)
  expect(library.find('wing', { weights: { body: 1, title: 0, section: 0 } })).not.toContain(4)
  expect(library.find('wing', { k1: 1000, b: 0 })[0]).toBe(2)
  expect(library.find('wing', { limit: 0 })).toEqual([])
})

test('anything can be typed', () => {
  const library = new TestLibrary()
  library.add({ text: 'wing 😀 flow' })
  const awkward = ['', ' ', '""', '"', '-', '*', '-*', 'title:', '"…"', '😀', '\ud800', 'NEAR(a b)']
  for (const text of [...awkward, '!!! ???', '\0', '(((', "'", 'a:b', '-"', '* *', 'AND OR'])
    expect(library.find(text)).toEqual([])
  expect(library.find('wing\ud800 "')).toEqual([1])
  expect(library.find('😀 flow')).toEqual([1])
  expect(library.find('x'.repeat(10_000_000))).toEqual([])
  expect(library.find('wing '.repeat(2_000_000))).toEqual([1])
  expect(library.find('flow'.padStart(20_000, ' '))).toEqual([])
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.nat(3), (text, at) => {
      const languages = [['en'], ['ja', 'und'], [], ['xx', 'tr', 'ar']][at] ?? []
      expect(library.search(text, { languages }).hits.length).toBeLessThanOrEqual(1)
    }),
  )
})

test('a pasted text is searched for its words, whatever quotes and dashes it has', () => {
  const library = new TestLibrary()
  library.add({ text: 'turbulence in pipes' })
  const text = `${'This long text says "something else" -turbulence and title:more about it. '.repeat(9)} pipes`
  expect(library.find(text)).toEqual([1])
})
