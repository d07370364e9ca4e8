/** The documents in `samples/` are what a new user sees first: they read well, with pages, labels and sections. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { extractMarkdown } from '../../src/ingest/extract/markdown.ts'
import { createPdfExtractor } from '../../src/ingest/extract/pdf.ts'
import { extractPlainText } from '../../src/ingest/extract/plain-text.ts'
import { createPassager } from '../../src/ingest/passages.ts'
import { handbookFile, writeHandbook } from '../fixtures/handbook.ts'
import { allPages, inputOf } from '../fixtures/source.ts'

function sample(name: string): Uint8Array {
  return readFileSync(new URL(`../../samples/${name}`, import.meta.url))
}

test('the handbook is what its script writes', () => {
  expect(readFileSync(handbookFile).equals(writeHandbook())).toBe(true)
})

test('the handbook has printed pages, chapters and paragraphs', async () => {
  const extraction = await createPdfExtractor()(inputOf(readFileSync(handbookFile)))
  const pages = await allPages(extraction)
  expect(pages.map(({ label }) => label)).toEqual(['i', 'ii', '1', '2', '3', '4'])
  expect(extraction.end()).toMatchObject({ title: 'Reading with a Pencil', warnings: [] })
  expect(extraction.end().outline.map(({ title, page }) => [title, page])).toEqual([
    ['Preface', 2],
    ['1 The Pencil', 3],
    ['2 Seven Signs', 4],
    ['3 The Index at the Back', 5],
    ['4 The Second Reading', 6],
  ])
  expect(pages[4]?.text.split('\n\n').map((paragraph) => paragraph.slice(0, 20))).toEqual([
    '3 The Index at the B',
    'The empty leaf at th',
    'The shelf remembers ',
    'When a book has no e',
    '3',
  ])
  const passager = createPassager(() => 'en')
  const passages = [...pages.flatMap((page) => passager.push(page)), ...passager.end()]
  const [found] = passages.filter(({ text }) => text.includes('The shelf remembers'))
  expect(found).toMatchObject({ section: ['3 The Index at the Back'], spans: [{ page: 5 }] })
})

test('the guide has a title, sections and a table', async () => {
  const extraction = await extractMarkdown(inputOf(sample('keeping-a-personal-library.md')))
  const pages = await allPages(extraction)
  expect(extraction.end().title).toBe('Keeping a Personal Library')
  expect(extraction.end().outline.map(({ title }) => title)).toContain(
    'Where a quotation comes from',
  )
  expect(pages.some(({ text }) => text.includes('paper.pdf | Lindqvist'))).toBe(true)
})

test('the story has a title and paragraphs', async () => {
  const extraction = await extractPlainText(inputOf(sample('the-lighthouse-catalogue.txt')))
  const pages = await allPages(extraction)
  expect(extraction.end().title).toBe('The Lighthouse Catalogue')
  expect(pages.flatMap(({ text }) => text.split('\n\n')).length).toBeGreaterThan(10)
})
