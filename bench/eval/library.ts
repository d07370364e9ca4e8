/** A collection as a tenant's library: real files, written as ingest and embedding write them. */
import { createHash } from 'node:crypto'
import { createLanguageDetector } from '../../src/ingest/language.ts'
import { PageTally } from '../../src/ingest/page-tally.ts'
import { addDocument } from '../../src/library/documents.ts'
import { completeJob } from '../../src/library/jobs.ts'
import { addPages, addPassages } from '../../src/library/passages.ts'
import { type Analyser, createAnalyser } from '../../src/search/analysis/analyser.ts'
import { builtinDims, embedTerms, learntDims } from '../../src/search/embed/builtin.ts'
import { termsOfModel, writeTerms } from '../../src/search/embed/learnt-terms.ts'
import { fitLsa, type LsaModel } from '../../src/search/embed/lsa.ts'
import {
  type BuiltinConfig,
  fitFingerprint,
  hashedFingerprint,
  planFit,
} from '../../src/search/embed/refit.ts'
import { TermMatrixBuilder } from '../../src/search/embed/term-matrix.ts'
import { TermCounter } from '../../src/search/embed/text-terms.ts'
import { indexPassages, publishSegments } from '../../src/search/index-writer.ts'
import { mergeStep } from '../../src/search/merge.ts'
import { activateSpace, openSpace } from '../../src/search/vectors/spaces.ts'
import { putVectors } from '../../src/search/vectors/vector-store.ts'
import { vectorsSql } from '../../src/tenancy/migrations/vectors.ts'
import { openStore, type Store } from '../../src/tenancy/store.ts'
import { parseTenantId } from '../../src/tenancy/tenant-id.ts'
import type { Collection, CorpusDocument } from './collection.ts'

/** Documents a batch: about what an ingest batch has. */
const batchDocuments = 256
const stepMs = 50

export type EmbedderName = 'builtin' | 'pieces'

export interface EvalLibrary {
  readonly store: Store
  /** Of the passages, the most common first. */
  readonly languages: readonly string[]
  /** The collection's id of a passage. */
  readonly idOf: ReadonlyMap<number, string>
}

interface EvalPassage extends CorpusDocument {
  readonly passage: number
  readonly language: string
}

export async function buildLibrary(
  dataDir: string,
  collection: Collection,
  embedder: EmbedderName,
): Promise<EvalLibrary> {
  const tenant = parseTenantId('eval')
  if (!tenant) throw new Error('The name of the library is no tenant’s.')
  const store = openStore(dataDir, tenant, { generation: undefined, create: true })
  const analyser = createAnalyser()
  const passages = await addDocuments(store, collection, analyser)
  while (mergeStep(store.app, stepMs));
  const counter = new TermCounter(analyser)
  embedAll(store, passages, counter, embedder)
  const idOf = new Map(passages.map(({ passage, id }) => [passage, id]))
  return { store, languages: commonLanguages(passages), idOf }
}

async function addDocuments(
  { app }: Store,
  collection: Collection,
  analyser: Analyser,
): Promise<EvalPassage[]> {
  const detector = (await createLanguageDetector()).document()
  const passages: EvalPassage[] = []
  for (let from = 0; from < collection.documents.length; from += batchDocuments) {
    const batch = collection.documents.slice(from, from + batchDocuments)
    app.unsyncedTransaction(() => {
      const added = batch.map((document) => addOne(app, document, detector.detect(document.text)))
      const owner = { documentSeq: added[0]?.seq ?? 0, revision: 1 }
      const indexed = added.map(({ passage, title, text, language }) => {
        return { id: passage, title, section: '', text, language }
      })
      indexPassages(app, owner, indexed, analyser)
      publishSegments(app, owner)
      passages.push(...added)
    })
  }
  return passages
}

function addOne(
  app: Store['app'],
  document: CorpusDocument,
  language: string,
): EvalPassage & { seq: number } {
  const { seq } = addDocument(
    app,
    {
      sha256: createHash('sha256').update(document.id).digest('hex'),
      bytes: document.text.length,
      filename: `${document.id}.txt`,
      title: document.title,
      tags: [],
      mediaType: 'text/plain',
      extension: 'txt',
    },
    0,
  )
  const revision = { documentSeq: seq, revision: 1 }
  const spans = [{ page: 1, start: 0, end: document.text.length, at: 0 }]
  const draft = { section: [], text: document.text, spans, language }
  const { text } = document
  const page = {
    number: 1,
    label: null,
    text,
    source: 'text',
    language,
    isSuspicious: false,
  } as const
  addPages(app, revision, [page])
  const [passage = 0] = addPassages(app, revision, [draft])
  const report = new PageTally().report([])
  const summary = { pages: 1, passages: 1, title: null, language, outline: [], report }
  completeJob(app, { ...revision, id: -1, attempts: 1 }, summary, 0)
  return { ...document, seq, passage, language }
}

function embedAll(
  { vecs }: Store,
  passages: readonly EvalPassage[],
  counter: TermCounter,
  embedder: EmbedderName,
): void {
  if (!vecs.get(`SELECT 1 FROM sqlite_schema WHERE name = 'vector_spaces'`)) vecs.script(vectorsSql)
  const count = ({ title, text, language }: EvalPassage) =>
    counter.count(`${title}\n\n${text}`, language)
  const model = embedder === 'builtin' ? learn(passages, count) : undefined
  const fingerprint = model ? fitFingerprint(model) : hashedFingerprint
  const config: BuiltinConfig = {
    provider: 'builtin',
    fitted: model?.passages ?? 0,
    library: passages.length,
  }
  const space = openSpace(vecs, {
    fingerprint,
    dims: builtinDims,
    config: JSON.stringify(config),
    now: 0,
  })
  for (let at = 0; model && writeTerms(vecs, space, model, at, 5_000); at += 5_000);
  const learnt = model && termsOfModel(model)
  for (let from = 0; from < passages.length; from += batchDocuments) {
    const batch = passages.slice(from, from + batchDocuments)
    const rows = batch.map((passage) => {
      return { id: passage.passage, vector: embedTerms(count(passage), passage.text, learnt) }
    })
    putVectors(vecs, space, rows)
  }
  activateSpace(vecs, fingerprint)
}

/** As the thread that fits does: the terms of passages one by one, never all their texts. */
function learn(
  passages: readonly EvalPassage[],
  count: (passage: EvalPassage) => ReadonlyMap<string, number>,
): LsaModel | undefined {
  const plan = planFit(passages.length, undefined)
  if (!plan) return undefined
  const builder = new TermMatrixBuilder()
  for (const [index, passage] of passages.entries())
    if (index % plan.every === 0) builder.add(count(passage))
  return fitLsa(builder.build(), learntDims)
}

function commonLanguages(passages: readonly EvalPassage[]): string[] {
  const counts = new Map<string, number>()
  for (const { language } of passages) counts.set(language, (counts.get(language) ?? 0) + 1)
  const sorted = [...counts].sort((a, b) => b[1] - a[1])
  return sorted.slice(0, 6).map(([language]) => language)
}
