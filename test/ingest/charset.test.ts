/** Text files in every charset people still have, and what is no text. */
import iconv from 'iconv-lite'
import { expect, test } from 'vitest'
import { decodeText, detectCharset } from '../../src/ingest/charset.ts'
import { extractPlainText } from '../../src/ingest/extract/plain-text.ts'
import { detectMediaType } from '../../src/ingest/media-type.ts'
import { writePdf } from '../fixtures/pdf.ts'
import { allPages, inputOf, sourceOf } from '../fixtures/source.ts'

const samples: Record<string, string> = {
  en: 'It was “only” a café — nothing more. We sat there for an hour and watched the street. ',
  fr: 'Les élèves étudient à la bibliothèque, où ils ont déjà passé l’été à lire. Ça leur plaît. ',
  de: 'Über den großen Fluß führte früher eine schöne Brücke; heute fährt dort nur noch die Fähre. ',
  ru: 'В тот день библиотека была открыта до вечера, и в читальном зале сидело много людей. ',
  ja: 'その日は図書館が夜まで開いていて、閲覧室には大勢の人が座っていました。',
  zh: '那天图书馆一直开到晚上,阅览室里坐着很多人,大家都在安静地看书。',
  tw: '那天圖書館一直開到晚上,閱覽室裡坐著很多人,大家都在安靜地看書。',
  ko: '그날 도서관은 저녁까지 열려 있었고 열람실에는 많은 사람들이 앉아 있었다. ',
  pl: 'Tego dnia biblioteka była otwarta do późna, a w czytelni siedziało dużo ludzi, którzy czytali książki. ',
  el: 'Εκείνη την ημέρα η βιβλιοθήκη ήταν ανοιχτή μέχρι το βράδυ και πολλοί άνθρωποι διάβαζαν. ',
  th: 'วันนั้นห้องสมุดเปิดจนถึงเย็น และมีผู้คนมากมายนั่งอยู่ในห้องอ่านหนังสือ ',
}

test.each([
  ['en', 'utf-8'],
  ['ja', 'utf-8'],
  ['ru', 'utf-16le'],
  ['ja', 'utf-16be'],
  ['en', 'windows-1252'],
  ['fr', 'windows-1252'],
  ['de', 'iso-8859-1'],
  ['ru', 'windows-1251'],
  ['ru', 'koi8-r'],
  ['ja', 'shift_jis'],
  ['ja', 'euc-jp'],
  ['zh', 'gb18030'],
  ['tw', 'big5'],
  ['ko', 'euc-kr'],
  ['pl', 'windows-1250'],
  ['el', 'windows-1253'],
  ['th', 'windows-874'],
])('%s in %s', async (language, charset) => {
  const text = (samples[language] ?? '').repeat(8)
  const bytes = iconv.encode(text, charset, { addBOM: charset.startsWith('utf-16') })
  expect(await detectMediaType(bytes, 'file')).toEqual({
    mediaType: 'text/plain',
    extension: 'txt',
  })
  const source = sourceOf(bytes)
  expect([...decodeText(source, detectCharset(source))].join('')).toBe(text)
})

test('UTF-16 without a mark is known by its spaces', () => {
  const bytes = iconv.encode((samples['ru'] ?? '').repeat(4), 'utf-16be')
  expect(detectCharset(sourceOf(bytes))).toBe('utf-16be')
})

test('a character cut between two pieces of a large file is whole', () => {
  const text = `${'a'.repeat(256 * 1024 - 1)}é🙂`
  const source = sourceOf(Buffer.from(text))
  expect([...decodeText(source, detectCharset(source))].join('')).toBe(text)
})

test.each([
  ['a Markdown name', Buffer.from('# Title\n'), 'notes.md', 'text/markdown'],
  [
    'a text that begins like a bitmap',
    Buffer.from('BMW makes cars.\n'.repeat(20)),
    'cars',
    'text/plain',
  ],
  ['a lying name', writePdf({ pages: [{}] }), 'book.txt', 'application/pdf'],
  [
    'a late PDF header',
    Buffer.concat([Buffer.alloc(900, '\n'), writePdf({ pages: [{}] })]),
    'a.pdf',
    'application/pdf',
  ],
  [
    'a text about PDF',
    Buffer.from('A file begins with %PDF-1.7, they say.'),
    'about.md',
    'text/markdown',
  ],
  ['JSON', Buffer.from('{"a": [1, 2, 3]}'), 'data.json', 'text/plain'],
] as const)('%s', async (_, bytes, filename, mediaType) => {
  expect(await detectMediaType(bytes, filename)).toMatchObject({ mediaType })
})

test.each([
  ['nothing', Buffer.alloc(0), 'empty.txt'],
  [
    'a picture',
    Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0', 'latin1'),
    'a.txt',
  ],
  ['zeros', Buffer.alloc(1_000), 'a.txt'],
  ['noise', Buffer.from(Array.from({ length: 4_096 }, (_, i) => (i * 7919) % 256)), 'a.txt'],
  ['other markup', Buffer.from('<?xml version="1.0"?><book>x</book>'), 'a.md'],
  ['a program', Buffer.from('\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0', 'latin1'), 'a.txt'],
])('%s is not readable', async (_, bytes, filename) => {
  expect(await detectMediaType(bytes, filename)).toBeUndefined()
})

test('plain text has a title, pages and a word about a guessed charset', async () => {
  const bytes = iconv.encode(
    'Ein schöner Titel\r\n\r\nErste Seite für alle.\fZweite Seite.',
    'latin1',
  )
  const extraction = await extractPlainText(inputOf(bytes))
  const pages = await allPages(extraction)
  expect(pages.map(({ number, text }) => [number, text])).toEqual([
    [1, 'Ein schöner Titel\n\nErste Seite für alle.'],
    [2, 'Zweite Seite.'],
  ])
  expect(extraction.end()).toMatchObject({
    title: 'Ein schöner Titel',
    warnings: [expect.stringContaining('windows-1252')],
  })
})

test('one line of twenty megabytes becomes pages', async () => {
  const bytes = Buffer.alloc(20_000_000, 'word ')
  const pages = await allPages(await extractPlainText(inputOf(bytes, { charactersMax: 1e9 })))
  expect(pages.length).toBeGreaterThan(6_000)
})

test('more text than allowed is refused', async () => {
  const read = extractPlainText(inputOf(Buffer.alloc(20_000, 'word '), { charactersMax: 10_000 }))
  const error = await read.then(allPages).catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'too_much_text' })
})

test('an archive is one, whatever its name says', async () => {
  const bytes = Buffer.from('PK\x03\x04\x14\0\0\0\x08\0', 'latin1')
  expect(await detectMediaType(bytes, 'a.txt')).toMatchObject({ mediaType: 'application/zip' })
})
