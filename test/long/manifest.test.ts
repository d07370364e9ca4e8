/** Every file of the shared set ends as its manifest says: the good ones found where they say it, the bad ones with their reason. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client, type HitAnswer } from '../../bench/lib/client.ts'
import { type RunningServer, startServer } from '../../bench/lib/server.ts'
import { keptDirectory, testData } from '../helpers.ts'

const isLong = process.env['CARREL_LONG'] === '1'
const data = testData('docs')
const why = !isLong
  ? 'skipped: part of `npm run test:long`'
  : data === undefined
    ? 'skipped: no test data (CARREL_TEST_DATA)'
    : ''

interface Place {
  readonly phrase: string
  readonly page?: number
  /** A heading above it. */
  readonly section?: string
}

/** Files, phrases, and where they stand; pages as pdftotext counts them. Without a place: a page or chapter of one. */
const good: Readonly<Record<string, Place>> = {
  'annotated.pdf': { phrase: 'Some text', page: 1 },
  'anserini-start-here.md': { phrase: 'a springboard for additional explorations' },
  'aristotle.txt': { phrase: 'Nicomachean Ethics' },
  'encrypted-base-plain.pdf': { phrase: 'Secret', page: 1 },
  'epub2-minimal.epub': { phrase: 'Call me Ishmael', section: 'Loomings' },
  'epub30-spec.epub': { phrase: 'The meta Element', section: 'The meta Element' },
  'epubcheck-preview.docx': { phrase: 'Rationalized messages and message output control' },
  'freeculture-352p.pdf': { phrase: 'the first practical technology for', page: 45 },
  'french-diacritics.pdf': { phrase: 'ç Ç é É è È', page: 1 },
  'georgia-cfi.epub': { phrase: 'divided into five physiographic zones', section: 'GEORGIA' },
  'geotopo-german-math-117p.pdf': { phrase: 'Einführung in die Geometrie und Topologie', page: 1 },
  'google-doc.pdf': { phrase: 'Beautiful is better than ugly', page: 1 },
  'habibi-arabic.pdf': { phrase: 'حبيبي', page: 1 },
  'he-word365.pdf': { phrase: 'שלום', page: 1 },
  'hefty-water.epub': { phrase: 'Hefty Water' },
  'i1040nr-multicol-50p.pdf': { phrase: 'change status between nonresident', page: 5 },
  'israelsailing-hebrew.epub': { phrase: 'מפליגים בישראל' },
  'ja-90ms-rksj.pdf': { phrase: '日本語テスト', page: 1 },
  'ja-gazette-kampo.pdf': { phrase: '官報', page: 1 },
  'ja-sjis-noembed.pdf': { phrase: 'あいうえお', page: 1 },
  'ja-slides-31p.pdf': { phrase: '固有表現の発見', page: 1 },
  'moby-dick.epub': { phrase: 'Call me Ishmael', section: 'Chapter 1. Loomings.' },
  'mymedia-lite-japanese.epub': { phrase: 'ガリ版' },
  'naacl06-2col-8p.pdf': { phrase: 'takes a syntactic tree', page: 3 },
  'pdfkit-wkhtml.pdf': { phrase: 'Foo', page: 1 },
  'pdflatex-forms.pdf': { phrase: 'Submit', page: 1 },
  'pdflatex-outline.pdf': { phrase: 'Hello, here is some text', page: 2, section: 'Foo' },
  'prefilled-f1040-form.pdf': { phrase: 'foobar', page: 2 },
  'repair-xref-missing.pdf': { phrase: 'Reduced test-case', page: 1 },
  'rotated-pages.pdf': { phrase: 'It will have a landscape layout', page: 2 },
  'tamreview-htmldoc-23p.pdf': { phrase: 'Technology Acceptance Model', page: 1 },
  'tardigrades.html': { phrase: 'water bears' },
  'th-fpdf.pdf': { phrase: 'ตั้งฉากกับระนาบ', page: 1 },
  'uber-10k-307p.pdf': { phrase: '100% ownership interest in Tupelo Parent', page: 54 },
  'wasteland-obfuscated-fonts.epub': { phrase: 'April is the cruellest month' },
  'wycheproof-jwc.md': { phrase: 'JSON' },
  'zh-contents.pdf': { phrase: '关于红军作战的原则', page: 1 },
  'zh-multi-page.pdf': { phrase: '知识库', page: 1 },
}

/** Status or code of the failure, and words of its sentence; where several ends are right, any of them. */
const bad: Readonly<Record<string, RegExp>> = {
  'Brotli-Prototype-FileA.pdf': /^(ready|damaged)/,
  'ContentStreamCycleType3insideType3.pdf': /^(ready|no_text)/,
  'PDFBOX-4352-0.pdf': /^(ready|no_text|damaged)/,
  'Pages-tree-refs.pdf': /^(damaged|no_text)/,
  'bomb_giant.pdf': /^ready/,
  'bug1020226.pdf': /^damaged: This PDF is damaged/,
  'bug1250079.pdf': /^damaged: This PDF is damaged/,
  'content-utf16.xhtml': /^ready/,
  'empty-page.pdf': /^no_text: There is no text/,
  'encrypted-aes-128.pdf': /^password_required: A password is needed/,
  'encrypted-aes-256-r6.pdf': /^password_required: A password is needed/,
  'encrypted-rc4-40.pdf': /^password_required: A password is needed/,
  'encrypted-saslprep.pdf': /^password_required: A password is needed/,
  'evil-xobjects.pdf': /^(ready|no_text|out_of)/,
  'haruko-images-only.epub': /^no_text: There is no text/,
  'issue15590.pdf': /^(ready|no_text)/,
  'issue9105_other.pdf': /^damaged: This PDF is damaged/,
  'ocf-container-not-ocf-error.epub': /not a valid EPUB/,
  'ocf-filename-character-forbidden-error.epub': /^(ready|damaged|no_text)/,
  'ocf-filename-duplicate-after-full-case-folding-error.epub': /^(ready|no_text)/,
  'ocf-filename-duplicate-zip-entry-error.epub': /^(ready|damaged)/,
  'ocf-package-document-missing-fatal.epub': /not a valid EPUB/,
  'ocf-url-leaking-in-opf-error.epub': /^(ready|damaged)/,
  'ocf-zip-unreadable-image-with-epub-extension-fatal.epub': /not a valid EPUB/,
  'package-manifest-item-missing-error.epub': /^(ready|damaged)/,
  'poppler-67295-0.pdf': /^(ready|no_text|damaged)/,
  'poppler-742-0-fuzzed.pdf': /^damaged: This PDF is damaged/,
  'poppler-90-0-fuzzed.pdf': /^(ready|no_text|damaged)/,
  'scan-form-2p.pdf': /^no_text: There is no text on any of its 2 pages/,
  'unreadablemetadata.pdf': /^(ready|damaged)/,
}

describe.skipIf(why !== '')(`the manifest ${why}`, () => {
  let server: RunningServer
  let client: Client

  beforeAll(async () => {
    server = await startServer(keptDirectory(), {})
    client = new Client(server.url)
  })
  afterAll(async () => {
    await server.stop()
  })

  /** Uploads a file and waits for its end. @returns its id, and its end as one line */
  async function bring(folder: string, file: string): Promise<{ id: string; end: string }> {
    const bytes = readFileSync(join(data ?? '', folder, file))
    const form = new FormData()
    form.append('file', new Blob([new Uint8Array(bytes)]), file)
    const { status, body } = await client.request<{
      documents?: { id: string }[]
      detail?: string
    }>('POST', '/v1/documents', form)
    const id = body.documents?.[0]?.id
    const document = id === undefined ? undefined : await client.settled(id)
    const { error } = document ?? {}
    const end = document
      ? error
        ? `${error.code}: ${error.detail}`
        : document.status
      : `${status}: ${body.detail}`
    return { id: id ?? '', end }
  }

  test('the tables name every file', () => {
    expect(Object.keys(good).toSorted()).toEqual(readdirSync(join(data ?? '', 'good')).toSorted())
    expect(Object.keys(bad).toSorted()).toEqual(readdirSync(join(data ?? '', 'bad')).toSorted())
  })

  test.each(Object.entries(good))('%s', { timeout: 120_000 }, async (file, place) => {
    const { id, end } = await bring('good', file)
    expect(end).toBe('ready')
    const hits = await client.search(`"${place.phrase}"`, 50)
    const own = hits.filter((hit) => hit.document_id === id)
    expect(
      own.some((hit) => isThere(hit, place)),
      JSON.stringify(own.map(whereOf)),
    ).toBe(true)
    for (const hit of own.slice(0, 5)) await checkOffsets(hit)
  })

  /** A citation can be highlighted: its offsets lead to its own words in the text of its page. */
  async function checkOffsets(hit: HitAnswer): Promise<void> {
    const { body } = await client.request<{ text: string; label: string | null }>(
      'GET',
      `/v1/documents/${hit.document_id}/pages/${hit.page}`,
    )
    expect(hit.page_label).toBe(body.label)
    expect(hit.start).toBeLessThan(hit.end)
    expect(hit.text).toContain(body.text.slice(hit.start, hit.end))
  }

  test.each(Object.entries(bad))('%s', { timeout: 120_000 }, async (file, expected) => {
    const { end } = await bring('bad', file)
    expect(end).toMatch(expected)
    expect((await client.request('GET', '/healthz')).status).toBe(200)
  })

  test('running heads of the book are in the passages of few of its 352 pages', async () => {
    const heads = ['4TH PASS PAGES', 'free-culture.org/get-it', 'qxd']
    const documents = await client.documents()
    const book = documents.find((document) => document.filename.startsWith('freeculture'))
    for (const head of heads) {
      const hits = await client.search(`"${head}"`, 100)
      const left = hits.filter((hit) => hit.document_id === book?.id && hit.text.includes(head))
      expect(left.length, head).toBeLessThan(25)
    }
  })
})

function isThere(hit: HitAnswer, { page, section }: Place): boolean {
  return (
    (page === undefined || hit.page === page) &&
    (section === undefined || hit.section.some((title) => title.includes(section)))
  )
}

function whereOf({ page, section }: HitAnswer): unknown {
  return { page, section }
}
