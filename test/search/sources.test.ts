/** Sources of an answer: no copies, several documents, no filling, and no more read than is needed. */
import { expect, test } from 'vitest'
import { chooseSources, type SourceHit } from '../../src/search/sources.ts'

function hit(document_id: string, text: string, score: number): SourceHit {
  return { document_id, text, score }
}

function textsOf(hits: readonly SourceHit[]): string[] {
  return hits.map(({ text }) => text)
}

test('a copy of what is said already gives its place to something else', () => {
  const hits = [
    hit('a', 'The harbour was dredged in spring.', 9),
    hit('b', 'The HARBOUR was dredged, in spring!', 8),
    hit('c', 'The lighthouse was painted.', 7),
  ]
  expect(textsOf(chooseSources(hits, 2))).toEqual([hits[0]?.text, hits[2]?.text])
})

test('a document with three passages waits until the others have said theirs', () => {
  const words = ['one', 'two', 'three', 'four', 'five']
  const loud = words.map((word, at) => hit('loud', `${word} of the loud`, 10 - at))
  const quiet = hit('quiet', 'something else', 5)
  expect(textsOf(chooseSources([...loud, quiet], 5))).toEqual(
    textsOf([...loud.slice(0, 3), quiet, ...loud.slice(3, 4)]),
  )
})

test('what is far below the best is filling', () => {
  const hits = [hit('a', 'near', 10), hit('b', 'fair', 1.6), hit('c', 'far', 1.4)]
  expect(textsOf(chooseSources(hits, 8))).toEqual(['near', 'fair'])
  expect(chooseSources([], 8)).toEqual([])
})

test('nothing is read beyond the last source', () => {
  let read = 0
  function* hits(): Generator<SourceHit, void> {
    for (const word of ['alpha', 'beta', 'gamma', 'delta']) {
      read++
      yield hit(word, word, 1)
    }
  }
  expect(chooseSources(hits(), 2)).toHaveLength(2)
  expect(read).toBe(2)
})
