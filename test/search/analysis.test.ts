/** How text becomes terms, family by family. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAnalyser } from '../../src/search/analysis/analyser.ts'
import { createCharacterClasses } from '../../src/search/analysis/characters.ts'
import { stemEnglish } from '../../src/search/analysis/english-stemmer.ts'
import { foldWord } from '../../src/search/analysis/folding.ts'
import { languageOf, stopWordsOf } from '../../src/search/analysis/registry.ts'
import { PhraseMatcher } from '../../src/search/phrase.ts'
import { termCounts } from './library.ts'

const analyser = createAnalyser()
/** Terms of each word, spellings joined by `|`, pairs and joined words with `+`. */
const terms = (text: string, language: string): string =>
  analyser
    .tokens(text, language)
    .map((token) => `${token.isExtra ? '+' : ''}${token.terms.join('|')}`)
    .join(' ')

test.each([
  [
    'en',
    'The dog’s connected connections, O’Neill’s adoptions',
    'the dog connect connect oneil adopt',
  ],
  ['en', 'well-known ﬁnal ＡＢＣ 3.14 C++', 'well known final abc 3 14 c'],
  ['en', 'hy\u00adphen foot-\nnote', 'hyphen foot +footnot note'],
  ['und', 'Connected CONNECTIONS', 'connected connections'],
  ['de', 'Häuser Größe STRASSE', 'haus gross strass'],
  ['fr', 'l’eau qu’il université', 'eau il univers|universit'],
  ['es', 'canciones niños', 'cancion nin'],
  ['it', 'dell’acqua consolazioni', 'acqua consol'],
  ['ru', 'книгами Книга ещё', 'книг книг ещ'],
  ['uk', 'книгами', 'книг'],
  ['bg', 'книгите ученици', 'книг ученик'],
  ['el', 'ΆΝΘΡΩΠΟΣ άνθρωποι', 'ανθρωπ ανθρωπ'],
  ['tr', 'IŞIK ışık Ankara’da', 'isik isik ankar'],
  ['ar', 'الكِتَابُ كتــاب ١٢٣', 'كتاب كتاب 123'],
  ['he', 'שָׁלוֹם', 'שלום'],
  ['hi', 'किताबें क़लम १२', 'किताब कलम 12'],
  ['ta', 'புத்தகங்கள்', 'புத்தகம்'],
  ['vi', 'Việt Nam', 'viet nam'],
  ['ja', 'データベースの攻撃力', 'データベース の 攻撃 +撃力 力'],
  ['th', 'หนังสือ', 'หนังสือ'],
  ['ko', '도서관에서', '도서관에서'],
])('%s: %s', (language, text, expected) => {
  expect(terms(text, language)).toBe(expected)
})

test('every language of a family has a stemmer or at least stop words, and regions do not matter', () => {
  expect(languageOf('pt-BR').code).toBe('pt')
  expect(languageOf('fil').code).toBe('und')
  for (const code of [
    'en',
    'de',
    'nl',
    'sv',
    'no',
    'da',
    'fr',
    'es',
    'it',
    'pt',
    'ro',
    'ru',
    'fi',
    'hu',
    'el',
    'tr',
    'ar',
    'hi',
  ])
    expect(stopWordsOf(languageOf(code)).size).toBeGreaterThan(40)
  expect(analyser.isStopWord('FÜR', 'de')).toBe(true)
  expect(analyser.isStopWord('don’t', 'en')).toBe(true)
  expect(analyser.isStopWord('flow', 'en')).toBe(false)
})

/** From Snowball's published vocabulary. */
test.each(
  `consign consigned consigning consignment → consign
   consist consistency consistently consists → consist
   consolation consoled consoles → consol
   knaves → knave
   knightly → knight
   kneeling kneels → kneel
   generally general → general
   generate generation → generat
   happy happiness → happi
   hopping → hop
   hoping → hope
   dying → die
   skies → sky
   news → news
   proceed → proceed
   agreed → agre
   beautiful → beauti
   yes → yes
   sayings → say
   cries → cri
   ties → tie
   gas → gas
   national → nation
   relational → relat`
    .split('\n')
    .map((line) => line.trim().split(' → ') as [string, string]),
)('English: %s → %s', (words, stem) => {
  expect(new Set(words.split(' ').map(stemEnglish))).toEqual(new Set([stem]))
})

test('a term is the same whenever and after whatever it is analysed', () => {
  const word = fc.oneof(fc.stringMatching(/^[a-zA-Z']{1,12}$/), fc.string({ unit: 'grapheme' }))
  const language = fc.constantFrom('en', 'uk', 'bg', 'fr', 'ar', 'ja', 'hi', 'und')
  fc.assert(
    fc.property(fc.array(word), word, language, (others, text, code) => {
      const fresh = createAnalyser().tokens(text, code)
      for (const other of others) analyser.tokens(other, code)
      expect(analyser.tokens(text, code)).toEqual(fresh)
    }),
    { numRuns: 40 },
  )
})

test('the index counts exactly the tokens, and tokens lie inside the text', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .array(
        fc.constantFrom(
          'word',
          'l’eau',
          '攻撃力',
          'が',
          ' ',
          '-\n',
          '. ',
          'ไทย',
          '한국어',
          'é',
          '\ud800',
        ),
      )
      .map((p) => p.join('')),
  )
  fc.assert(
    fc.property(text, fc.constantFrom('en', 'fr', 'ja', 'ko', 'und'), (own, language) => {
      const tokens = analyser.tokens(own, language)
      const { counts, length } = termCounts(analyser, own, language)
      const expected = new Map<string, number>()
      for (const token of tokens)
        for (const term of [...token.terms, ...token.parts])
          expected.set(term, (expected.get(term) ?? 0) + 1)
      expect(new Map([...counts].sort())).toEqual(new Map([...expected].sort()))
      expect(length).toBe(tokens.filter((token) => !token.isExtra).length)
      for (const { start, end } of tokens) expect(own.slice(start, end).length).toBe(end - start)
    }),
  )
})

test('folding is done once and for all', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const folded = foldWord(text.normalize('NFKC').toLowerCase())
      expect(foldWord(folded)).toBe(folded)
    }),
  )
})

test('a word is cut to 64 units, however long it is', () => {
  const [token] = analyser.tokens('x'.repeat(1_000_000), 'und')
  expect(token?.terms).toEqual(['x'.repeat(64)])
})

test('a phrase is found wherever its words follow each other, and nowhere else', () => {
  const classes = createCharacterClasses()
  const word = fc.constantFrom('art', 'Of', 'THE', 'état', 'state', 'l’eau', '図書館', 'x')
  const gap = fc.constantFrom(' ', '\n', ' — ', ', ', '  “')
  fc.assert(
    fc.property(
      fc.array(fc.tuple(word, gap), { maxLength: 12 }),
      fc.array(word, { minLength: 1, maxLength: 3 }),
      (pieces, phrase) => {
        const text = pieces.flat().join('')
        const words = analyser.plainWords(phrase.join(' '))
        const all = analyser.plainWords(text)
        const isThere = all.some((_, at) => words.every((own, i) => all[at + i] === own))
        const places = new PhraseMatcher(words, classes).places(text, 5)
        expect(places.length > 0).toBe(isThere)
        for (const { start, end } of places)
          expect(analyser.plainWords(text.slice(start, end))).toEqual(words)
      },
    ),
  )
})
