/** Vectors without a model: of any text, near for near words; terms counted as the index counts them. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAnalyser } from '../../../src/search/analysis/analyser.ts'
import { builtinDims, embedTerms } from '../../../src/search/embed/builtin.ts'
import { fitLsa } from '../../../src/search/embed/lsa.ts'
import {
  builtinConfigOf,
  fitFingerprint,
  fitPassagesMax,
  fitPassagesMin,
  hashedFingerprint,
  isCurrent,
  planFit,
} from '../../../src/search/embed/refit.ts'
import { termHash } from '../../../src/search/embed/term-hash.ts'
import { TermMatrixBuilder } from '../../../src/search/embed/term-matrix.ts'
import { TermCounter } from '../../../src/search/embed/text-terms.ts'
import { cosine } from '../vectors/helpers.ts'
import { counts, topicTexts } from './corpus.ts'

const counter = new TermCounter(createAnalyser())

function vectorOf(text: string, language = 'en'): Float32Array {
  return embedTerms(counter.count(text, language), text, undefined)
}

test('every text has a vector of length one: empty, signs, emoji, lone surrogates', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const vector = vectorOf(text)
      expect(vector).toHaveLength(builtinDims)
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
    }),
  )
  for (const text of ['', '🙂🙂', '\ud800', '…!?', 'the of and'])
    expect(Math.hypot(...vectorOf(text))).toBeCloseTo(1, 5)
})

test('misspellings, endings and parts of compounds are near, other words are not', () => {
  const near = (a: string, b: string, language = 'en') =>
    cosine(vectorOf(a, language), vectorOf(b, language))
  expect(near('aerodynamics', 'aerodinamics')).toBeGreaterThan(0.4)
  expect(near('Versicherung', 'Lebensversicherung', 'de')).toBeGreaterThan(0.35)
  expect(near('аэродинамика', 'аэродинамический', 'ru')).toBeGreaterThan(0.3)
  expect(near('图书馆', '国家图书馆', 'zh')).toBeGreaterThan(0.3)
  expect(near('aerodynamics', 'mortgage')).toBeLessThan(0.25)
})

test('stop words do not count, in the language of the text', () => {
  expect([...counter.count('the lift of a wing', 'en').keys()]).toEqual(['lift', 'wing'])
  expect(counter.count('die Flügel und der Auftrieb', 'de').has('und')).toBe(false)
})

test('a question is read in every language of the library, a word of both counting once', () => {
  const both = counter.countQuery('wing wing', ['en', 'de'])
  expect(Math.max(...both.values())).toBe(2)
})

test('terms of one passage and the rarest beyond the limit teach nothing', () => {
  const builder = new TermMatrixBuilder()
  builder.add(counts('a b c once'))
  builder.add(counts('a b a a'))
  builder.add(counts('a c d'))
  builder.add(counts('a b d'))
  const matrix = builder.build(2)
  expect([...matrix.terms]).toEqual([termHash('a'), termHash('b')])
  expect([...matrix.passagesOf]).toEqual([4, 3])
  const rows: number[][][] = []
  matrix.forEachRow((columns, numbers, length) =>
    rows.push(Array.from({ length }, (_, i) => [columns[i] ?? -1, numbers[i] ?? -1])),
  )
  expect(rows).toEqual([
    [
      [0, 1],
      [1, 1],
    ],
    [
      [0, 3],
      [1, 1],
    ],
    [[0, 1]],
    [
      [0, 1],
      [1, 1],
    ],
  ])
})

test('hashes of terms are whole, below 2^52, and apart', () => {
  const terms = Array.from({ length: 200_000 }, (_, i) => `term${i.toString(36)}`)
  const hashes = new Set(terms.map(termHash))
  expect(hashes.size).toBe(terms.length)
  for (const hash of [...hashes].slice(0, 1000))
    expect(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 52).toBe(true)
})

test('a library is learnt from when it is large enough, has grown by half or shrunk as much', () => {
  const fitted = { provider: 'builtin', fitted: 1_000, library: 1_000 } as const
  expect(planFit(fitPassagesMin - 1, undefined)).toBeUndefined()
  expect(planFit(fitPassagesMin, undefined)).toEqual({ every: 1 })
  expect(planFit(fitPassagesMin, { ...fitted, fitted: 0, library: 0 })).toEqual({ every: 1 })
  expect(planFit(1_499, fitted)).toBeUndefined()
  expect(planFit(1_500, fitted)).toEqual({ every: 1 })
  expect(planFit(600, fitted)).toEqual({ every: 1 })
  expect(planFit(700, fitted)).toBeUndefined()
  expect(planFit(fitPassagesMax * 2 + 1, fitted)).toEqual({ every: 3 })
})

test('settings are read back, and those of others are not taken for them', () => {
  const config = { provider: 'builtin', fitted: 5, library: 9 } as const
  expect(builtinConfigOf(JSON.stringify(config))).toEqual(config)
  for (const other of ['{}', 'null', '3', '{"provider":"openai","fitted":1,"library":1}'])
    expect(builtinConfigOf(other)).toBeUndefined()
})

test('each fit has a name of its own, which says whether it is of this version', () => {
  const model = (seed: number) => {
    const builder = new TermMatrixBuilder()
    for (const text of topicTexts(50, 5, seed)) builder.add(counts(text))
    return fitLsa(builder.build(), 8)
  }
  expect(fitFingerprint(model(1))).toBe(fitFingerprint(model(1)))
  expect(fitFingerprint(model(1))).not.toBe(fitFingerprint(model(2)))
  expect([fitFingerprint(model(1)), hashedFingerprint].map(isCurrent)).toEqual([true, true])
  expect(['builtin:pieces-384:v0:a0', 'openai:x'].map(isCurrent)).toEqual([false, false])
})
