/** A small searchable library in memory, and BM25 computed the slow way to check it against. */
import { type Db, openMemoryDb } from '../../src/base/sqlite.ts'
import { type Analyser, createAnalyser } from '../../src/search/analysis/analyser.ts'
import type { Term } from '../../src/search/analysis/memo.ts'
import { indexPassages, publishSegments } from '../../src/search/index-writer.ts'
import {
  createScratch,
  type KeywordResult,
  type KeywordSearchOptions,
  keywordSearch,
} from '../../src/search/keyword-search.ts'
import { mergeStep } from '../../src/search/merge.ts'
import { decodeLength, encodeLength } from '../../src/search/norms.ts'
import { parseQuery } from '../../src/search/query.ts'
import { appMigrations } from '../../src/tenancy/schema.ts'

export interface TestPassage {
  readonly text: string
  readonly title?: string
  readonly section?: readonly string[]
  readonly language?: string
}

const insertDocument = `INSERT INTO documents (id, sha256, title, title_chosen, filename, media_type, extension, bytes,
  status, revision, created_at, updated_at) VALUES (?, ?, ?, 0, 'f', 'text/plain', 'txt', 1, 'ready', 1, 0, 0)`
const insertPassage = `INSERT INTO passages (document_seq, revision, section, language, spans, first_page, last_page, text)
  VALUES (?, 1, ?, ?, '[]', 1, 1, ?)`

export class TestLibrary {
  readonly app: Db = openMemoryDb(appMigrations)
  readonly analyser: Analyser = createAnalyser()
  readonly scratch = createScratch()

  /** A document a call: its passages in one segment, published. @returns their ids */
  add(...passages: readonly TestPassage[]): number[] {
    const ids = this.addPending(...passages)
    publishSegments(this.app, { documentSeq: this.lastDocument(), revision: 1 })
    return ids
  }

  addPending(...passages: readonly TestPassage[]): number[] {
    const count = this.app.get<{ count: number }>('SELECT count(*) AS count FROM documents')?.count
    const title = passages[0]?.title ?? ''
    const seq = this.app.run(insertDocument, `d${count}`, `h${count}`, title).lastId
    const ids = passages.map(
      ({ section = [], language = 'en', text }) =>
        this.app.run(insertPassage, seq, JSON.stringify(section), language, text).lastId,
    )
    this.index(seq, ids, passages, title)
    return ids
  }

  /** Indexes passages (again) as a pending segment of the document. */
  index(
    documentSeq: number,
    ids: readonly number[],
    passages: readonly TestPassage[],
    title: string,
  ): void {
    const indexed = passages.map(({ section = [], language = 'en', text }, at) => ({
      id: ids[at] ?? 0,
      title,
      section: section.join('\n'),
      text,
      language,
    }))
    indexPassages(this.app, { documentSeq, revision: 1 }, indexed, this.analyser)
  }

  lastDocument(): number {
    return this.app.get<{ seq: number }>('SELECT max(seq) AS seq FROM documents')?.seq ?? 0
  }

  search(query: string, options: Partial<KeywordSearchOptions> = {}): KeywordResult {
    const all = { limit: 10, languages: ['en'], ...options }
    return keywordSearch(this.app, parseQuery(query), all, this)
  }

  /** Passage ids found, best first. */
  find(query: string, options: Partial<KeywordSearchOptions> = {}): number[] {
    return this.search(query, options).hits.map((hit) => hit.passageId)
  }

  mergeAll(budgetMs = 1000): void {
    while (mergeStep(this.app, budgetMs));
  }
}

/** How often each term stands in the text. */
export function termCounts(analyser: Analyser, text: string, language = 'en') {
  const counts = new Map<string, number>()
  const sink = { term: ({ text: t }: Term) => counts.set(t, (counts.get(t) ?? 0) + 1) }
  return { counts, length: analyser.index(text, language, sink) }
}

/** BM25 over the bodies of all passages, by the formula. @returns scores by id of those above zero, best first */
export function slowBm25(
  analyser: Analyser,
  passages: ReadonlyMap<number, string>,
  terms: readonly string[],
): [id: number, score: number][] {
  const all = [...passages].map(([id, text]) => ({ id, ...termCounts(analyser, text) }))
  const lengthOf = (length: number) => decodeLength(encodeLength(length))
  const average = all.reduce((sum, { length }) => sum + lengthOf(length), 0) / all.length
  const scores = all.map(({ id, counts, length }): [number, number] => {
    let score = 0
    for (const term of new Set(terms)) {
      const repeated = terms.filter((other) => other === term).length
      const df = all.filter((other) => other.counts.has(term)).length
      const idf = Math.log(1 + (all.length - df + 0.5) / (df + 0.5))
      const count = counts.get(term) ?? 0
      const factor = 1.2 * (1 - 0.75 + (0.75 * lengthOf(length)) / average)
      if (count > 0) score += (repeated * idf * count) / (count + factor)
    }
    return [id, score]
  })
  return scores.filter(([, score]) => score > 0).sort((a, b) => b[1] - a[1] || a[0] - b[0])
}
