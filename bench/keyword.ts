/**
 * The bench `keyword`: Carrel's index beside FTS5 (`porter unicode61`, contentless; its default and `detail=none`), on the same
 * passages, the same questions and the same file settings. FTS5 is given the words of a question without its stop words, joined by
 * OR, as Carrel drops them too; ten hits are asked for. Where speed is measured FTS5 gets each word once, which is less work for it;
 * where quality is judged, as often as the question says it, which Carrel counts too. Carrel's rate contains its analysis and all
 * merges. With `detail=none` FTS5 keeps no frequencies, so its order is no ranking: its speed is measured, its quality is not.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Db, openDb } from '../src/base/sqlite.ts'
import { type Analyser, createAnalyser } from '../src/search/analysis/analyser.ts'
import { indexPassages, publishSegments } from '../src/search/index-writer.ts'
import { createScratch, keywordSearch, type SearchTools } from '../src/search/keyword-search.ts'
import { mergeStep } from '../src/search/merge.ts'
import { parseQuery } from '../src/search/query.ts'
import { keywordIndexSql } from '../src/tenancy/migrations/keyword-index.ts'
import { librarySql } from '../src/tenancy/migrations/library.ts'
import { type Collection, type CorpusDocument, loadCollection } from './eval/collection.ts'
import { judge, mean } from './eval/metrics.ts'
import { saltedCollection } from './eval/salted.ts'
import { generatedCollection } from './lib/generated.ts'
import { type BenchContext, type BenchResult, type BenchRow, rounded } from './lib/report.ts'
import { percentile } from './lib/statistics.ts'

const sizesDefault = [1_000, 10_000, 100_000]
const sources = ['cranfield', 'cisi', 'npl', 'scifact']
const language = 'en'
const hits = 10
/** About what an ingest batch has. */
const batchPassages = 64
const stepMs = 20
const queriesMax = 400
const closedQueries = 60
const warmQueries = 20

type EngineName = 'carrel' | 'fts5' | 'fts5-detail-none'

interface Engine {
  readonly name: EngineName
  readonly migrations: readonly string[]
  index(db: Db, passages: readonly CorpusDocument[], analyser: Analyser): void
  /** @returns row numbers, from 1, best first */
  search(db: Db, question: string, tools: SearchTools, purpose: 'speed' | 'quality'): number[]
}

const carrel: Engine = {
  name: 'carrel',
  migrations: [librarySql + keywordIndexSql],
  index(db, passages, analyser) {
    for (let at = 0; at < passages.length; at += batchPassages) {
      const owner = { documentSeq: at + 1, revision: 1 }
      const batch = passages.slice(at, at + batchPassages).map(({ title, text }, offset) => {
        return { id: at + offset + 1, title, section: '', text, language }
      })
      db.transaction(() => {
        indexPassages(db, owner, batch, analyser)
        publishSegments(db, owner)
      })
    }
    while (mergeStep(db, stepMs));
  },
  search(db, question, tools) {
    const options = { limit: hits, languages: [language] }
    return keywordSearch(db, parseQuery(question), options, tools).hits.map((hit) => hit.passageId)
  },
}

function fts5(name: EngineName, detail: string): Engine {
  return {
    name,
    migrations: [
      `CREATE VIRTUAL TABLE found USING fts5 (title, text, content = '', tokenize = 'porter unicode61'${detail})`,
    ],
    index(db, passages) {
      for (let at = 0; at < passages.length; at += batchPassages)
        db.transaction(() => {
          for (const [offset, { title, text }] of passages.slice(at, at + batchPassages).entries())
            db.run(
              'INSERT INTO found (rowid, title, text) VALUES (?, ?, ?)',
              at + offset + 1,
              title,
              text,
            )
        })
    },
    search(db, question, { analyser }, purpose) {
      const words = question.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
      const counted = purpose === 'speed' ? [...new Set(words)] : words
      const wanted = counted.filter((word) => !analyser.isStopWord(word, language))
      if (wanted.length === 0) return []
      return db
        .all<{ row: number }>(
          `SELECT rowid AS row FROM found WHERE found MATCH ? ORDER BY rank LIMIT ${hits}`,
          wanted.map((word) => `"${word}"`).join(' OR '),
        )
        .map(({ row }) => row)
    },
  }
}

const engines = [carrel, fts5('fts5', ''), fts5('fts5-detail-none', ', detail = none')]

export async function keywordBench({
  testData,
  say,
  sizes = sizesDefault,
}: BenchContext & { sizes?: readonly number[] | undefined }): Promise<BenchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'carrel-bench-'))
  const collections = testData ? sources.map((name) => loadCollection(name, testData)) : []
  try {
    const rows: BenchRow[] = []
    let ratios: Record<string, number | null> = {}
    for (const size of sizes) {
      say(`${size} passages …`)
      const library = testData ? saltedCollection(collections, size) : generatedCollection(size)
      const measured = measure(directory, library)
      rows.push(...measured.rows)
      ratios = measured.ratios
    }
    const quality = collections.map((collection) => judgeEngines(directory, collection, say))
    rows.push(...quality)
    const ndcg10 = quality.length
      ? rounded(mean(quality.map((row) => row.carrel)) / mean(quality.map((row) => row.fts5)))
      : null
    return { rows, ratios: { ...ratios, ndcg10 } }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The ratios are those of the library measured: of the last, largest one when there are several. */
function measure(
  directory: string,
  { documents, queries, name }: Collection,
): { rows: BenchRow[]; ratios: Record<string, number> } {
  const built = engines.map((engine) =>
    build(join(directory, `${name}.${engine.name}`), engine, documents),
  )
  const questions = queries.slice(0, queriesMax).map((query) => query.text)
  const tools = built.map(() => ({ analyser: createAnalyser(), scratch: createScratch() }))
  for (const question of questions.slice(0, warmQueries))
    for (const [at, { engine, db }] of built.entries())
      engine.search(db, question, tools[at] as SearchTools, 'speed')
  const openMs: number[][] = built.map(() => [])
  for (const question of questions)
    for (const [at, { engine, db }] of built.entries())
      openMs[at]?.push(timed(() => engine.search(db, question, tools[at] as SearchTools, 'speed')))
  for (const { db } of built) db.close()
  const closedMs: number[][] = built.map(() => [])
  for (const question of questions.slice(0, closedQueries))
    for (const [at, { engine, path }] of built.entries())
      closedMs[at]?.push(
        timed(() => {
          const db = open(path, engine, 'open')
          engine.search(db, question, tools[at] as SearchTools, 'speed')
          db.close()
        }),
      )
  const rows = built.map(({ engine, indexMs, bytes }, at) => ({
    engine: engine.name,
    passages: documents.length,
    passages_per_s: Math.round(documents.length / (indexMs / 1000)),
    bytes,
    ...percentiles('open', openMs[at] ?? []),
    ...percentiles('closed', closedMs[at] ?? []),
  }))
  for (const { path } of built) rmSync(path, { force: true })
  return { rows, ratios: ratiosOf(rows) }
}

type MeasuredRow = BenchRow &
  Readonly<Record<'bytes' | 'passages_per_s' | 'open_p50_ms' | 'open_p95_ms', number>>

function ratiosOf(rows: readonly BenchRow[]): Record<string, number> {
  const [ours, theirs, none] = rows as readonly MeasuredRow[]
  if (!ours || !theirs || !none) return {}
  return {
    p50_speedup: rounded(theirs.open_p50_ms / ours.open_p50_ms),
    p95_speedup: rounded(theirs.open_p95_ms / ours.open_p95_ms),
    p50_speedup_detail_none: rounded(none.open_p50_ms / ours.open_p50_ms),
    p95_speedup_detail_none: rounded(none.open_p95_ms / ours.open_p95_ms),
    bytes: rounded(ours.bytes / theirs.bytes),
    index_rate: rounded(ours.passages_per_s / theirs.passages_per_s),
  }
}

function build(
  path: string,
  engine: Engine,
  passages: readonly CorpusDocument[],
): { engine: Engine; path: string; db: Db; indexMs: number; bytes: number } {
  const db = open(path, engine, 'create')
  const emptyBytes = usedBytes(db)
  const analyser = createAnalyser()
  const indexMs = timed(() => engine.index(db, passages, analyser))
  db.checkpoint()
  return { engine, path, db, indexMs, bytes: usedBytes(db) - emptyBytes }
}

function open(path: string, engine: Engine, mode: 'create' | 'open'): Db {
  return openDb(path, {
    mode,
    synchronous: 'NORMAL',
    applicationId: 1,
    migrations: engine.migrations,
  })
}

/** Pages in use: those a merge gave back are written again by the next batch. */
function usedBytes(db: Db): number {
  const pages = db.pragma<number>('page_count') - db.pragma<number>('freelist_count')
  return pages * db.pragma<number>('page_size')
}

function judgeEngines(
  directory: string,
  { name, documents, queries }: Collection,
  say: (line: string) => void,
): { collection: string; carrel: number; fts5: number } {
  say(`nDCG@10 on ${name} …`)
  const figures = engines.slice(0, 2).map((engine) => {
    const path = join(directory, `${name}.${engine.name}`)
    const { db } = build(path, engine, documents)
    const tools = { analyser: createAnalyser(), scratch: createScratch() }
    const ndcg = queries.map(({ text, relevant }) => {
      const found = engine
        .search(db, text, tools, 'quality')
        .map((row) => documents[row - 1]?.id ?? '')
      return judge(found, relevant).ndcg10
    })
    db.close()
    rmSync(path, { force: true })
    return rounded(mean(ndcg))
  })
  const [ours = 0, theirs = 0] = figures
  return { collection: name, carrel: ours, fts5: theirs }
}

function percentiles(prefix: string, ms: readonly number[]): Record<string, number> {
  return {
    [`${prefix}_p50_ms`]: rounded(percentile(ms, 0.5)),
    [`${prefix}_p95_ms`]: rounded(percentile(ms, 0.95)),
    [`${prefix}_p99_ms`]: rounded(percentile(ms, 0.99)),
  }
}

function timed(work: () => unknown): number {
  const startedMs = performance.now()
  work()
  return performance.now() - startedMs
}
