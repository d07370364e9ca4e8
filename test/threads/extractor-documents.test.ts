/** Real documents, good and bad, end as a person would expect; skipped with a word where there are none. */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { detectMediaType, headBytes } from '../../src/ingest/media-type.ts'
import { createExtractorPool } from '../../src/threads/extractor-pool.ts'
import { testData } from '../helpers.ts'

const folder = testData('docs')
const pool = createExtractorPool({
  sizeMax: 2,
  memoryBytesMax: 768 * 2 ** 20,
  cpuMsMax: 60_000,
  silenceMsMax: 60_000,
  charactersMax: 50_000_000,
  pagesMax: 10_000,
  idleMs: 60_000,
})
afterAll(() => pool.close())

/** Text of a document and its summary, or the failure. */
async function read(path: string) {
  const fd = openSync(path, 'r')
  const pages: string[] = []
  try {
    const head = Buffer.alloc(headBytes)
    const bytes = readSync(fd, head, 0, headBytes, 0)
    const type = await detectMediaType(head.subarray(0, bytes), basename(path))
    const summary = await pool.extract({
      fd,
      mediaType: type?.mediaType ?? 'unknown',
      filename: basename(path),
      onBatch: async (batch) => void pages.push(...batch.pages.map(({ text }) => text)),
    })
    return { pages, summary, code: 'ok' }
  } catch (error) {
    return { pages, summary: undefined, code: (error as { code?: string }).code ?? String(error) }
  } finally {
    closeSync(fd)
  }
}

test.skipIf(folder === undefined).each([
  ['freeculture-352p.pdf', 352, 'en', 'Rise of the Creative Class'],
  ['uber-10k-307p.pdf', 307, 'en', 'Section 13 or 15(d)'],
  ['i1040nr-multicol-50p.pdf', 50, 'en', 'change status between nonresident'],
  ['prefilled-f1040-form.pdf', 2, 'en', 'foobar'],
  ['naacl06-2col-8p.pdf', 8, 'en', 'Unrestricted Relation Discovery'],
  ['geotopo-german-math-117p.pdf', 117, 'de', 'Einführung in die Geometrie und Topologie'],
  ['pdflatex-outline.pdf', 4, 'en', 'Foo'],
  ['french-diacritics.pdf', 1, 'und', 'à À â Â'],
  ['rotated-pages.pdf', 2, 'en', 'landscape'],
  ['ja-slides-31p.pdf', 31, 'ja', '固有表現の発見'],
  ['ja-gazette-kampo.pdf', 1, 'zh', '官報'],
  ['ja-sjis-noembed.pdf', 1, 'ja', 'あいうえお'],
  ['ja-90ms-rksj.pdf', 1, 'ja', '日本語テスト'],
  ['zh-contents.pdf', 1, 'zh', '关于红军作战的原则'],
  ['zh-multi-page.pdf', 1, 'zh', '知识库'],
  ['he-word365.pdf', 1, 'he', 'שלום'],
  ['habibi-arabic.pdf', 1, 'ar', 'حَبيبي'],
  ['th-fpdf.pdf', 1, 'th', 'ตั้งฉากกับระนาบ'],
  ['repair-xref-missing.pdf', 1, 'en', 'Reduced test-case'],
  ['anserini-start-here.md', 13, 'en', 'a springboard for additional explorations'],
  ['wycheproof-jwc.md', 6, 'en', 'JSON'],
  ['aristotle.txt', 28, 'en', 'Nicomachean Ethics'],
])('%s', async (file, count, language, phrase) => {
  const { pages, summary } = await read(join(folder ?? '', 'good', file))
  expect(summary).toMatchObject({ pages: count, language })
  expect(pages.join('\n').replace(/\s+/g, ' ').includes(phrase)).toBe(true)
})

const expected: Readonly<Record<string, string>> = {
  'scan-form-2p.pdf': 'no_text',
  'empty-page.pdf': 'no_text',
  'encrypted-rc4-40.pdf': 'password_required',
  'encrypted-aes-128.pdf': 'password_required',
  'encrypted-aes-256-r6.pdf': 'password_required',
  'encrypted-saslprep.pdf': 'password_required',
  'bug1020226.pdf': 'damaged',
  'bug1250079.pdf': 'damaged',
  'issue9105_other.pdf': 'damaged',
  'poppler-742-0-fuzzed.pdf': 'damaged',
  'Pages-tree-refs.pdf': 'damaged',
}
const bad = folder ? readdirSync(join(folder, 'bad')).filter((name) => name.endsWith('.pdf')) : []

test.skipIf(bad.length === 0).each(bad.length > 0 ? bad : ['(no test data)'])(
  '%s',
  async (file) => {
    const { code } = await read(join(folder ?? '', 'bad', file))
    const exact = expected[file]
    if (exact) expect(code).toBe(exact)
    else expect(code).toMatch(/^(?:ok|no_text|damaged|out_of_memory)$/)
  },
)
