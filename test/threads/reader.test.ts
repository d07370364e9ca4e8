/** What a reader asks for: contents with their pages, the report by page, and citations that can be highlighted. */
import { expect, test } from 'vitest'
import type { ReadPage } from '../../src/ingest/contract.ts'
import { PageTally } from '../../src/ingest/page-tally.ts'
import { addDocument } from '../../src/library/documents.ts'
import { queueJob } from '../../src/library/jobs.ts'
import * as documents from '../../src/threads/document-operations.ts'
import * as ingest from '../../src/threads/ingest-operations.ts'
import { ShardLibrary } from './library.ts'

const text = 'HEAD\nThe harbour was empty.\n12'
const file = { filename: 'f.pdf', tags: [], mediaType: 'application/pdf', extension: 'pdf' }

function page(number: number, more: Partial<ReadPage> = {}): ReadPage {
  const read = { source: 'text', language: 'en', isSuspicious: false } as const
  return { number, label: `p${number}`, text, ...read, ...more }
}

/** Three pages, the second one empty, and a passage over the first and the third. */
function withBook(): { library: ShardLibrary; id: string } {
  const library = new ShardLibrary()
  const { app } = library.store
  const row = addDocument(app, { sha256: 'a'.repeat(64), bytes: 1, title: 'Book', ...file }, 0)
  queueJob(app, row.seq, 0)
  const job = ingest.claim(library.context, library.store, { bytesMax: null, isOldestFirst: false })
  if (!job) throw new Error('no job is due')
  const pages = [page(1), page(2, { text: '', source: 'empty', language: 'und' }), page(3)]
  const spans = [
    { page: 1, start: 5, end: 27, at: 0 },
    { page: 3, start: 5, end: 27, at: 24 },
  ]
  const sentence = 'The harbour was empty.'
  const passages = [{ section: [], text: `${sentence}\n\n${sentence}`, spans, language: 'en' }]
  const batch = { title: null, pages, passages, pagesDone: 3, pagesTotal: 3 }
  ingest.append(library.context, library.store, { job, batch })
  const tally = new PageTally()
  for (const one of pages) tally.add(one)
  const outline = [
    { title: 'One', level: 1, page: 1 },
    { title: 'Nowhere', level: 2, page: null },
    { title: 'Three', level: 1, page: 3 },
  ]
  const summary = { pages: 3, passages: 1, title: null, language: 'en', outline }
  ingest.finish(library.context, library.store, {
    job,
    summary: { ...summary, report: tally.report([]) },
  })
  return { library, id: row.id }
}

test('the contents lead to pages and their labels', () => {
  const { library, id } = withBook()
  expect(documents.contents(library.context, library.store, { id }).items).toEqual([
    { title: 'One', level: 1, page: 1, page_label: 'p1' },
    { title: 'Nowhere', level: 2, page: null, page_label: null },
    { title: 'Three', level: 1, page: 3, page_label: 'p3' },
  ])
})

test('the report comes in parts', () => {
  const { library, id } = withBook()
  const part = (cursor: string | null) =>
    documents.report(library.context, library.store, { id, limit: 2, cursor })
  const first = part(null)
  expect(first.report).toMatchObject({ empty_pages: 1, summary: '1 of 3 pages has no text.' })
  expect(first.items).toEqual([
    {
      page: 1,
      label: 'p1',
      characters: text.length,
      source: 'text',
      language: 'en',
      is_suspicious: false,
    },
    {
      page: 2,
      label: 'p2',
      characters: 0,
      source: 'empty',
      language: 'und',
      is_suspicious: false,
    },
  ])
  const second = part(first.next_cursor)
  expect(second.items.map((item) => item.page)).toEqual([3])
  expect(second.next_cursor).toBeNull()
  expect(() => part('x')).toThrow(/cursor/)
})

test('a document that is not read yet has no contents and an empty report', () => {
  const library = new ShardLibrary()
  const { id } = addDocument(
    library.store.app,
    { sha256: 'b'.repeat(64), bytes: 1, title: 'Book', ...file },
    0,
  )
  expect(() => documents.contents(library.context, library.store, { id })).toThrow(/not read yet/)
  const asked = { id, limit: 10, cursor: null }
  expect(documents.report(library.context, library.store, asked)).toEqual({
    report: null,
    items: [],
    next_cursor: null,
  })
})

test('a hit says where it stands in the text of its page', () => {
  const { library, id } = withBook()
  const [hit] = library.search('harbour', { mode: 'keyword' }).hits
  expect(hit?.spans).toEqual([
    { page: 1, start: 5, end: 27 },
    { page: 3, start: 5, end: 27 },
  ])
  const shown = documents.page(library.context, library.store, { id, number: hit?.page ?? 0 })
  expect(shown.text.slice(hit?.start, hit?.end)).toBe('The harbour was empty.')
})
