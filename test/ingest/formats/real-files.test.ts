/** The shared test documents, through a reader process as the server runs it. */
import { closeSync, openSync, readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import type { ExtractBatch, ExtractFailureCode } from '../../../src/ingest/contract.ts'
import { detectMediaType, headBytes } from '../../../src/ingest/media-type.ts'
import { createExtractorPool } from '../../../src/threads/extractor-pool.ts'
import { testData } from '../../helpers.ts'

const folder = testData('docs')
const pool = createExtractorPool({
  sizeMax: 1,
  memoryBytesMax: 600 * 2 ** 20,
  cpuMsMax: 60_000,
  silenceMsMax: 60_000,
  charactersMax: 50_000_000,
  pagesMax: 20_000,
  idleMs: 60_000,
})
afterAll(() => pool.close())

async function read(name: string) {
  const path = `${folder}/${name}`
  const type = await detectMediaType(readFileSync(path).subarray(0, headBytes), name)
  if (!type) return { type, summary: undefined, batches: [] }
  const fd = openSync(path, 'r')
  const batches: ExtractBatch[] = []
  try {
    const summary = await pool.extract({
      fd,
      mediaType: type.mediaType,
      filename: name,
      onBatch: async (batch) => void batches.push(batch),
    })
    return { type, summary, batches }
  } finally {
    closeSync(fd)
  }
}

/** Name, expected text, the section it stands in, language, a title of the outline. */
const good: [string, string, string | undefined, string, string | undefined][] = [
  [
    'moby-dick.epub',
    'Call me Ishmael',
    'Chapter 1. Loomings.',
    'en',
    'Chapter 42. The Whiteness of The Whale.',
  ],
  [
    'georgia-cfi.epub',
    'divided into five physiographic zones',
    'GEORGIA',
    'en',
    'Climate and Soils',
  ],
  [
    'wasteland-obfuscated-fonts.epub',
    'April is the cruellest month',
    undefined,
    'en',
    'IV. DEATH BY WATER',
  ],
  ['israelsailing-hebrew.epub', 'הזמנה להפלגה לעכו', undefined, 'he', 'הזמנה להפלגה לעכו'],
  ['mymedia-lite-japanese.epub', 'ガリ版', undefined, 'ja', undefined],
  ['epub30-spec.epub', 'The meta Element', undefined, 'en', '3. Global Language Support'],
  ['hefty-water.epub', 'Hefty Water', undefined, 'en', undefined],
  ['epub2-minimal.epub', '', undefined, 'en', undefined],
  [
    'epubcheck-preview.docx',
    'Rationalized messages and message output control',
    undefined,
    'en',
    '4. JSON File Structure',
  ],
  ['tardigrades.html', 'Johann August Ephraim Goeze', undefined, 'en', 'Taxonomy'],
]

test.skipIf(!folder).each(good)('%s is read', async (name, text, section, language, title) => {
  const { summary, batches } = await read(`good/${name}`)
  const passages = batches.flatMap((batch) => batch.passages)
  const found = passages.filter((passage) => passage.text.includes(text))
  expect(found.length).toBeGreaterThan(0)
  if (section) expect(found.map((passage) => passage.section.at(-1))).toContain(section)
  expect(summary?.language).toBe(language)
  if (title) expect(summary?.outline.map((entry) => entry.title)).toContain(title)
  for (const page of batches.flatMap((batch) => batch.pages))
    expect(page.text.length).toBeLessThanOrEqual(6_500)
})

test.skipIf(!folder)('a saved page has no text of its scripts and styles', async () => {
  const { batches } = await read('good/tardigrades.html')
  const text = batches.flatMap((batch) => batch.pages.map((page) => page.text)).join('\n')
  expect(text).not.toMatch(/function\s*\(|mw-parser-output|\{\s*display:|\[edit\]/)
})

test.skipIf(!folder)('a title that stands in the metadata alone is the title', async () => {
  const { summary } = await read('good/israelsailing-hebrew.epub')
  expect(summary?.title).toBe('מפליגים בישראל')
})

test.skipIf(!folder)('printed pages of a book have their labels', async () => {
  const { batches } = await read('good/georgia-cfi.epub')
  const labels = batches.flatMap((batch) => batch.pages).map(({ label }) => label)
  expect([...new Set(labels)]).toEqual([null, '752', '753', '754', '755', '756', '757', '758'])
})

test.skipIf(!folder).each([
  ['haruko-images-only.epub', 'no_text'],
  ['ocf-container-not-ocf-error.epub', 'damaged'],
  ['ocf-package-document-missing-fatal.epub', 'damaged'],
  ['ocf-url-leaking-in-opf-error.epub', 'damaged'],
] as [string, ExtractFailureCode][])('%s ends with %s', async (name, code) => {
  await expect(read(`bad/${name}`)).rejects.toMatchObject({ code })
})

test
  .skipIf(!folder)
  .each([
    'ocf-filename-duplicate-zip-entry-error.epub',
    'ocf-filename-character-forbidden-error.epub',
    'ocf-filename-duplicate-after-full-case-folding-error.epub',
    'package-manifest-item-missing-error.epub',
    'content-utf16.xhtml',
  ])('%s is read as far as it goes', async (name) => {
  expect((await read(`bad/${name}`)).summary?.pages).toBeGreaterThan(0)
})

test.skipIf(!folder)('a picture called a book is no book', async () => {
  const { type } = await read('bad/ocf-zip-unreadable-image-with-epub-extension-fatal.epub')
  expect(type).toBeUndefined()
})
