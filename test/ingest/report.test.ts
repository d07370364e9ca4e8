/** The report: page by page, what was read of a document and what was not. */
import { expect, test } from 'vitest'
import type { ExtractSummary, ReadPage } from '../../src/ingest/contract.ts'
import { createExtractors } from '../../src/ingest/extract/registry.ts'
import { createLanguageDetector } from '../../src/ingest/language.ts'
import { readDocument } from '../../src/ingest/reading.ts'
import { isSuspicious } from '../../src/ingest/suspicious-text.ts'
import { column, writePdf } from '../fixtures/pdf.ts'
import { inputOf } from '../fixtures/source.ts'

const detect = await createLanguageDetector()

async function read(
  mediaType: string,
  bytes: Uint8Array,
): Promise<{ summary: ExtractSummary; pages: ReadPage[] }> {
  const pages: ReadPage[] = []
  const summary = await readDocument({
    extractors: createExtractors(),
    mediaType,
    input: inputOf(bytes),
    detect,
    onBatch: (batch) => pages.push(...batch.pages),
  })
  return { summary, pages }
}

test('a mixed document is read, and says which pages have no text', async () => {
  const texts = [
    column(['The rain went on against the tall windows of the reading room.']),
    column(['Der Regen schlug weiter gegen die hohen Fenster des Lesesaals.']),
  ]
  const pages = [...texts.map((lines) => ({ texts: lines })), { hasPicture: true }, {}]
  const { summary, pages: found } = await read('application/pdf', writePdf({ pages }))
  expect(summary.report).toEqual({
    summary: '2 of 4 pages have no text.',
    characters: 124,
    empty_pages: 2,
    empty_page_numbers: [3, 4],
    ocr_pages: 0,
    suspicious_pages: 0,
    suspicious_page_numbers: [],
    languages: [
      { language: 'en', pages: 1 },
      { language: 'de', pages: 1 },
    ],
    warnings: [],
  })
  expect(found.map(({ source, language }) => [source, language])).toEqual([
    ['text', 'en'],
    ['text', 'de'],
    ['empty', 'und'],
    ['empty', 'und'],
  ])
})

test('pages whose letters were decoded wrongly are told', async () => {
  const right = 'Où est passé le café noir que l’élève a préféré à la crème brûlée, déjà goûtée ?'
  const wrong = Buffer.from(right.repeat(3)).toString('latin1')
  const bytes = Buffer.from(`${right}\f${wrong}`)
  const { summary, pages } = await read('text/plain', bytes)
  expect(pages.map((page) => page.isSuspicious)).toEqual([false, true])
  expect(summary.report).toMatchObject({ suspicious_pages: 1, suspicious_page_numbers: [2] })
  expect(summary.report.summary).toMatch(/^2 pages, all with text\. On 1 the letters/)
})

test.each([
  ['UTF-8 read as Latin-1', Buffer.from('Ελληνικά γράμματα'.repeat(3)).toString('latin1'), true],
  ['UTF-8 read as Windows-1252', 'It’s a “test” of â€™ and â€œ and â€™ again', true],
  ['replacement characters', `${'\ufffd'.repeat(8)} some words that can be read here`, true],
  ['private use', '\ue000\ue001\ue002 some words, and then \ue003', true],
  ['glyphs without a meaning', "'  &  %  %  & ) ( $ # ! ? / < > { } ".repeat(6), true],
  ['German', 'Größe, Übermaß und Äußerungen: „schöne“ Wörter, naïve Fälle'.repeat(3), false],
  ['Portuguese capitals', 'ÃO DE AÇÃO É A NÃO CRIAÇÃO, SÃO JOÃO E CORAÇÃO, PÃES E MÃES', false],
  ['Russian', 'Рыба и чай, пожалуйста: сегодня холодно', false],
  ['a table of contents', '1.1 Topology . . . . . . . . . . . . . . . . . 12\n'.repeat(20), false],
  ['figures', '1,204.50 $ 17% (3) 2,400 | 88 | 19.5 €\n'.repeat(20), false],
  ['mathematics', 'f(x) = x² + 2x, ∀ x ∈ ℝ: ∃ y > 0 ⇒ f(y) ≤ ∑ aᵢxⁱ'.repeat(4), false],
  ['code', 'const a = { b: [1, 2], c: (d) => d * 2 } // e\n'.repeat(10), false],
  ['nothing', '', false],
])('%s', (_, text, expected) => {
  expect(isSuspicious(text)).toBe(expected)
})
