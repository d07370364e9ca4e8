/** Words as people write them: with typing errors, in several languages, in scripts without spaces. */
import { expect, test } from 'vitest'
import { TestLibrary } from './library.ts'

test('a word that the library does not have is taken for the closest one it has', () => {
  const library = new TestLibrary()
  library.add({ text: 'Libraries keep information about aerodynamics' }, { text: 'other' })
  expect(library.search('libary').corrected).toEqual([{ from: 'libary', to: 'libraries' }])
  expect(library.find('libary')).toEqual([1])
  expect(library.search('informatoin').corrected).toEqual([
    { from: 'informatoin', to: 'information' },
  ])
  expect(library.search('aerodynmaics').corrected).toEqual([
    { from: 'aerodynmaics', to: 'aerodynamics' },
  ])
  expect(library.search('other').corrected).toEqual([])
  expect(library.search('"libary"').corrected).toEqual([])
  expect(library.search('ab1234 xyz').corrected).toEqual([])
  expect(library.search('completelydifferent').corrected).toEqual([])
})

test('a library of several languages: each word once, in the stem of each passage’s language', () => {
  const library = new TestLibrary()
  library.add({ text: 'The houses of the town', language: 'en' })
  library.add({ text: 'Die Häuser der Stadt', language: 'de' })
  library.add({ text: 'Les maisons de la ville, une université', language: 'fr' })
  const languages = ['en', 'de', 'fr']
  expect(library.find('Häusern', { languages })).toEqual([2])
  expect(library.find('hauser', { languages })).toEqual([2])
  expect(library.find('universités', { languages })).toEqual([3])
  expect(library.find('universite', { languages })).toEqual([3])
  const once = library.search('house', { languages: ['en'] }).hits[0]?.score ?? 0
  expect(library.search('house', { languages }).hits[0]?.score).toBeCloseTo(once, 5)
})

test('scripts without spaces: words, parts of compounds, and phrases', () => {
  const library = new TestLibrary()
  library.add(
    { text: '攻撃力が上昇する。', language: 'ja' },
    { text: '防御を固める。', language: 'ja' },
  )
  library.add({ text: '我们在图书馆学习计算机科学。', language: 'zh' })
  library.add({ text: 'ห้องสมุดของฉันมีหนังสือ', language: 'th' })
  library.add({ text: '도서관에서 책을 읽다', language: 'ko' })
  const languages = ['ja', 'zh', 'th', 'ko']
  expect(library.find('攻撃', { languages })).toEqual([1])
  expect(library.find('計算機 图书', { languages })).toEqual([3])
  expect(library.find('"攻撃力が上昇"', { languages })).toEqual([1])
  expect(library.find('"計算"', { languages })).toEqual([])
  expect(library.find('หนังสือ', { languages })).toEqual([4])
  expect(library.find('"ของฉัน"', { languages })).toEqual([4])
  expect(library.find('도서관', { languages })).toEqual([5])
})
