/** The bench `vectors`: the compact first pass beside sqlite-vec, its growth, and what meaning costs a search. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getLoadablePath } from 'sqlite-vec'
import { type Db, openDb } from '../src/base/sqlite.ts'
import { createAnalyser } from '../src/search/analysis/analyser.ts'
import { builtinDims, embedTerms } from '../src/search/embed/builtin.ts'
import { TermCounter } from '../src/search/embed/text-terms.ts'
import { openSpace, type Space, spaces } from '../src/search/vectors/spaces.ts'
import { searchVectors, VectorEngine } from '../src/search/vectors/vector-search.ts'
import { type PassageVector, putVectors } from '../src/search/vectors/vector-store.ts'
import { vectorsSql } from '../src/tenancy/migrations/vectors.ts'
import { closeStore, vecsPageBytes } from '../src/tenancy/store.ts'
import { type Collection, loadCollection } from './eval/collection.ts'
import { carrelEngine, evalContext } from './eval/engines.ts'
import { buildLibrary } from './eval/library.ts'
import { saltedCollection } from './eval/salted.ts'
import { percentile } from './lib/statistics.ts'

export interface VectorsBench {
  readonly rows: readonly Readonly<Record<string, number | string>>[]
  readonly ratios: Readonly<Record<string, number>>
}

export interface VectorsBenchOptions {
  /** Folder of the test data. */
  readonly testData: string
  readonly say: (line: string) => void
}

const sources = ['cranfield', 'cisi', 'npl', 'scifact']
const queriesMax = 500
const questionsEach = 75
const interleavedQueries = 100
const hits = 10
const batchRows = 512
const cacheBytesMax = 128 * 1024 * 1024

/** Takes about four minutes and two gigabytes below the system's temporary folder. */
export async function vectorsBench({ testData, say }: VectorsBenchOptions): Promise<VectorsBench> {
  const collections = sources.map((name) => loadCollection(name, testData))
  const directory = mkdtempSync(join(tmpdir(), 'carrel-bench-'))
  try {
    const rows: Record<string, number | string>[] = []
    say('50k vectors, beside vec0 …')
    const at50k = compare(join(directory, '50k.db'), collections, 50_000)
    rows.push(...at50k.rows)
    say('500k vectors …')
    const at500k = scanOnly(join(directory, '500k.db'), collections, 500_000)
    rows.push({ case: 'two-bit first pass, 500k', ...at500k })
    say('100k passages, all arms …')
    const hybrid = await compareModes(join(directory, 'library'), collections, 100_000)
    rows.push(...hybrid.rows)
    return {
      rows,
      ratios: {
        speedup_50k: at50k.speedup,
        recall10_50k: at50k.recall,
        growth_500k: at500k.p50_ms / at50k.p50,
        hybrid_vs_keyword_100k: hybrid.ratio,
      },
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function compare(path: string, collections: readonly Collection[], size: number) {
  const { db, space, queries } = fill(path, collections, size)
  fillVec0(db, size)
  const engine = new VectorEngine(cacheBytesMax)
  const ours: number[] = []
  const theirs: number[] = []
  let found = 0
  for (const [index, vector] of queries.entries()) {
    const [mine, myMs] = timed(() => searchVectors(engine, db, space, { vector, limit: hits }))
    const [exact, exactMs] = timed(() => searchVec0(db, vector))
    const ids = new Set(mine.map((hit) => hit.id))
    found += exact.filter((id) => ids.has(id)).length
    // The first few fill the caches of both.
    if (index >= 5 && index < interleavedQueries + 5) {
      ours.push(myMs)
      theirs.push(exactMs)
    }
  }
  const cold = new VectorEngine(0)
  const uncached = queries
    .slice(0, interleavedQueries)
    .map((vector) => timed(() => searchVectors(cold, db, space, { vector, limit: hits }))[1])
  db.close()
  const ratios = theirs.map((ms, index) => ms / (ours[index] ?? 1))
  return {
    rows: [
      { case: 'two-bit first pass, 50k', ...times(ours) },
      { case: 'two-bit first pass, 50k, nothing kept', ...times(uncached) },
      { case: 'vec0 float exact, 50k', ...times(theirs) },
    ],
    p50: percentile(ours, 0.5),
    speedup: percentile(ratios, 0.5),
    recall: found / (queries.length * hits),
  }
}

function scanOnly(path: string, collections: readonly Collection[], size: number) {
  const { db, space, queries } = fill(path, collections, size)
  const engine = new VectorEngine(cacheBytesMax)
  const ms = queries
    .slice(0, interleavedQueries + 5)
    .map((vector) => timed(() => searchVectors(engine, db, space, { vector, limit: hits }))[1])
  db.close()
  return times(ms.slice(5))
}

async function compareModes(directory: string, collections: readonly Collection[], size: number) {
  const library = await buildLibrary(directory, saltedCollection(collections, size), 'builtin')
  const pick = (from: number) =>
    collections
      .flatMap(({ queries }) => queries.slice(from, from + questionsEach))
      .map((q) => q.text)
  const questions = pick(0)
  const modes = ['keyword', 'semantic', 'hybrid'] as const
  const shard = evalContext()
  const engines = modes.map((mode) => carrelEngine(library, mode, shard))
  const ms = modes.map((): number[] => [])
  // Other questions, so that the code is compiled as in a server that runs and nothing of an answer is at hand.
  for (const question of pick(questionsEach)) for (const engine of engines) engine.page(question)
  for (const question of questions)
    for (const [index, engine] of engines.entries())
      ms[index]?.push(timed(() => engine.page(question))[1])
  closeStore(library.store)
  const [keyword = [], , hybrid = []] = ms
  const ratios = hybrid.map((value, index) => value / (keyword[index] ?? 1))
  return {
    rows: modes.map((mode, index) => ({
      case: `${mode}, 100k passages`,
      ...times(ms[index] ?? []),
    })),
    ratio: percentile(ratios, 0.5),
  }
}

/** Hashed n-gram vectors of salted passages in a file, and those of the collections' queries. */
function fill(path: string, collections: readonly Collection[], size: number) {
  const db = openDb(path, {
    mode: 'create',
    synchronous: 'NORMAL',
    applicationId: 1,
    migrations: [vectorsSql],
    pageBytes: vecsPageBytes,
  })
  openSpace(db, { fingerprint: 'bench', dims: builtinDims, config: '{}', now: 0 })
  const counter = new TermCounter(createAnalyser())
  const embed = (text: string) => embedTerms(counter.count(text, 'en'), text, undefined)
  const salted = saltedCollection(collections, size)
  const current = (): Space => spaces(db)[0] as Space
  for (let from = 0; from < size; from += batchRows) {
    const batch = salted.documents.slice(from, from + batchRows)
    const rows = batch.map(({ title, text }, index): PassageVector => {
      return { id: from + index + 1, vector: embed(`${title} ${text}`) }
    })
    putVectors(db, current(), rows)
  }
  const queries = salted.queries.slice(0, queriesMax).map(({ text }) => embed(text))
  return { db, space: current(), queries }
}

const createVec0 = `CREATE VIRTUAL TABLE exact USING vec0 (vector float[${builtinDims}] distance_metric = cosine)`
const insertVec0 = 'INSERT INTO exact (rowid, vector) SELECT key & 0xfffffffff, vector FROM vectors'
const selectVec0 = `SELECT rowid AS id FROM exact WHERE vector MATCH ? AND k = ${hits} ORDER BY distance`

function fillVec0(db: Db, size: number): void {
  db.loadExtension(getLoadablePath())
  db.script(createVec0)
  const { changes } = db.run(insertVec0)
  if (changes !== size) throw new Error(`vec0 took ${changes} of ${size} vectors.`)
}

function searchVec0(db: Db, vector: Float32Array): number[] {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
  return db.all<{ id: number }>(selectVec0, bytes).map(({ id }) => id)
}

function timed<T>(work: () => T): [T, number] {
  const start = performance.now()
  const result = work()
  return [result, performance.now() - start]
}

function times(ms: readonly number[]): { p50_ms: number; p95_ms: number } {
  return { p50_ms: percentile(ms, 0.5), p95_ms: percentile(ms, 0.95) }
}
