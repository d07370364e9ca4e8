/** Merges: whatever happens while they run, and wherever they stop, every search sees exactly what is published. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { analyserVersion } from '../../src/search/analysis/analyser.ts'
import { TermCursor } from '../../src/search/blocks.ts'
import { termText } from '../../src/search/bytes.ts'
import {
  dropPending,
  publishSegments,
  replaceSegments,
  staleRanges,
  tombstonePassages,
} from '../../src/search/index-writer.ts'
import { mergePending, mergeStep, nextMerge } from '../../src/search/merge.ts'
import { slowBm25, TestLibrary } from './library.ts'

const vocabulary = Array.from(
  { length: 40 },
  (_, i) => `word${String.fromCharCode(97 + (i % 26))}${i}`,
)
const anyText = fc
  .array(fc.constantFrom(...vocabulary), { minLength: 1, maxLength: 8 })
  .map((w) => w.join(' '))

type Action =
  | { readonly kind: 'add'; readonly texts: readonly string[] }
  | { readonly kind: 'delete'; readonly from: number; readonly more: number }
  | { readonly kind: 'replace'; readonly document: number; readonly texts: readonly string[] }
  | { readonly kind: 'abandon'; readonly texts: readonly string[] }
  | { readonly kind: 'merge'; readonly steps: number; readonly isCut: boolean }

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      texts: fc.array(anyText, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      from: fc.nat(60),
      more: fc.nat(5),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('replace' as const),
      document: fc.nat(20),
      texts: fc.array(anyText, { minLength: 4, maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('abandon' as const),
      texts: fc.array(anyText, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('merge' as const),
      steps: fc.integer({ min: 1, max: 6 }),
      isCut: fc.boolean(),
    }),
  },
)

/** What a library should hold, kept beside it. */
class Model {
  readonly library = new TestLibrary()
  readonly texts = new Map<number, string>()
  readonly documents: { seq: number; ids: number[] }[] = []

  do(action: Action): void {
    const { app } = this.library
    if (action.kind === 'add') this.#add(action.texts)
    else if (action.kind === 'delete') {
      tombstonePassages(app, action.from, action.from + action.more)
      for (let id = action.from; id <= action.from + action.more; id++) this.texts.delete(id)
    } else if (action.kind === 'replace') this.#replace(action)
    else if (action.kind === 'abandon') {
      this.library.addPending(...action.texts.map((text) => ({ text })))
      dropPending(app, this.library.lastDocument())
    } else for (let step = 0; step < action.steps; step++) this.#mergeStep(action.isCut)
  }

  #add(texts: readonly string[]): void {
    const ids = this.library.add(...texts.map((text) => ({ text })))
    for (const [at, id] of ids.entries()) this.texts.set(id, texts[at] ?? '')
    this.documents.push({ seq: this.library.lastDocument(), ids })
  }

  /** The passages that are left of a document get other texts under the same ids. */
  #replace({ document, texts }: Action & { kind: 'replace' }): void {
    const found = this.documents[document % Math.max(1, this.documents.length)]
    const ids = found?.ids.filter((id) => this.texts.has(id)) ?? []
    if (!found || ids.length === 0) return
    const passages = ids.map((_, at) => ({ text: texts[at] ?? '' }))
    this.library.app.transaction(() => {
      this.library.index(found.seq, ids, passages, '')
      replaceSegments(this.library.app, { documentSeq: found.seq, revision: 1 })
    })
    for (const [at, id] of ids.entries()) this.texts.set(id, texts[at] ?? '')
  }

  /** A step that is cut is as if the process had died before its commit. */
  #mergeStep(isCut: boolean): void {
    const { app } = this.library
    if (!isCut) mergeStep(app, 0)
    else
      expect(() =>
        app.transaction(() => {
          mergeStep(app, 0)
          throw new Error('cut')
        }),
      ).toThrow('cut')
  }

  check(): void {
    for (const word of [0, 7, 23].map((at) => vocabulary[at] ?? '')) {
      const slow = [...this.texts].filter(([, text]) => text.split(' ').includes(word))
      const found = this.library.find(word, { limit: 500 })
      expect(found.sort((a, b) => a - b)).toEqual(slow.map(([id]) => id).sort((a, b) => a - b))
    }
  }

  /** Terms that any block of any segment has. */
  storedTerms(): Set<string> {
    const rows = this.library.app.all<{ terms: Uint8Array }>('SELECT terms FROM keyword_blocks')
    const terms = new Set<string>()
    for (const row of rows) {
      const cursor = new TermCursor(row.terms)
      while (cursor.next()) terms.add(termText(cursor.term, 0, cursor.termLength))
    }
    return terms
  }
}

test('searches see what is published at every step, and deleted words are gone in the end', () => {
  fc.assert(
    fc.property(fc.array(anyAction, { minLength: 10, maxLength: 60 }), (actions) => {
      const model = new Model()
      for (const action of actions) {
        model.do(action)
        model.check()
      }
      for (let step = 0; mergeStep(model.library.app, 0); step++) if (step % 7 === 0) model.check()
      model.check()
      const { app, analyser } = model.library
      const words = new Set([...model.texts.values()].flatMap((text) => text.split(' ')))
      const terms = new Set([...words].flatMap((word) => analyser.terms(word, 'en')))
      expect(model.storedTerms()).toEqual(terms)
      expect(app.all('SELECT * FROM keyword_tombstones')).toEqual([])
      expect(app.all('SELECT * FROM keyword_merges')).toEqual([])
      expect(app.all(`SELECT * FROM keyword_segments WHERE state <> 'live' OR dead > 0`)).toEqual(
        [],
      )
      const [query = ''] = words
      const slow = slowBm25(analyser, model.texts, analyser.terms(query, 'en'))
      expect(model.library.find(query, { limit: 500 })).toEqual(slow.map(([id]) => id))
      app.close()
    }),
    { numRuns: 40 },
  )
})

test('what dies while it is being merged stays dead', () => {
  const library = new TestLibrary()
  for (let i = 0; i < 8; i++)
    library.add({ text: `common ${vocabulary.slice(i, i + 30).join(' ')}` })
  mergeStep(library.app, 0)
  mergeStep(library.app, 0)
  expect(library.app.all('SELECT * FROM keyword_merges').length).toBe(8)
  tombstonePassages(library.app, 3, 4)
  library.mergeAll(0)
  expect(library.find('common', { limit: 20 })).toEqual([1, 2, 5, 6, 7, 8])
  expect(library.app.all(`SELECT id FROM keyword_segments`).length).toBe(1)
})

test('segments are merged in tiers, the emptiest is written anew, and then there is nothing to do', () => {
  const segment = (id: number, passages: number, dead = 0) => ({
    ...{ id, passages, dead, length: 0 },
    analyser: analyserVersion,
  })
  const small = Array.from({ length: 4 }, (_, id) => segment(id, 20))
  expect(nextMerge(small)).toEqual([0, 1, 2, 3])
  expect(nextMerge(small.slice(1))).toBeUndefined()
  expect(nextMerge([...small.slice(1), segment(9, 5000)])).toBeUndefined()
  expect(nextMerge([segment(1, 100, 1), segment(2, 100, 50)])).toEqual([2])
  const stale = { ...segment(7, 100, 50), analyser: analyserVersion - 1 }
  expect(nextMerge([stale, stale, stale, stale])).toBeUndefined()
  expect(nextMerge([segment(1, 100, 1), { ...stale, dead: 100 }])).toEqual([7])
})

test('an index that is up to date has no work', () => {
  const library = new TestLibrary()
  expect(mergePending(library.app)).toBe(false)
  expect(mergeStep(library.app, 5)).toBe(false)
  const [id = 0] = library.add({ text: 'word' })
  expect(mergePending(library.app)).toBe(false)
  tombstonePassages(library.app, id, id)
  expect(mergePending(library.app)).toBe(true)
  library.mergeAll()
  expect(library.app.all('SELECT id FROM keyword_segments')).toEqual([])
  expect(library.app.all('SELECT id FROM keyword_blocks')).toEqual([])
})

test('a segment of another analyser is noticed, until it is indexed again', () => {
  const library = new TestLibrary()
  const [id = 0] = library.add({ text: 'word' })
  expect(staleRanges(library.app)).toEqual([])
  library.app.run('UPDATE keyword_segments SET analyser = 0')
  expect(staleRanges(library.app)).toEqual([{ first: id, last: id }])
  library.index(library.lastDocument(), [id], [{ text: 'word' }], '')
  replaceSegments(library.app, { documentSeq: library.lastDocument(), revision: 1 })
  library.mergeAll()
  expect(staleRanges(library.app)).toEqual([])
  expect(library.find('word')).toEqual([id])
})

test('publishing is of one owner; dropping takes every revision of a document', () => {
  const library = new TestLibrary()
  const [id = 0] = library.addPending({ text: 'word' })
  const documentSeq = library.lastDocument()
  publishSegments(library.app, { documentSeq, revision: 2 })
  expect(library.find('word')).toEqual([])
  publishSegments(library.app, { documentSeq, revision: 1 })
  expect(library.find('word')).toEqual([id])
  library.index(documentSeq, [id], [{ text: 'other' }], '')
  dropPending(library.app, documentSeq)
  publishSegments(library.app, { documentSeq, revision: 1 })
  expect(library.find('other')).toEqual([])
  expect(library.find('word')).toEqual([id])
})
