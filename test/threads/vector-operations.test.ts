/** Vectors of a remote embedder in a tenant's files: offered once, kept if they still fit, switched to when complete. */
import { expect, test } from 'vitest'
import { Problem } from '../../src/base/problem.ts'
import { spaces } from '../../src/search/vectors/spaces.ts'
import { createShardContext } from '../../src/threads/context.ts'
import * as documents from '../../src/threads/document-operations.ts'
import { reindexPending, reindexStep } from '../../src/threads/reindex.ts'
import { remoteUnfinished } from '../../src/threads/remote-spaces.ts'
import {
  type PendingVectors,
  pending,
  store,
  type VectorsToStore,
} from '../../src/threads/vector-operations.ts'
import { fakeVector } from '../fake-vector.ts'
import { ranking, ShardLibrary } from './library.ts'

const cacheBytes = 2 ** 20
const dimensions = 32
const one = { fingerprint: 'remote-one', dimensions }
const two = { fingerprint: 'remote-two', dimensions }
type Space = typeof one

const remote = (): ShardLibrary =>
  new ShardLibrary('ann', { context: createShardContext(ranking, cacheBytes, 'remote') })
const ask = (library: ShardLibrary, space: Space, after = 0, limit = 8): PendingVectors =>
  pending(library.context, library.store, { ...space, limit, after })
const vectorOf = (text: string, { fingerprint }: Space): Float32Array =>
  Float32Array.from(fakeVector(text, dimensions, fingerprint))
const keep = (
  library: ShardLibrary,
  space: Space,
  { items, epoch }: Pick<PendingVectors, 'items' | 'epoch'>,
  more: Partial<VectorsToStore> = {},
): number => {
  const vectors = items.map(({ passageId, text }) => {
    return { passageId, vector: vectorOf(text, space) }
  })
  return store(library.context, library.store, { ...space, items: vectors, epoch, ...more }).left
}
/** As the runner does. @returns how many texts were asked for */
const fill = (library: ShardLibrary, space: Space): number => {
  let count = 0
  for (let after = 0; ; ) {
    const batch = ask(library, space, after)
    const last = batch.items.at(-1)
    if (!last) {
      if (!batch.isSettled) keep(library, space, batch)
      return count
    }
    count += batch.items.length
    after = last.passageId
    keep(library, space, batch)
  }
}
const states = (library: ShardLibrary): Record<string, string> =>
  Object.fromEntries(
    spaces(library.store.vecs).map(({ fingerprint, state }) => [fingerprint, state]),
  )
const sentences = (count: number, salt = ''): string[] =>
  Array.from({ length: count }, (_, i) => `Sentence ${i} of ${salt} speaks of whale number${i}.`)
const searched = (library: ShardLibrary, space: Space, query: string) =>
  library.search(query, {
    mode: 'semantic',
    vector: { fingerprint: space.fingerprint, values: vectorOf(query, space) },
  })

test('every passage is offered once, and the space is searched when the last is stored', () => {
  const library = remote()
  library.add('Whales', sentences(20))
  library.settle()
  expect(states(library)).toEqual({})
  const first = ask(library, one)
  expect(first).toMatchObject({ left: 20, isSettled: false })
  expect(first.items[0]?.text).toBe('Whales\n\nSentence 0 of  speaks of whale number0.')
  expect(keep(library, one, first)).toBe(12)
  expect(states(library)).toEqual({ 'remote-one': 'building' })
  expect(searched(library, one, 'whale').mode).toBe('keyword')
  library.reopen()
  expect(remoteUnfinished(library.store)).toBe(true)
  expect(fill(library, one)).toBe(12)
  expect(states(library)).toEqual({ 'remote-one': 'live' })
  expect(remoteUnfinished(library.store)).toBe(false)
  expect(library.embedded()).toEqual(library.published())
  expect(ask(library, one)).toMatchObject({ items: [], left: 0, isSettled: true })
})

test('a search reads one space: a vector of another is not used, and the right one is asked for', () => {
  const library = remote()
  library.add('Whales', sentences(20))
  library.settle()
  fill(library, one)
  expect(searched(library, one, 'whale number7')).toMatchObject({ mode: 'semantic' })
  expect(searched(library, two, 'whale number7')).toMatchObject({
    mode: 'keyword',
    wants: 'remote-one',
  })
  expect(library.search('whale number7')).toMatchObject({ mode: 'keyword', wants: 'remote-one' })
})

test('another model is filled beside; the one before is kept, and an older one is not', () => {
  const library = remote()
  library.add('Whales', sentences(20))
  library.settle()
  fill(library, one)
  const batch = ask(library, two)
  keep(library, two, batch)
  expect(states(library)).toEqual({ 'remote-one': 'live', 'remote-two': 'building' })
  fill(library, two)
  expect(states(library)).toEqual({ 'remote-one': 'kept', 'remote-two': 'live' })
  // Meanwhile one document comes and another goes: back again costs what came.
  const id = library.add('More', sentences(3, 'more'))
  library.settle()
  expect(fill(library, two)).toBe(3)
  expect(fill(library, one)).toBe(3)
  expect(states(library)).toEqual({ 'remote-one': 'live', 'remote-two': 'kept' })
  library.delete(id)
  library.settle()
  fill(library, { fingerprint: 'remote-three', dimensions: 32 })
  expect(states(library)).toEqual({ 'remote-one': 'kept', 'remote-three': 'live' })
  library.settle()
  expect(library.embedded()).toEqual(library.published())
})

test('what went or changed its title while it was embedded is not stored', () => {
  const library = remote()
  const gone = library.add('Gone', sentences(2, 'gone'))
  const named = library.add('Old', sentences(2, 'named'))
  library.settle()
  const batch = ask(library, one)
  expect(batch.items).toHaveLength(4)
  library.delete(gone)
  documents.update(library.context, library.store, { id: named, title: 'New' })
  while (reindexPending(library.store.app)) reindexStep(library.context, library.store)
  expect(keep(library, one, batch)).toBe(2)
  library.settle()
  const again = ask(library, one)
  expect(again.items.map(({ text }) => text.split('\n')[0])).toEqual(['New', 'New'])
  fill(library, one)
  documents.update(library.context, library.store, { id: named, title: 'Newer' })
  while (reindexPending(library.store.app)) reindexStep(library.context, library.store)
  // Offered only once the old vectors are gone, so that nothing is made twice.
  expect(ask(library, one).items).toEqual([])
  library.settle()
  expect(fill(library, one)).toBe(2)
  expect(library.embedded()).toEqual(library.published())
})

test('a space is complete without the few passages that the endpoint refuses, not without many', () => {
  const library = remote()
  library.add('Whales', sentences(30))
  library.settle()
  const all = ask(library, one, 0, 100)
  const ids = all.items.map(({ passageId }) => passageId)
  keep(library, one, { ...all, items: all.items.slice(0, 20) })
  const few = { items: [], epoch: all.epoch }
  keep(library, one, few, { refused: ids.slice(20) })
  expect(states(library)).toEqual({ 'remote-one': 'building' })
  keep(library, one, { ...all, items: all.items.slice(20, 28) })
  keep(library, one, few, { refused: ids.slice(28) })
  expect(states(library)).toEqual({ 'remote-one': 'live' })
  expect(remoteUnfinished(library.store)).toBe(true)
})

test('vectors that cannot be stored are refused whole', () => {
  const library = remote()
  library.add('Whales', sentences(3))
  library.settle()
  const { items, epoch } = ask(library, one)
  const id = items[0]?.passageId ?? 0
  for (const vector of [
    new Float32Array(dimensions),
    new Float32Array(dimensions).fill(Number.NaN),
    new Float32Array(7).fill(1),
  ]) {
    const args = { ...one, epoch, items: [{ passageId: id, vector }] }
    expect(() => store(library.context, library.store, args)).toThrow(Problem)
  }
  expect(states(library)).toEqual({})
})

test('without the endpoint the built-in embedder takes over, and comes back to what it had', () => {
  const dataDir = new ShardLibrary().dataDir
  const builtin = new ShardLibrary('bea', { dataDir })
  builtin.add('Whales', sentences(12))
  builtin.settle()
  builtin.close()
  const context = createShardContext(ranking, cacheBytes, 'remote')
  const library = new ShardLibrary('bea', { dataDir, context })
  // The built-in one serves on, and follows, until the remote one is complete.
  expect(library.search('whales').mode).toBe('hybrid')
  const gone = library.add('Ships', sentences(3, 'ships'))
  library.settle()
  expect(library.embedded()).toEqual(library.published())
  expect(fill(library, one)).toBe(15)
  expect(Object.values(states(library))).toEqual(['kept', 'live'])
  library.delete(gone)
  library.settle()
  library.close()
  const back = new ShardLibrary('bea', { dataDir })
  back.settle()
  expect(Object.values(states(back))).toEqual(['live', 'kept'])
  expect(back.embedded()).toEqual(back.published())
  expect(back.search('whales').mode).toBe('hybrid')
})

test('a vecs.db that lost its place is compared: too much goes from every space, what lacks is offered', () => {
  const library = remote()
  const first = library.add('First', sentences(5, 'first'))
  library.add('Second', sentences(5, 'second'))
  library.settle()
  fill(library, one)
  fill(library, two)
  library.store.app.run("UPDATE meta SET value = '900' WHERE key = 'epoch'")
  library.delete(first)
  library.store.app.run('DELETE FROM vector_changes')
  library.settle()
  expect(spaces(library.store.vecs).map(({ passages }) => passages)).toEqual([5, 5])
  expect(ask(library, two).left).toBe(0)
})
