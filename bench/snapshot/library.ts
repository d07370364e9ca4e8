/** A library of so many megabytes, most of it text of pages, and one small document that can be written to. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { PageTally } from '../../src/ingest/page-tally.ts'
import { addDocument } from '../../src/library/documents.ts'
import { completeJob } from '../../src/library/jobs.ts'
import { addPages } from '../../src/library/passages.ts'
import { originalPath, serverDirectory } from '../../src/tenancy/layout.ts'
import { closeStore, openStore, type Store } from '../../src/tenancy/store.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { seededRandom } from '../lib/random.ts'

const pageCharacters = 3_000
const pagesPerDocument = 340
/** Made once; every page begins elsewhere in it. */
const textCharacters = 1_000_000

/** @param megabytes how large app.db will be, about */
export function makeLargeLibrary(dataDir: string, user: string, megabytes: number): void {
  mkdirSync(serverDirectory(dataDir), { recursive: true, mode: 0o700 })
  const store = openStore(dataDir, user as TenantId, { generation: undefined, create: true })
  const text = manyWords()
  const documents = Math.ceil((megabytes * 1e6) / (pageCharacters * pagesPerDocument))
  for (let at = 0; at < documents; at++)
    store.app.unsyncedTransaction(() => addBook(store, at, text))
  if (!closeStore(store)) throw new Error('the library is not at rest')
}

function addBook({ app, directory }: Store, at: number, text: string): void {
  const original = `book ${at}`
  const sha256 = createHash('sha256').update(original).digest('hex')
  writeFileSync(originalPath(directory, sha256, 'txt'), original)
  const { seq } = addDocument(
    app,
    {
      sha256,
      bytes: original.length,
      filename: `book-${at}.txt`,
      title: `Book ${at}`,
      tags: [],
      mediaType: 'text/plain',
      extension: 'txt',
    },
    0,
  )
  const pages = Array.from({ length: pagesPerDocument }, (_, index) => {
    const from = ((at * pagesPerDocument + index) * 997) % (textCharacters - pageCharacters)
    return {
      number: index + 1,
      label: null,
      text: text.slice(from, from + pageCharacters),
      source: 'text',
      language: 'en',
      isSuspicious: false,
    } as const
  })
  const revision = { documentSeq: seq, revision: 1 }
  addPages(app, revision, pages)
  const report = new PageTally().report([])
  const counted = { pages: pagesPerDocument, passages: 0, title: null, language: 'en' }
  completeJob(app, { ...revision, id: -1, attempts: 1 }, { ...counted, outline: [], report }, 0)
}

function manyWords(): string {
  const random = seededRandom(3)
  let text = ''
  while (text.length < textCharacters) text += `${Math.floor(random() ** 3 * 1e6).toString(36)} `
  return text
}
