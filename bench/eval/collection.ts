/** Judged collections in BEIR layout. */
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface CorpusDocument {
  readonly id: string
  readonly title: string
  readonly text: string
}

export interface JudgedQuery {
  readonly id: string
  readonly text: string
  /** Grades of relevant documents, all above zero. */
  readonly relevant: ReadonlyMap<string, number>
}

export interface Collection {
  readonly name: string
  readonly documents: readonly CorpusDocument[]
  /** Queries that have a relevant document; the others say nothing. */
  readonly queries: readonly JudgedQuery[]
}

/** @param place a folder, or the name of one in `collections` of the test data */
export function loadCollection(place: string, testData: string): Collection {
  const folder = existsSync(join(place, 'corpus.jsonl'))
    ? place
    : join(testData, 'collections', place)
  if (!existsSync(join(folder, 'corpus.jsonl')))
    throw new Error(`${place} is no folder in BEIR layout, nor the name of one in ${testData}.`)
  const grades = loadGrades(join(folder, 'qrels', 'test.tsv'))
  const queries = readLines<{ _id: string; text: string }>(join(folder, 'queries.jsonl'))
  return {
    name: basename(folder),
    documents: readLines<{ _id: string; title?: string; text: string }>(
      join(folder, 'corpus.jsonl'),
    ).map(({ _id, title, text }) => ({ id: _id, title: title ?? '', text })),
    queries: queries.flatMap(({ _id, text }) => {
      const relevant = grades.get(_id)
      return relevant ? [{ id: _id, text, relevant }] : []
    }),
  }
}

function loadGrades(path: string): Map<string, Map<string, number>> {
  const grades = new Map<string, Map<string, number>>()
  for (const line of readFileSync(path, 'utf8').trim().split('\n').slice(1)) {
    const [query = '', document = '', grade = '0'] = line.split('\t')
    if (Number(grade) <= 0) continue
    const row = grades.get(query) ?? new Map<string, number>()
    grades.set(query, row.set(document, Number(grade)))
  }
  return grades
}

function readLines<T>(path: string): T[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T)
}
