/** `npm run eval -- PATH…|answers [--mode keyword|semantic|hybrid|all] [--embedder builtin|pieces] [--json]`: how good the search is, on judged collections. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { closeStore } from '../src/tenancy/store.ts'
import type { SearchMode } from '../src/threads/search-arms.ts'
import { evaluateAnswers, printAnswers } from './eval/answers.ts'
import { type Collection, loadCollection } from './eval/collection.ts'
import { carrelEngine, type Engine, ftsEngine } from './eval/engines.ts'
import { buildLibrary, type EmbedderName } from './eval/library.ts'
import { type Figures, judge, mean, pairedTest } from './eval/metrics.ts'
import { percentile } from './lib/statistics.ts'

/** nDCG@10 of BM25 over title and text as one field, as Anserini publishes it for BEIR 1.0.0. */
const lucene: Readonly<Record<string, number>> = {
  'trec-covid': 0.5947,
  bioasq: 0.5225,
  nfcorpus: 0.3218,
  nq: 0.3055,
  hotpotqa: 0.633,
  fiqa: 0.2361,
  signal1m: 0.3304,
  'trec-news': 0.3952,
  robust04: 0.407,
  arguana: 0.397,
  'webis-touche2020': 0.4422,
  quora: 0.7886,
  dbpedia: 0.318,
  scidocs: 0.149,
  fever: 0.6513,
  'climate-fever': 0.1651,
  scifact: 0.6789,
}
const modes: readonly SearchMode[] = ['keyword', 'semantic', 'hybrid']

interface Row extends Figures {
  readonly collection: string
  readonly engine: 'carrel' | 'fts5'
  readonly mode: SearchMode
  readonly embedder: EmbedderName | null
  readonly p50_ms: number
  readonly p95_ms: number
  readonly queries: number
  /** nDCG@10 over FTS5's, and the probability of such a difference by chance; null for FTS5 itself. */
  readonly vs_fts5: number | null
  readonly p_value: number | null
  readonly lucene_ndcg10: number | null
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mode: { type: 'string', default: 'all' },
    embedder: { type: 'string', default: 'builtin' },
    json: { type: 'boolean', default: false },
  },
})
const wanted = modes.filter((mode) => values.mode === 'all' || values.mode === mode)
const embedder = values.embedder
if (wanted.length === 0 || (embedder !== 'builtin' && embedder !== 'pieces')) {
  console.error('--mode is keyword, semantic, hybrid or all; --embedder is builtin or pieces')
  process.exit(2)
}
const testData =
  process.env['CARREL_TEST_DATA'] ?? fileURLToPath(new URL('../../shared/data', import.meta.url))
if (positionals[0] === 'answers') {
  const answers = await evaluateAnswers(positionals.slice(1), testData)
  if (values.json) console.log(JSON.stringify({ eval: answers }))
  else printAnswers(answers)
  process.exit(0)
}
const places = positionals.length > 0 ? positionals : allCollections()
if (places.length === 0) {
  console.error('which collections? give folders in BEIR layout, or set CARREL_TEST_DATA')
  process.exit(2)
}
const rows: Row[] = []
for (const place of places) {
  const collection = loadCollection(place, testData)
  console.error(`${collection.name}: ${collection.documents.length} documents …`)
  rows.push(...(await evaluate(collection, embedder)))
}
if (values.json) console.log(JSON.stringify({ eval: rows }))
else print(rows)

async function evaluate(collection: Collection, embedder: EmbedderName): Promise<Row[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-eval-'))
  try {
    const library = await buildLibrary(dataDir, collection, embedder)
    const fts = run(ftsEngine(collection, library.languages), collection)
    const found = [row(collection, 'fts5', 'keyword', null, fts, undefined)]
    for (const mode of wanted) {
      const name = mode === 'keyword' ? null : embedder
      const measured = run(carrelEngine(library, mode), collection)
      found.push(row(collection, 'carrel', mode, name, measured, fts))
    }
    closeStore(library.store)
    return found
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

interface Run {
  readonly figures: readonly Figures[]
  readonly ms: readonly number[]
}

function run(engine: Engine, { queries }: Collection): Run {
  // What is read or compiled once is not the price of a search, and a page of results is what people wait for.
  const figures = queries.map(({ text, relevant }) => judge(engine.judged(text), relevant))
  const ms = queries.map(({ text }) => {
    const start = performance.now()
    engine.page(text)
    return performance.now() - start
  })
  return { figures, ms }
}

function row(
  { name, queries }: Collection,
  engine: Row['engine'],
  mode: SearchMode,
  embedder: EmbedderName | null,
  { figures, ms }: Run,
  fts: Run | undefined,
): Row {
  const column = (run: Run, key: keyof Figures) => run.figures.map((one) => one[key])
  const ndcg10 = mean(figures.map((one) => one.ndcg10))
  return {
    collection: name,
    engine,
    mode,
    embedder,
    ndcg10,
    map: mean(figures.map((one) => one.map)),
    recall100: mean(figures.map((one) => one.recall100)),
    mrr10: mean(figures.map((one) => one.mrr10)),
    p50_ms: percentile(ms, 0.5),
    p95_ms: percentile(ms, 0.95),
    queries: queries.length,
    vs_fts5: fts ? ndcg10 / mean(column(fts, 'ndcg10')) : null,
    p_value: fts ? pairedTest(column({ figures, ms }, 'ndcg10'), column(fts, 'ndcg10')) : null,
    lucene_ndcg10: lucene[name] ?? null,
  }
}

function print(rows: readonly Row[]): void {
  const short = (value: number | null, digits: number) => value?.toFixed(digits) ?? ''
  console.table(
    rows.map((one) => ({
      collection: one.collection,
      engine: one.engine === 'fts5' ? 'fts5' : one.mode,
      'nDCG@10': short(one.ndcg10, 4),
      Lucene: short(one.lucene_ndcg10, 4),
      '/ fts5': short(one.vs_fts5, 3),
      p: short(one.p_value, 3),
      MAP: short(one.map, 4),
      'R@100': short(one.recall100, 4),
      'MRR@10': short(one.mrr10, 4),
      'p50 ms': short(one.p50_ms, 2),
      'p95 ms': short(one.p95_ms, 2),
    })),
  )
  for (const mode of wanted) {
    const mine = rows.filter((one) => one.engine === 'carrel' && one.mode === mode)
    const theirs = rows.filter((one) => one.engine === 'fts5')
    const ratio = mean(mine.map((one) => one.ndcg10)) / mean(theirs.map((one) => one.ndcg10))
    console.log(`mean nDCG@10, ${mode} / fts5: ${ratio.toFixed(4)}`)
  }
}

function allCollections(): string[] {
  const folder = join(testData, 'collections')
  return existsSync(folder) ? readdirSync(folder).sort() : []
}
