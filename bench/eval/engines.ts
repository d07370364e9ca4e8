/** What is compared: the search that a shard runs, over a real store, and SQLite's own full-text index. */

import { type Db, openMemoryDb } from '../../src/base/sqlite.ts'
import { type Config, readConfig } from '../../src/config.ts'
import { createAnalyser } from '../../src/search/analysis/analyser.ts'
import { createShardContext } from '../../src/threads/context.ts'
import type { RankingSettings } from '../../src/threads/protocol.ts'
import type { SearchMode } from '../../src/threads/search-arms.ts'
import { search } from '../../src/threads/search-operation.ts'
import type { Collection } from './collection.ts'
import type { EvalLibrary } from './library.ts'

/** From a question to the ids of a collection's documents, best first; at most so many. */
export type Engine = (question: string, limit: number) => string[]

/** The operation behind `/v1/search`, snippets and all, with the server's settings as they come. */
export function carrelEngine({ store, idOf }: EvalLibrary, mode: SearchMode): Engine {
  const config = readConfig({})
  const context = createShardContext(rankingOf(config), config.VECTOR_CACHE_BYTES_MAX)
  return (query, limit) => {
    const args = { query, mode, limit, filter: {}, explain: false }
    const { hits } = search(context, store, args)
    return hits.map((hit) => idOf.get(Number(hit.passage_id)) ?? '')
  }
}

function rankingOf(config: Config): RankingSettings {
  return {
    k1: config.BM25_K1,
    b: config.BM25_B,
    titleWeight: config.TITLE_WEIGHT,
    sectionWeight: config.SECTION_WEIGHT,
    keywordShare: config.KEYWORD_SHARE,
  }
}

const createFts = `CREATE VIRTUAL TABLE found USING fts5 (text, content = '', tokenize = 'porter unicode61')`
const insertFts = 'INSERT INTO found (rowid, text) VALUES (?, ?)'
const selectFts = `SELECT rowid AS row FROM found WHERE found MATCH ? ORDER BY rank LIMIT ?`

/** FTS5 as one would use it: Porter's stemmer, the question's words without stop words, any of them. */
export function ftsEngine(collection: Collection, languages: readonly string[]): Engine {
  const db = openMemoryDb([createFts])
  db.transaction(() => {
    for (const [row, { title, text }] of collection.documents.entries())
      db.run(insertFts, row + 1, `${title} ${text}`)
  })
  const analyser = createAnalyser()
  const isStopWord = (word: string) =>
    languages.some((language) => analyser.isStopWord(word, language))
  return (question, limit) => {
    const words = question.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
    const wanted = [...new Set(words)].filter((word) => !isStopWord(word))
    return matches(db, wanted, limit).map((row) => collection.documents[row - 1]?.id ?? '')
  }
}

function matches(db: Db, words: readonly string[], limit: number): number[] {
  if (words.length === 0) return []
  const query = words.map((word) => `"${word}"`).join(' OR ')
  return db.all<{ row: number }>(selectFts, query, limit).map(({ row }) => row)
}
