/** Spellings and forms that are one word in their language, and pairs that must stay two. */
import { expect, test } from 'vitest'
import { createAnalyser } from '../../src/search/analysis/analyser.ts'

const analyser = createAnalyser()
const termsOf = (text: string, language: string): string[] =>
  analyser.tokens(text, language).flatMap(({ terms }) => terms)

test.each([
  // Turkish: İ is the capital of i, I that of ı; endings after an apostrophe.
  ['tr', 'IŞIK', 'ışık'],
  ['tr', 'İstanbul', 'istanbul'],
  ['tr', 'kitaplar', 'kitap'],
  ['tr', 'Türkiye’nin', 'Türkiye'],
  // Arabic: vowel signs, tatweel, alef and ya, ta marbuta, digits, the article with what leans on it.
  ['ar', 'الكِتَاب', 'الكتاب'],
  ['ar', 'كتـــاب', 'كتاب'],
  ['ar', 'أحمد', 'احمد'],
  ['ar', 'مستشفى', 'مستشفي'],
  ['ar', 'مدرسة', 'مدرسه'],
  ['ar', '١٢٣', '123'],
  ['ar', 'والكتاب', 'كتاب'],
  ['ar', 'بالكتاب', 'الكتاب'],
  ['ar', 'للكتاب', 'كتاب'],
  ['fa', 'کتاب', 'كتاب'],
  // Hebrew: points.
  ['he', 'שָׁלוֹם', 'שלום'],
  // Greek: accents, capitals, the last sigma.
  ['el', 'ΆΝΘΡΩΠΟΣ', 'άνθρωπος'],
  ['el', 'λόγος', 'λογος'],
  ['el', 'ανθρώπου', 'άνθρωπος'],
  // Hindi: the nukta, the two ways of a nasal, digits.
  ['hi', 'लड़का', 'लडका'],
  ['hi', 'हिन्दी', 'हिंदी'],
  ['hi', 'सम्बन्ध', 'संबंध'],
  ['hi', 'चाँद', 'चांद'],
  ['hi', '२०१५', '2015'],
  ['hi', 'किताबें', 'किताब'],
  // Vietnamese: where the tone stands, capitals, tones left out.
  ['vi', 'Hòa', 'Hoà'],
  ['vi', 'ĐẤT', 'đất'],
  ['vi', 'Viet', 'Việt'],
  // Romanian: cedilla and comma.
  ['ro', 'ştiinţă', 'știință'],
  ['ro', 'copiilor', 'copii'],
  ['ru', 'ёлка', 'елка'],
  ['ru', 'книгами', 'книга'],
  ['uk', 'книгами', 'книга'],
  ['de', 'Häuser', 'Haus'],
  ['de', 'Straße', 'Strasse'],
  ['es', 'canciones', 'cancion'],
  ['pl', 'łódź', 'lodz'],
])('%s: %s is %s', (language, one, other) => {
  const terms = termsOf(other, language)
  expect(termsOf(one, language).some((term) => terms.includes(term))).toBe(true)
})

test.each([
  ['ar', 'وقت', 'قت'],
  ['hi', 'अन्न', 'अंन'],
  ['hi', 'जन्म', 'जंम'],
])('%s: %s is not %s', (language, one, other) => {
  const terms = termsOf(other, language)
  expect(termsOf(one, language).some((term) => terms.includes(term))).toBe(false)
})

test.each([
  ['ru', 'сколько скольких какова каковы кому чему которых'],
  ['de', 'wessen weshalb wieviele woran'],
  ['es', 'cuántos cuáles quiénes'],
  ['el', 'πόσοι ποιους γιατί'],
  ['ro', 'câți cărui'],
  ['tr', 'kaç hangisi nereden'],
  ['ar', 'كيف لماذا الذي'],
  ['hi', 'कितने किसने कैसे'],
  ['vi', 'bao nhiêu mấy đâu'],
])('%s: question words are stop words in every form', (language, words) => {
  for (const word of words.split(' '))
    expect([word, analyser.isStopWord(word, language)]).toEqual([word, true])
})
