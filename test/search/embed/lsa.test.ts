/** The fit against a dense decomposition; repeatable; the same wherever its terms are read from. */
import { expect, test } from 'vitest'
import { embedTerms } from '../../../src/search/embed/builtin.ts'
import { termsOfModel, termsOfSpace, writeTerms } from '../../../src/search/embed/learnt-terms.ts'
import { symmetricEigen } from '../../../src/search/embed/linear-algebra.ts'
import { countWeight, fitLsa, type LsaModel } from '../../../src/search/embed/lsa.ts'
import { termHash } from '../../../src/search/embed/term-hash.ts'
import { TermMatrixBuilder } from '../../../src/search/embed/term-matrix.ts'
import { openSpace } from '../../../src/search/vectors/spaces.ts'
import { cosine, emptyVecs, newSpace } from '../vectors/helpers.ts'
import { counts, topicTexts } from './corpus.ts'

function fitOf(texts: readonly string[], dims: number): LsaModel {
  const builder = new TermMatrixBuilder()
  for (const text of texts) builder.add(counts(text))
  return fitLsa(builder.build(), dims)
}

/** Rows of tf-idf of length one, as the fit weighs them, over all terms of two passages. */
function denseRows(texts: readonly string[]): { terms: string[]; rows: number[][] } {
  const counted = texts.map(counts)
  const passagesOf = new Map<string, number>()
  for (const row of counted)
    for (const term of row.keys()) passagesOf.set(term, (passagesOf.get(term) ?? 0) + 1)
  const terms = [...passagesOf].filter(([, n]) => n > 1).map(([term]) => term)
  const rows = counted.map((row) => {
    const weights = terms.map((term) => {
      const count = row.get(term) ?? 0
      return count > 0
        ? countWeight(count) * Math.log(texts.length / (passagesOf.get(term) ?? 1))
        : 0
    })
    const length = Math.hypot(...weights)
    return weights.map((weight) => (length > 0 ? weight / length : 0))
  })
  return { terms, rows }
}

test('the directions are those of the dense decomposition', () => {
  const texts = topicTexts(240, 12)
  const dims = 11
  const { terms, rows } = denseRows(texts)
  const width = terms.length
  const gram = new Float64Array(width * width)
  for (const row of rows)
    for (let i = 0; i < width; i++)
      for (let j = 0; j < width; j++)
        gram[i * width + j] = (gram[i * width + j] ?? 0) + (row[i] ?? 0) * (row[j] ?? 0)
  const { vectors } = symmetricEigen(gram, width)
  const exact = rows.map((row) =>
    Float32Array.from({ length: dims }, (_, d) =>
      row.reduce((sum, value, i) => sum + value * (vectors[i * width + d] ?? 0), 0),
    ),
  )
  const model = fitOf(texts, dims)
  const rowOf = new Map([...model.terms].map((hash, row) => [hash, row]))
  const fitted = rows.map((row) =>
    Float32Array.from({ length: dims }, (_, d) =>
      row.reduce((sum, value, i) => {
        const at = rowOf.get(termHash(terms[i] ?? '')) ?? -1
        return sum + value * (model.vectors[at * dims + d] ?? 0) * (model.scales[at] ?? 0)
      }, 0),
    ),
  )
  const near = (vectors: readonly Float32Array[], a: number, b: number) =>
    cosine(vectors[a] ?? new Float32Array(dims), vectors[b] ?? new Float32Array(dims))
  for (let a = 0; a < 40; a++)
    for (let b = 0; b < a; b++) expect(near(fitted, a, b)).toBeCloseTo(near(exact, a, b), 2)
})

test('the same texts give the same model, bit by bit', () => {
  const texts = topicTexts(150, 6)
  expect(fitOf(texts, 16)).toEqual(fitOf(texts, 16))
})

test('words that never meet are near when they keep the same company', () => {
  // car and auto stand with the same words, and never together.
  const texts = topicTexts(200, 8).map((text, i) => {
    const word = i % 16 < 8 ? 'car' : 'auto'
    return i % 8 === 0 ? `${text} ${word} ${word} ${word}` : text
  })
  const learnt = termsOfModel(fitOf(texts, 8))
  const vector = (text: string) => embedTerms(counts(text), text, learnt)
  expect(cosine(vector('car'), vector('auto'))).toBeGreaterThan(0.5)
  expect(cosine(vector('car'), vector('topic3w1'))).toBeLessThan(0.2)
})

test('passages that come later get the vector that the fit would have given them', () => {
  const texts = topicTexts(300, 10)
  const all = termsOfModel(fitOf(texts, 16))
  const most = termsOfModel(fitOf(texts.slice(0, 280), 16))
  const embed = (learnt: typeof all) =>
    texts.slice(280).map((text) => embedTerms(counts(text), text, learnt))
  const [fitted, folded] = [embed(all), embed(most)]
  // Two fits have different axes: what must agree is which passages are near each other.
  let difference = 0
  let pairs = 0
  for (let a = 0; a < fitted.length; a++)
    for (let b = 0; b < a; b++) {
      const near = cosine(fitted[a] as Float32Array, fitted[b] as Float32Array)
      difference += Math.abs(near - cosine(folded[a] as Float32Array, folded[b] as Float32Array))
      pairs++
    }
  expect(difference / pairs).toBeLessThan(0.05)
})

test('terms read from the file give the vectors that terms in memory give', () => {
  const texts = topicTexts(250, 5)
  const model = fitOf(texts, 20)
  const vecs = emptyVecs()
  const config = JSON.stringify({ provider: 'builtin', fitted: model.passages, library: 250 })
  const space = openSpace(vecs, { fingerprint: 'fit', dims: 384, config, now: 0 })
  let steps = 1
  for (let at = 0; writeTerms(vecs, space, model, at, 30); at += 30) steps++
  expect(steps).toBe(Math.ceil(model.terms.length / 30))
  const [memory, file] = [termsOfModel(model), termsOfSpace(vecs, space)]
  for (const text of [...texts.slice(0, 20), 'unheard words topic1w1', ''])
    expect(embedTerms(counts(text), text, file)).toEqual(embedTerms(counts(text), text, memory))
})

test('no term can be read from the file', () => {
  const model = fitOf(topicTexts(250, 5), 4)
  const vecs = emptyVecs()
  writeTerms(vecs, newSpace(vecs, 384), model, 0, 100_000)
  const rows = vecs.all<{ term: number; vector: Uint8Array }>('SELECT * FROM embedder_terms')
  expect(rows.length).toBe(model.terms.length)
  expect(JSON.stringify(rows.map(({ term }) => term))).not.toMatch(/topic|common/)
})

test.each([
  ['no passages', []],
  ['one passage', ['a b c']],
  ['empty passages', ['', '', '']],
  ['equal passages', Array.from({ length: 300 }, () => 'the same words again')],
  ['passages without a word in common', Array.from({ length: 300 }, (_, i) => `w${i} v${i}`)],
  ['two kinds', Array.from({ length: 300 }, (_, i) => (i % 2 ? 'a b' : 'c d'))],
])('a library of %s can be fitted, and every vector has length one', (_, texts) => {
  const model = fitOf(texts, 128)
  expect(model.dims).toBeLessThanOrEqual(128)
  expect([...model.scales].every(Number.isFinite)).toBe(true)
  const learnt = termsOfModel(model)
  for (const text of [...texts.slice(0, 3), 'something new', ''])
    expect(Math.hypot(...embedTerms(counts(text), text, learnt))).toBeCloseTo(1, 5)
})
