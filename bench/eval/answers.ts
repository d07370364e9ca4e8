/** How good answers are without a model: whether the first citation is the judged paragraph, and whether the answer is said. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extractAnswer } from '../../src/rag/extract-answer.ts'
import { normalText } from '../../src/rag/normal-text.ts'
import { searchOf } from '../../src/rag/question.ts'
import { type AskTenant, retrieve } from '../../src/rag/retriever.ts'
import { SentenceCutter } from '../../src/rag/sentence-cutter.ts'
import { withoutTurns } from '../../src/rag/turns.ts'
import { createAnalyser } from '../../src/search/analysis/analyser.ts'
import { closeStore, type Store } from '../../src/tenancy/store.ts'
import { type OperationName, type Operations, operations } from '../../src/threads/operations.ts'
import { percentile } from '../lib/statistics.ts'
import { loadCollection } from './collection.ts'
import { evalContext } from './engines.ts'
import { buildLibrary } from './library.ts'
import { mean } from './metrics.ts'

const collectionsDefault = ['xquad-en', 'xquad-zh', 'xquad-ru']
const tokensMax = 4_000

export interface AnswersRow {
  readonly collection: string
  readonly engine: 'carrel'
  readonly mode: 'extractive'
  readonly questions: number
  /** The first citation is the judged paragraph. */
  readonly first_citation: number
  /** The answer contains one of the judged spans, case, spaces and dashes apart. */
  readonly answer_contains: number
  /** What an answer has, on average; the share of its paragraph says how much of a choice it is. */
  readonly characters: number
  readonly sentences: number
  readonly p50_ms: number
  readonly p95_ms: number
}

/** @param places collections in BEIR layout with `answers.jsonl`; XQuAD in three languages when none is named */
export async function evaluateAnswers(
  places: readonly string[],
  testData: string,
): Promise<AnswersRow[]> {
  const rows: AnswersRow[] = []
  for (const place of places.length > 0 ? places : collectionsDefault)
    rows.push(await evaluate(place, testData))
  return rows
}

export function printAnswers(rows: readonly AnswersRow[]): void {
  console.table(
    rows.map(({ engine: _, mode: __, ...row }) => ({
      ...row,
      first_citation: row.first_citation.toFixed(3),
      answer_contains: row.answer_contains.toFixed(3),
      characters: Math.round(row.characters),
      sentences: row.sentences.toFixed(1),
      p50_ms: row.p50_ms.toFixed(1),
      p95_ms: row.p95_ms.toFixed(1),
    })),
  )
}

interface Judged {
  readonly isFirst: boolean
  readonly isSaid: boolean
  readonly characters: number
  readonly sentences: number
  readonly ms: number
}

async function evaluate(place: string, testData: string): Promise<AnswersRow> {
  const collection = loadCollection(place, testData)
  const answers = loadAnswers(join(testData, 'collections', collection.name, 'answers.jsonl'))
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-eval-'))
  try {
    const library = await buildLibrary(dataDir, collection, 'builtin')
    const tenant = tenantOf(library.store)
    const analyser = createAnalyser()
    const tools = { analyser, cutter: new SentenceCutter() }
    const judged: Judged[] = []
    for (const { id, text, relevant } of collection.queries) {
      const startedMs = performance.now()
      const query = searchOf(text, [], analyser)
      const sources = await retrieve(tenant, { query, filter: {}, tokensMax, isBare: true })
      const quotes = withoutTurns(extractAnswer(text, sources, tools))
      const ms = performance.now() - startedMs
      const said = quotes.map((quote) => quote.text).join('\n')
      const first = library.idOf.get(Number(quotes[0]?.source.passage_id)) ?? ''
      judged.push({
        isFirst: relevant.has(first),
        isSaid: (answers.get(id) ?? []).some((span) => contains(said, span)),
        characters: said.length,
        sentences: quotes.length,
        ms,
      })
    }
    closeStore(library.store)
    return row(collection.name, judged)
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** The operations as a shard runs them, without its thread. */
function tenantOf(store: Store): AskTenant {
  const context = evalContext()
  return {
    id: store.tenant,
    call: async <Name extends OperationName>(name: Name, args: Operations[Name]['args']) => {
      const run = operations[name].run as (...given: unknown[]) => Operations[Name]['result']
      return run(context, store, args)
    },
  }
}

function contains(answer: string, span: string): boolean {
  return normalText(answer).text.includes(normalText(span.trim()).text)
}

function row(collection: string, judged: readonly Judged[]): AnswersRow {
  const ms = judged.map((one) => one.ms)
  return {
    collection,
    engine: 'carrel',
    mode: 'extractive',
    questions: judged.length,
    first_citation: mean(judged.map((one) => Number(one.isFirst))),
    answer_contains: mean(judged.map((one) => Number(one.isSaid))),
    characters: mean(judged.map((one) => one.characters)),
    sentences: mean(judged.map((one) => one.sentences)),
    p50_ms: percentile(ms, 0.5),
    p95_ms: percentile(ms, 0.95),
  }
}

function loadAnswers(path: string): Map<string, readonly string[]> {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
  const rows = lines.map((line) => JSON.parse(line) as { _id: string; answers: string[] })
  return new Map(rows.map(({ _id, answers }) => [_id, answers]))
}
