/** What is compared: Carrel's arms over a real store, and SQLite's own full-text index. */

import { type Db, openMemoryDb } from '../../src/base/sqlite.ts'
import { createAnalyser } from '../../src/search/analysis/analyser.ts'
import { type Arm, defaultKeywordShare, fuse } from '../../src/search/fusion.ts'
import { createScratch, keywordSearch, type SearchTools } from '../../src/search/keyword-search.ts'
import { parseQuery } from '../../src/search/query.ts'
import { defaultFeedback } from '../../src/search/vectors/feedback.ts'
import { liveSpace } from '../../src/search/vectors/spaces.ts'
import { vectorArm } from '../../src/search/vectors/vector-arm.ts'
import { VectorEngine } from '../../src/search/vectors/vector-search.ts'
import type { Collection } from './collection.ts'
import { type EvalLibrary, embedQuery } from './library.ts'

export type Mode = 'keyword' | 'semantic' | 'hybrid'
/** From a question to the ids of a collection's documents, best first. */
export type Engine = (question: string) => string[]

const candidates = 200
const shown = 100
const cacheBytesMax = 64 * 1024 * 1024

export function carrelEngine(library: EvalLibrary, mode: Mode): Engine {
  const tools: SearchTools = { analyser: library.analyser, scratch: createScratch() }
  const engine = new VectorEngine(cacheBytesMax)
  return (question) => {
    const keyword = mode === 'semantic' ? [] : keywordHits(library, tools, question)
    const semantic = mode === 'keyword' ? [] : vectorHits(library, engine, question, keyword)
    const arms: Arm[] = [
      { name: 'keyword', weight: mode === 'hybrid' ? defaultKeywordShare : 1, hits: keyword },
      { name: 'semantic', weight: mode === 'hybrid' ? 1 - defaultKeywordShare : 1, hits: semantic },
    ]
    const hits = fuse(arms.filter((arm) => arm.hits.length > 0))
    return hits.slice(0, shown).map((hit) => library.idOf.get(hit.id) ?? '')
  }
}

function keywordHits(library: EvalLibrary, tools: SearchTools, question: string) {
  const { languages } = library.embedding
  const { hits } = keywordSearch(
    library.store.app,
    parseQuery(question),
    { limit: candidates, languages },
    tools,
  )
  return hits.map(({ passageId, score }) => ({ id: passageId, score }))
}

function vectorHits(
  library: EvalLibrary,
  engine: VectorEngine,
  question: string,
  seeds: readonly { id: number; score: number }[],
) {
  const space = liveSpace(library.store.vecs)
  if (!space) return []
  const vector = embedQuery(library.store, space, library.embedding, question)
  // Vectors cannot tell a phrase or a word that must not stand: then they only order what the words found.
  const isConditional =
    seeds.length > 0 &&
    parseQuery(question).clauses.some((clause) => clause.isNegated || clause.kind === 'phrase')
  const only = isConditional ? seeds.map((seed) => seed.id) : undefined
  const query = { vector, limit: candidates, seeds, feedback: defaultFeedback, only }
  return vectorArm(engine, library.store.vecs, space, query)
}

const createFts = `CREATE VIRTUAL TABLE found USING fts5 (text, content = '', tokenize = 'porter unicode61')`
const insertFts = 'INSERT INTO found (rowid, text) VALUES (?, ?)'
const selectFts = `SELECT rowid AS row FROM found WHERE found MATCH ? ORDER BY rank LIMIT ${shown}`

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
  return (question) => {
    const words = question.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
    const wanted = [...new Set(words)].filter((word) => !isStopWord(word))
    return matches(db, wanted).map((row) => collection.documents[row - 1]?.id ?? '')
  }
}

function matches(db: Db, words: readonly string[]): number[] {
  if (words.length === 0) return []
  const query = words.map((word) => `"${word}"`).join(' OR ')
  return db.all<{ row: number }>(selectFts, query).map(({ row }) => row)
}
