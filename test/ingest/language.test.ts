/** Languages of passages and documents. */
import { expect, test } from 'vitest'
import { createLanguageDetector } from '../../src/ingest/language.ts'

const detector = await createLanguageDetector()

test.each([
  ['en', 'The library was open until the evening, and many people sat in the reading room.'],
  ['de', 'Die Bibliothek war bis zum Abend geöffnet, und viele Leute saßen im Lesesaal.'],
  ['fr', 'La bibliothèque était ouverte jusqu’au soir, et beaucoup de gens lisaient.'],
  ['ru', 'Библиотека была открыта до вечера, и в читальном зале сидело много людей.'],
  ['uk', 'Бібліотека була відчинена до вечора, і в читальній залі сиділо багато людей.'],
  ['ar', 'كانت المكتبة مفتوحة حتى المساء وكان كثير من الناس يجلسون في قاعة القراءة'],
  ['ja', '図書館は夜まで開いていた'],
  ['ja', 'JSON と XML の違い'],
  ['zh', '图书馆一直开到晚上'],
  ['ko', '도서관은 저녁까지'],
  ['th', 'ห้องสมุดเปิดจนถึงเย็น'],
  ['he', 'הספרייה'],
  ['el', 'βιβλιοθήκη'],
  ['und', '12 34 + 56'],
  ['und', 'ok'],
  ['und', ''],
])('%s: %s', (language, text) => {
  const document = detector.document()
  document.detect(text)
  expect(document.main()).toBe(language)
})

test('a passage too short to tell takes the document’s language', () => {
  const document = detector.document()
  document.detect('Die Bibliothek war bis zum Abend geöffnet, und viele Leute saßen im Lesesaal.')
  expect(document.detect('S. 12')).toBe('de')
})

test('a passage in another language than its document is known by itself', () => {
  const document = detector.document()
  document.detect(
    'The library was open until the evening, and many people sat in the reading room.',
  )
  expect(
    document.detect('Une longue phrase en français, que tout le monde peut comprendre ici.'),
  ).toBe('fr')
  expect(document.main()).toBe('en')
})
