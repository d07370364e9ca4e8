/** What is compared: the search that a shard runs, over a real store, and SQLite's own full-text index. */

import { type Db, openMemoryDb } from '../../src/base/sqlite.ts'
import { type Config, readConfig } from '../../src/config.ts'
import { createAnalyser } from '../../src/search/analysis/analyser.ts'
import { createShardContext, type ShardContext } from '../../src/threads/context.ts'
import type { RankingSettings } from '../../src/threads/protocol.ts'
import type { SearchMode } from '../../src/threads/search-arms.ts'
import { findHits, type SearchArgs, search } from '../../src/threads/search-operation.ts'
import type { Collection } from './collection.ts'
import type { EvalLibrary } from './library.ts'

/** Recall and MAP are judged over so many; nDCG and MRR over the first ten of them. */
const judgedHits = 100
/** What a search shows unless it is told otherwise. */
const pageHits = 10

export interface Engine {
  /** From a question to the ids of a collection's documents, best first. */
  judged(question: string): string[]
  /** A page of results with all that belongs to it: what people wait for, and what is timed. */
  page(question: string): void
}

/**
 * The operation behind `/v1/search` with the server's settings as they come; for judging, without its snippets.
 * @param context a shard has one for all that it does
 */
export function carrelEngine(
  { store, idOf }: EvalLibrary,
  mode: SearchMode,
  context = evalContext(),
): Engine {
  const args = (query: string, limit: number): SearchArgs => {
    return { query, mode, limit, filter: {}, explain: false }
  }
  return {
    judged: (question) => {
      const { shown } = findHits(context, store, args(question, judgedHits))
      return shown.map(({ hit }) => idOf.get(hit.id) ?? '')
    },
    page: (question) => {
      search(context, store, args(question, pageHits))
    },
  }
}

/** A shard's context with the server's settings as they come. */
export function evalContext(): ShardContext {
  const config = readConfig({})
  return createShardContext(rankingOf(config), config.VECTOR_CACHE_BYTES_MAX)
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
  const ids = (question: string, limit: number): string[] => {
    const words = question.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
    const wanted = [...new Set(words)].filter((word) => !isStopWord(word))
    return matches(db, wanted, limit).map((row) => collection.documents[row - 1]?.id ?? '')
  }
  return {
    judged: (question) => ids(question, judgedHits),
    page: (question) => {
      ids(question, pageHits)
    },
  }
}

function matches(db: Db, words: readonly string[], limit: number): number[] {
  if (words.length === 0) return []
  const query = words.map((word) => `"${word}"`).join(' OR ')
  return db.all<{ row: number }>(selectFts, query, limit).map(({ row }) => row)
}
