/** Passages: verbatim, complete, of bounded size, and under the right heading. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PassageDraft } from '../../src/ingest/contract.ts'
import type { Heading, MarkedPage, TextRange } from '../../src/ingest/extraction.ts'
import { createPassager } from '../../src/ingest/passages.ts'
import { estimateTokens } from '../../src/ingest/tokens.ts'

function page(
  number: number,
  text: string,
  marks: { headings?: Heading[]; wholes?: TextRange[] } = {},
): MarkedPage {
  return { number, label: null, text, headings: [], wholes: [], ...marks }
}

function cut(pages: readonly MarkedPage[]): PassageDraft[] {
  const passager = createPassager(() => 'en')
  return [...pages.flatMap((each) => passager.push(each)), ...passager.end()]
}

const sentence = 'The quick brown fox jumps over the lazy dog near the old mill. '
const paragraph = sentence.repeat(6).trim()

const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'word',
        'Another',
        'sentence.',
        '\n\n',
        '\n',
        ' ',
        '- item',
        '。',
        '関係',
        'ไทย',
        '🙂',
        '   ',
      ),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constant('x'.repeat(900)),
      fc.constant(paragraph),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(' ').toWellFormed())

const anyPages = fc.array(anyText, { minLength: 1, maxLength: 6 }).chain((texts) =>
  fc.tuple(
    ...texts.map((text, index) =>
      fc.uniqueArray(fc.nat(text.length), { maxLength: 3 }).map((places) =>
        page(index + 1, text, {
          headings: places
            .filter((at) => text.slice(at).isWellFormed())
            .sort((a, b) => a - b)
            .map((at, i) => ({ at, level: 1 + (at % 3), title: `Heading ${index}.${i}` })),
        }),
      ),
    ),
  ),
)

test('every span is a verbatim slice of its page, and together they are the passage', () => {
  fc.assert(
    fc.property(anyPages, (pages) => {
      for (const { text, spans } of cut(pages)) {
        let end = 0
        for (const span of spans) {
          const slice = pages[span.page - 1]?.text.slice(span.start, span.end)
          expect(text.slice(span.at, span.at + span.end - span.start)).toBe(slice)
          expect(text.slice(end, span.at).trim()).toBe('')
          end = span.at + span.end - span.start
        }
        expect(end).toBe(text.length)
      }
    }),
  )
})

test('no text is lost between pages and passages but white space', () => {
  fc.assert(
    fc.property(anyPages, (pages) => {
      const covered = pages.map(({ text }) => new Uint8Array(text.length))
      for (const { spans } of cut(pages))
        for (const { page: number, start, end } of spans) covered[number - 1]?.fill(1, start, end)
      for (const [index, { text }] of pages.entries()) {
        const lost = [...text].length > 0 ? remainder(text, covered[index]) : ''
        expect(lost.trim()).toBe('')
      }
    }),
  )
})

function remainder(text: string, covered: Uint8Array | undefined): string {
  let rest = ''
  for (let i = 0; i < text.length; i++) if (!covered?.[i]) rest += text[i]
  return rest
}

test('no passage is longer than 4,000 characters or torn inside a character', () => {
  fc.assert(
    fc.property(anyPages, (pages) => {
      for (const { text } of cut(pages)) {
        expect(text.length).toBeLessThanOrEqual(4_100)
        expect(text.isWellFormed()).toBe(true)
        expect(text).not.toBe('')
      }
    }),
  )
})

test('one line without a single space is cut', () => {
  const passages = cut([page(1, 'x'.repeat(100_000))])
  expect(passages.length).toBeGreaterThan(20)
  expect(Math.max(...passages.map(({ text }) => text.length))).toBeLessThanOrEqual(4_100)
})

test('prose gives passages of about 400 tokens that overlap by a sentence or two', () => {
  const sentences = Array.from(
    { length: 200 },
    (_, i) => `Sentence number ${i} says something of its own.`,
  )
  const passages = cut([page(1, sentences.join(' '))])
  for (const { text } of passages.slice(0, -1)) {
    expect(estimateTokens(text)).toBeGreaterThan(300)
    expect(estimateTokens(text)).toBeLessThanOrEqual(400)
  }
  for (const [index, { spans }] of passages.entries()) {
    const before = passages[index - 1]?.spans[0]
    const overlap = before ? before.end - (spans[0]?.start ?? 0) : 0
    const share = before ? overlap / (before.end - before.start) : 0
    expect(share).toBeLessThan(0.16)
    if (before) expect(share).toBeGreaterThan(0.05)
  }
})

test('text that flows on over a page end is one passage with a span of each page', () => {
  const passages = cut([page(1, 'It begins on one page and'), page(2, 'ends on the next.')])
  expect(passages).toMatchObject([
    {
      text: 'It begins on one page and\nends on the next.',
      spans: [
        { page: 1, start: 0, end: 25, at: 0 },
        { page: 2, start: 0, end: 17, at: 26 },
      ],
    },
  ])
})

test('a passage stands under its headings, and never under two chapters', () => {
  const text = `One\n\n${paragraph}\n\n${paragraph}\n\nTwo\n\n${paragraph}\n\n${paragraph}`
  const second = text.indexOf('Two')
  const headings = [
    { at: 0, level: 1, title: 'One' },
    { at: second, level: 1, title: 'Two' },
  ]
  const passages = cut([page(1, text, { headings })])
  expect(passages.map(({ section, text: t }) => [section, t.slice(0, 3)])).toEqual([
    [['One'], 'One'],
    [['Two'], 'Two'],
  ])
})

test('tiny sections under one parent share a passage', () => {
  const parts = ['Book', 'A\n\nShort.', 'B\n\nShort too.', `C\n\n${paragraph}\n\n${paragraph}`]
  const text = parts.join('\n\n')
  const headings = [
    { at: 0, level: 1, title: 'Book' },
    ...['A', 'B', 'C'].map((title) => ({ at: text.indexOf(`\n${title}\n`) + 1, level: 2, title })),
  ]
  const passages = cut([page(1, text, { headings })])
  expect(passages).toHaveLength(1)
  expect(passages[0]?.section).toEqual(['Book'])
})

test('the section of an earlier page holds on the next ones', () => {
  const heading = { at: 0, level: 1, title: 'Chapter' }
  const passages = cut([
    page(1, paragraph, { headings: [heading] }),
    page(2, paragraph),
    page(3, paragraph),
  ])
  for (const { section } of passages) expect(section).toEqual(['Chapter'])
})

test('a table that fits stays whole even when the passage before is nearly full', () => {
  const table = Array.from({ length: 30 }, (_, i) => `row ${i} | value ${i}. Next | more`).join(
    '\n',
  )
  const text = `${paragraph}\n\n${paragraph}\n\n${paragraph}\n\n${paragraph}\n\n${table}\n\n${paragraph}`
  const start = text.indexOf(table)
  const wholes = [{ start, end: start + table.length }]
  const passages = cut([page(1, text, { wholes })])
  expect(passages.filter(({ text: t }) => t.includes(table))).toHaveLength(1)
})

test('passages come as soon as they are complete', () => {
  const passager = createPassager(() => 'en')
  const counts = Array.from(
    { length: 20 },
    (_, i) => passager.push(page(i + 1, paragraph.repeat(3))).length,
  )
  expect(counts.slice(1).every((count) => count > 0)).toBe(true)
})

test.each([
  ['the cat sat on the mat', 6 * 1.3],
  ['日本語の文章', 6 / 1.5],
  ['', 0],
])('%j is estimated', (text, tokens) => {
  expect(estimateTokens(text)).toBeCloseTo(tokens)
})

test('a passage repeats 10 to 15 % of the one before it, from a sentence or within a long one', () => {
  const long = `${'and the brook ran on past mill and meadow '.repeat(9).trim()}.`
  for (const unit of [sentence.trim(), long.replace('and', 'And'), 'Short one here.']) {
    const text = Array.from({ length: 400 }, (_, at) => `${unit} ${at}`).join('\n\n')
    const passages = cut([page(1, text)])
    expect(passages.length).toBeGreaterThan(4)
    for (const [at, { spans }] of passages.entries()) {
      const before = passages[at - 1]?.spans[0]
      const [span] = spans
      if (!before || !span) continue
      const share = (before.end - span.start) / (before.end - before.start)
      expect(share).toBeGreaterThan(0.05)
      expect(share).toBeLessThan(0.16)
    }
  }
})

test('nothing outside the body is in a passage', () => {
  const text = `Head of the page\n\n${paragraph}\n\n17`
  const one = page(1, text, { headings: [{ at: 0, level: 1, title: 'Head of the page' }] })
  const passager = createPassager(() => 'en')
  const body = { start: text.indexOf('The quick'), end: text.lastIndexOf('\n\n17') }
  const passages = [...passager.push(one, body), ...passager.end()]
  expect(passages.map((each) => each.text)).toEqual([paragraph])
  expect(passages[0]?.section).toEqual(['Head of the page'])
})
