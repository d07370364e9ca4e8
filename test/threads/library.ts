/** A tenant's real files, written as a shard writes them, without its thread. */
import { createHash } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { PageTally } from '../../src/ingest/page-tally.ts'
import { addDocument } from '../../src/library/documents.ts'
import { queueJob } from '../../src/library/jobs.ts'
import { liveSpace, type Space } from '../../src/search/vectors/spaces.ts'
import { storedRanges } from '../../src/search/vectors/vector-store.ts'
import { closeStore, openStore, type Store } from '../../src/tenancy/store.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { createShardContext, type ShardContext } from '../../src/threads/context.ts'
import * as documents from '../../src/threads/document-operations.ts'
import * as ingest from '../../src/threads/ingest-operations.ts'
import { type SearchArgs, type SearchView, search } from '../../src/threads/search-operation.ts'
import { VectorWork } from '../../src/threads/vector-work.ts'
import { temporaryDirectory } from '../helpers.ts'

export const ranking = {
  k1: 1.2,
  b: 0.75,
  titleWeight: 1.5,
  sectionWeight: 1.25,
  keywordShare: 0.7,
}
const cacheBytes = 8 * 2 ** 20
/** A vector job that needs more steps than this goes round in circles. */
const stepsMax = 10_000

export class ShardLibrary {
  readonly dataDir: string
  readonly tenant: TenantId
  readonly context: ShardContext
  readonly work: VectorWork
  store: Store
  #documents = 0

  constructor(tenant = 'ann', shared: { dataDir?: string; context?: ShardContext } = {}) {
    this.dataDir = shared.dataDir ?? temporaryDirectory()
    this.tenant = tenant as TenantId
    this.context = shared.context ?? createShardContext(ranking, cacheBytes)
    this.work = new VectorWork(this.context)
    this.store = this.#open()
    onTestFinished(() => {
      if (this.store.app.isOpen) this.close()
    })
  }

  /** A document that is read and published, with its job claimed and finished as ingest does. @returns its id */
  add(title: string, texts: readonly string[], language = 'en'): string {
    const sha256 = createHash('sha256')
      .update(`${title} ${this.#documents++}`)
      .digest('hex')
    const file = { filename: 'f.txt', tags: [], mediaType: 'text/plain', extension: 'txt' }
    const row = addDocument(this.store.app, { sha256, bytes: 1, title, ...file }, 0)
    queueJob(this.store.app, row.seq, 0)
    this.read(title, texts, language)
    return row.id
  }

  /** Does the job that is due. */
  read(title: string, texts: readonly string[], language = 'en'): void {
    const job = ingest.claim(this.context, this.store, { bytesMax: null, isOldestFirst: false })
    if (!job) throw new Error('no job is due')
    const passages = texts.map((text, index) => {
      const start = texts.slice(0, index).join('\n').length + Math.min(index, 1)
      return {
        section: [],
        text,
        spans: [{ page: 1, start, end: start + text.length, at: 0 }],
        language,
      }
    })
    const pages = [
      {
        number: 1,
        label: null,
        text: texts.join('\n'),
        source: 'text' as const,
        language,
        isSuspicious: false,
      },
    ]
    const batch = { title, pages, passages, pagesDone: 1, pagesTotal: 1 }
    ingest.append(this.context, this.store, { job, batch })
    const report = new PageTally().report([])
    const summary = { pages: 1, passages: texts.length, title, language, outline: [], report }
    ingest.finish(this.context, this.store, { job, summary })
  }

  delete(id: string): void {
    documents.remove(this.context, this.store, { id })
  }

  /** Vectors, until there is nothing left to do. @returns how many steps it took */
  settle(budgetMs = 1_000): number {
    for (let steps = 0; steps < stepsMax; steps++)
      if (!this.work.isPending(this.store) || !this.work.step(this.store, budgetMs)) return steps
    throw new Error('the vectors never settle')
  }

  search(query: string, args: Partial<SearchArgs> = {}): SearchView {
    const all: SearchArgs = {
      query,
      mode: 'hybrid',
      limit: 10,
      filter: {},
      explain: false,
      ...args,
    }
    return search(this.context, this.store, all)
  }

  /** Titles of the documents found, best first. */
  titles(query: string, args: Partial<SearchArgs> = {}): string[] {
    return this.search(query, args).hits.map((hit) => hit.title)
  }

  live(): Space {
    const space = liveSpace(this.store.vecs)
    if (!space) throw new Error('there is no live space')
    return space
  }

  /** Passage ids that have a vector in the live space. */
  embedded(): number[] {
    return storedRanges(this.store.vecs, this.live()).flatMap(({ first, last }) =>
      Array.from({ length: last - first + 1 }, (_, at) => first + at),
    )
  }

  published(): number[] {
    return this.store.app
      .all<{ id: number }>('SELECT id FROM passages ORDER BY id')
      .map(({ id }) => id)
  }

  close(): void {
    this.work.forget(this.store)
    this.context.engine.forget(this.store.vecs)
    closeStore(this.store)
  }

  /** As after a stop. @param meanwhile what happens to the files at rest */
  reopen(meanwhile?: () => void): void {
    this.close()
    meanwhile?.()
    this.store = this.#open()
  }

  #open(): Store {
    const store = openStore(this.dataDir, this.tenant, { generation: undefined, create: true })
    this.work.opened(store)
    return store
  }
}
