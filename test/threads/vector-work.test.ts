/** Vectors follow the library through every change, stop and loss, and agree with it in the end. */
import { copyFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { epochOf, setVectorEpoch } from '../../src/library/vector-changes.ts'
import { spaces } from '../../src/search/vectors/spaces.ts'
import { deleteVectors } from '../../src/search/vectors/vector-store.ts'
import * as documents from '../../src/threads/document-operations.ts'
import { reindexPending, reindexStep } from '../../src/threads/reindex.ts'
import { ShardLibrary } from './library.ts'

const sentences = (count: number, salt = ''): string[] =>
  Array.from({ length: count }, (_, i) => `Sentence ${i} of ${salt} speaks of whale number${i}.`)
const vecsPath = (library: ShardLibrary): string => join(library.dataDir, library.tenant, 'vecs.db')
const rowCounts = (library: ShardLibrary): number[] =>
  ['vectors', 'vector_blocks', 'embedder_terms'].map(
    (table) => library.store.vecs.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n ?? -1,
  )
const expectAgreement = (library: ShardLibrary): void => {
  expect(library.embedded()).toEqual(library.published())
  expect(epochOf(library.store.vecs)).toBe(epochOf(library.store.app))
  expect(library.work.isPending(library.store)).toBe(false)
}

test('what is published gets a vector, what is deleted loses it, whatever the size of a step', () => {
  for (const budgetMs of [0, 1_000]) {
    const library = new ShardLibrary(`t${budgetMs}`)
    const first = library.add('First', sentences(70))
    library.settle(budgetMs)
    expectAgreement(library)
    library.add('Second', sentences(40, 'the second'))
    library.delete(first)
    library.settle(budgetMs)
    expectAgreement(library)
    expect(library.embedded()).toHaveLength(40)
  }
})

test('nothing is left of a library whose documents are all deleted', () => {
  const library = new ShardLibrary()
  const ids = [1, 2, 3].map((n) => library.add(`Book ${n}`, sentences(300, `book ${n}`)))
  library.settle()
  library.store.vecs.checkpoint()
  const full = statSync(vecsPath(library)).size
  for (const id of ids) library.delete(id)
  library.settle()
  expect(rowCounts(library)).toEqual([0, 0, 0])
  library.store.vecs.checkpoint()
  expect(statSync(vecsPath(library)).size).toBeLessThan(full / 10)
})

test('reading a document again replaces its vectors; a new title is embedded too', () => {
  const library = new ShardLibrary()
  const id = library.add('Old', ['The pequod sails.'])
  library.settle()
  documents.reprocess(library.context, library.store, { id })
  library.read('Old', ['The pequod sinks.', 'The coffin floats.'])
  library.settle()
  expectAgreement(library)
  documents.update(library.context, library.store, { id, title: 'Numismatics' })
  while (reindexPending(library.store.app)) reindexStep(library.context, library.store)
  const before = library.search('numismatic', { mode: 'semantic' }).hits[0]?.score ?? 0
  library.settle()
  expectAgreement(library)
  const after = library.search('numismatic', { mode: 'semantic' }).hits[0]?.score ?? 0
  expect(after).toBeGreaterThan(before + 0.1)
})

test('a stop after any step loses nothing and repeats little', () => {
  const library = new ShardLibrary()
  const id = library.add('One', sentences(50))
  for (let steps = 0; library.work.isPending(library.store); steps++) {
    library.work.step(library.store, 0)
    if (steps === 10) library.delete(id)
    if (steps === 5) library.add('Two', sentences(30, 'two'))
    library.reopen()
    expect(steps).toBeLessThan(500)
  }
  expectAgreement(library)
  expect(library.embedded()).toHaveLength(30)
})

test.for([
  ['lost', (path: string) => rmSync(path)],
  ['empty', (path: string) => truncateSync(path, 0)],
  ['cut in its first page', (path: string) => truncateSync(path, 1_000)],
  ['garbage', (path: string) => writeFileSync(path, Buffer.alloc(9_000, 7))],
  [
    'beside a stale log',
    (path: string) => {
      rmSync(path)
      writeFileSync(`${path}-wal`, Buffer.alloc(5_000, 1))
    },
  ],
] as const)('a vecs.db that is %s is made again', ([, damage]) => {
  const library = new ShardLibrary()
  library.add('Whales', sentences(20))
  library.settle()
  library.reopen(() => damage(vecsPath(library)))
  const waiting = library.search('whale')
  expect(waiting.mode).toBe('keyword')
  expect(waiting.hits.length).toBeGreaterThan(0)
  library.settle()
  expectAgreement(library)
  expect(library.search('whale').mode).toBe('hybrid')
})

test('a vecs.db of an earlier day catches up, one of a later day is compared', () => {
  const library = new ShardLibrary()
  library.add('Whales', sentences(20))
  library.settle()
  const [vecs, app] = [vecsPath(library), join(library.dataDir, library.tenant, 'app.db')]
  library.reopen(() => {
    copyFileSync(vecs, join(library.dataDir, 'old-vecs'))
    copyFileSync(app, join(library.dataDir, 'old-app'))
  })
  const second = library.add('Squids', sentences(20, 'squids'))
  library.settle()
  library.reopen(() => copyFileSync(join(library.dataDir, 'old-vecs'), vecs))
  expect(library.embedded()).toHaveLength(20)
  library.settle()
  expectAgreement(library)
  library.reopen(() => copyFileSync(join(library.dataDir, 'old-app'), app))
  library.settle()
  expectAgreement(library)
  expect(library.titles('squid')).not.toContain('Squids')
  expect(second).toBeDefined()
})

test('a log that does not reach back is replaced by a comparison, missing and orphaned vectors alike', () => {
  const library = new ShardLibrary()
  library.add('Whales', sentences(40))
  library.settle()
  const { app, vecs } = library.store
  deleteVectors(vecs, library.live(), [{ first: 3, last: 9 }])
  app.run('DELETE FROM passages WHERE id > 35')
  app.run('UPDATE passage_ranges SET last = 35')
  setVectorEpoch(vecs, -1)
  library.settle()
  expectAgreement(library)
})

test('the log of changes stays short', () => {
  const library = new ShardLibrary()
  for (let n = 0; n < 300; n++) library.add(`Note ${n}`, [`Note number ${n}.`])
  library.settle()
  library.add('Last', ['The last note.'])
  library.settle()
  const rows = library.store.app.get<{ n: number }>('SELECT count(*) AS n FROM vector_changes')?.n
  expect(rows).toBeLessThan(300)
  expectAgreement(library)
})

test('passages of signs, of nothing known, all equal: each has its vector, or the work ends without', () => {
  const library = new ShardLibrary()
  library.add('☂', ['🎉', '🎉', '   ', '\ud800', '—', 'same', 'same'], 'und')
  library.settle()
  expect(library.work.isPending(library.store)).toBe(false)
  expect(library.search('🎉').mode).toBe('hybrid')
})

test('one space is left after a switch', () => {
  const library = new ShardLibrary()
  library.add('Whales', sentences(5))
  library.settle()
  expect(spaces(library.store.vecs).map(({ state }) => state)).toEqual(['live'])
})
