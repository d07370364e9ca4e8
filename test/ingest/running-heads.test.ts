/** Running heads and page numbers: left out of passages where page after page shows them, and nothing else is. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '../../bench/lib/random.ts'
import { extractPlainText } from '../../src/ingest/extract/plain-text.ts'
import type { MarkedPage } from '../../src/ingest/extraction.ts'
import { createPassager } from '../../src/ingest/passages.ts'
import { createRunningHeads } from '../../src/ingest/running-heads.ts'
import { allPages, inputOf } from '../fixtures/source.ts'

const words = 'harbour lantern orchard river window archive ladder meadow compass kettle'.split(' ')

/** Text of a page that is like no other's. */
function prose(page: number, lines = 6): string {
  const random = seededRandom(page)
  const word = (): string => words[Math.floor(random() * words.length)] ?? ''
  return Array.from(
    { length: lines },
    () => `A ${Array.from({ length: 8 }, word).join(' ')}.`,
  ).join('\n')
}

function printed(texts: readonly string[]): MarkedPage[] {
  return texts.map((text, at) => ({
    number: at + 1,
    label: null,
    text,
    headings: [],
    wholes: [],
    isPrinted: true,
  }))
}

function bodies(pages: readonly MarkedPage[]): string[] {
  const heads = createRunningHeads()
  return [...pages.flatMap((page) => heads.push(page)), ...heads.end()].map(({ page, body }) =>
    page.text.slice(body.start, body.end).trim(),
  )
}

function roman(value: number): string {
  const digits: [number, string][] = [
    [10, 'x'],
    [9, 'ix'],
    [5, 'v'],
    [4, 'iv'],
    [1, 'i'],
  ]
  for (const [worth, digit] of digits) if (value >= worth) return digit + roman(value - worth)
  return ''
}

const count = 14
const layouts: [string, (page: number) => [head: string, foot: string]][] = [
  ['a head and a number below', (page) => ['The Compass', String(page + 8)]],
  ['numbers with dashes', (page) => ['', `– ${page} –`]],
  ['roman numbers', (page) => ['', roman(page + 1)]],
  ['numbers of all pages', (page) => ['Report 2025', `Page ${page} of 14`]],
  ['numbers beside the head', (page) => [`${page + 100}  THE COMPASS`, '']],
  [
    'heads of left and right pages',
    (page) => [page % 2 ? `CHAPTER ONE  ${page}` : `${page}  THE COMPASS`, ''],
  ],
  ['two lines above', (page) => [`Proof of 3 May\nThe Compass`, String(page)]],
  ['Japanese', (page) => ['羅針盤の話', `${page} ページ`]],
]

test.each(layouts)('%s: left out, and nothing of the text with it', (_, layout) => {
  const texts = Array.from({ length: count }, (__, at) => {
    const [head, foot] = layout(at + 1)
    return [head, prose(at + 1), foot].filter(Boolean).join('\n')
  })
  expect(bodies(printed(texts))).toEqual(texts.map((___, at) => prose(at + 1)))
})

test('a head changes with its chapter, and a chapter’s first page may have none', () => {
  const texts = Array.from({ length: 24 }, (_, at) => {
    const page = at + 1
    const head = page % 8 === 1 ? '' : `Chapter ${Math.ceil(page / 8)}: ${words[at >> 3]}`
    return [head, prose(page), String(page)].filter(Boolean).join('\n')
  })
  expect(bodies(printed(texts))).toEqual(texts.map((_, at) => prose(at + 1)))
})

test('a section of one page has its head where the others have theirs', () => {
  const titles = ['AREA', 'AREA', 'AREA', 'WEIGHT', 'LENGTH', 'LENGTH', 'LENGTH']
  const texts = titles.map((title, at) => `${at + 31}  ${title}\n${prose(at)}`)
  expect(bodies(printed(texts))).toEqual(titles.map((_, at) => prose(at)))
})

test('what only resembles a head stays', () => {
  const numbered = Array.from({ length: 9 }, (_, at) => `${at + 1}. ${prose(at)}`)
  expect(bodies(printed(numbered))).toEqual(numbered)
  const slides = ['Motivation', 'Motivation', 'Motivation', 'Method', 'Method', 'Results'].map(
    (title, at) => `${title}\n${prose(at)}`,
  )
  expect(bodies(printed(slides))).toEqual(slides)
  const prices = Array.from({ length: 9 }, (_, at) =>
    Array.from({ length: 30 }, (__, row) => `Item ${row * 37 + at * 91} costs ${row * at * 13}`),
  ).map((rows) => rows.join('\n'))
  expect(bodies(printed(prices))).toEqual(prices)
  const few = ['The Compass', 'The Compass'].map((head, at) => `${head}\n${prose(at)}`)
  expect(bodies(printed(few))).toEqual(few)
})

test('pages that were not laid out for paper are not looked at', () => {
  const texts = Array.from({ length: 9 }, (_, at) => `The same line\n${prose(at)}`)
  const pages = printed(texts).map((page) => ({ ...page, isPrinted: false }))
  expect(bodies(pages)).toEqual(texts)
})

test('a page of nothing but its number has no text; one of nothing but its head keeps it', () => {
  const texts = Array.from({ length: 12 }, (_, at) => `The Compass\n${prose(at)}\n${at + 1}`)
  texts[5] = '6'
  texts[8] = 'The Compass\n9'
  const found = bodies(printed(texts))
  expect(found[5]).toBe('')
  expect(found[8]).toBe('The Compass\n9')
  expect(found[9]).toBe(prose(9))
})

test('text with form feeds has a printer’s pages', async () => {
  const text = Array.from(
    { length: 8 },
    (_, at) => `RFC 9999   Compasses   May 2026\n\n${prose(at)}\n\nSmith   [Page ${at + 1}]\n`,
  ).join('\f')
  const pages = await allPages(await extractPlainText(inputOf(Buffer.from(text))))
  expect(bodies(pages)).toEqual(Array.from({ length: 8 }, (_, at) => prose(at)))
})

test('pages come out once, in order, with a part of their own text, soon after they went in', () => {
  const line = fc.oneof(
    fc.constantFrom('Head', '1', '12', 'iv', '', 'Page 3', '- 4 -', '官報'),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  )
  const text = fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n').toWellFormed())
  fc.assert(
    fc.property(fc.array(text, { maxLength: 40 }), (texts) => {
      const heads = createRunningHeads()
      const passager = createPassager(() => 'en')
      const pages = printed(texts)
      let told = 0
      const check = (out: ReturnType<typeof heads.push>): void => {
        for (const { page, body } of out) {
          expect(page.number).toBe(++told)
          expect(body.start).toBeGreaterThanOrEqual(0)
          expect(body.end).toBeGreaterThanOrEqual(body.start)
          expect(body.end).toBeLessThanOrEqual(page.text.length)
          for (const { text: cut, spans } of passager.push(page, body))
            for (const { page: number, start, end, at } of spans)
              expect(cut.slice(at, at + end - start)).toBe(
                pages[number - 1]?.text.slice(start, end),
              )
        }
      }
      for (const page of pages) {
        check(heads.push(page))
        expect(page.number - told).toBeLessThanOrEqual(12)
      }
      check(heads.end())
      expect(told).toBe(texts.length)
    }),
  )
})

test('few pages are held back, and fewer long ones', () => {
  const heads = createRunningHeads()
  const long = 'word '.repeat(100_000)
  let told = 0
  for (const page of printed(Array.from({ length: 20 }, () => long))) {
    told += heads.push(page).length
    expect(page.number - told).toBeLessThanOrEqual(2)
  }
})
