/** Hybrid search over a tenant's real files: what is found, why, and what must never be. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ShardLibrary } from './library.ts'

const filler = Array.from({ length: 30 }, (_, i) => `Harbour record ${i}: tide, wind and cargo.`)

function whaleLibrary(): ShardLibrary {
  const library = new ShardLibrary()
  library.add('Cetology', ['The harpooner watched the spermaceti whale breach at sunrise.'])
  library.add('Harbours', filler)
  library.settle()
  return library
}

test('another form of a word, which the words do not find, is found by meaning', () => {
  const library = whaleLibrary()
  expect(library.titles('harpoonsmith', { mode: 'keyword' })).toEqual([])
  const { hits, mode } = library.search('harpoonsmith')
  expect(mode).toBe('hybrid')
  expect(hits[0]?.title).toBe('Cetology')
  expect(library.titles('harpoonsmith', { mode: 'semantic' })[0]).toBe('Cetology')
})

test('before there are vectors every mode answers by words and says so', () => {
  const library = new ShardLibrary()
  library.add('Cetology', ['The whale breaches.'])
  for (const mode of ['keyword', 'hybrid', 'semantic'] as const) {
    const found = library.search('whale', { mode })
    expect(found.mode).toBe('keyword')
    expect(found.hits.map(({ title }) => title)).toEqual(['Cetology'])
  }
})

test('the shares of the arms add up to the score, and the words to the raw score of the keyword arm', () => {
  const library = whaleLibrary()
  for (const alpha of [0, 0.25, 0.7, 1]) {
    const { hits } = library.search('whale harpooner tide', { explain: true, alpha })
    expect(hits.length).toBeGreaterThan(2)
    for (const { score, explain } of hits) {
      const sum = (explain?.arms ?? []).reduce((total, { share }) => total + share, 0)
      expect(sum).toBeCloseTo(score, 10)
      const [keyword, semantic] = explain?.arms ?? []
      expect([keyword?.arm, semantic?.arm]).toEqual(['keyword', 'semantic'])
      expect(keyword?.share).toBeCloseTo(alpha * (keyword?.normalised ?? 0), 10)
      expect(semantic?.share).toBeCloseTo((1 - alpha) * (semantic?.normalised ?? 0), 10)
      const words = (explain?.words ?? []).reduce((total, word) => total + word.score, 0)
      if (keyword?.rank) expect(words).toBeCloseTo(keyword.raw ?? 0, 3)
    }
  }
  const [best] = library.search('whale', { mode: 'keyword', explain: true }).hits
  expect(best?.explain?.arms).toEqual([
    { arm: 'keyword', rank: 1, raw: best?.score, normalised: best?.score, share: best?.score },
  ])
})

test('alpha decides: 1 keeps the order of the words, 0 that of the vectors', () => {
  const library = whaleLibrary()
  const ids = (mode: 'keyword' | 'hybrid', alpha?: number) =>
    library.search('tide whale cargo', { mode, alpha }).hits.map((hit) => hit.passage_id)
  expect(ids('hybrid', 1)).toEqual(ids('keyword'))
  const byVectors = library.search('tide whale cargo', { alpha: 0, explain: true }).hits
  const cosines = byVectors.map(({ explain }) => explain?.arms[1]?.raw ?? 0)
  expect(cosines).toEqual(cosines.toSorted((a, b) => b - a))
})

test('a deleted passage is found no more, its vector not yet removed or not', () => {
  const library = whaleLibrary()
  const secret = library.add(
    'Secret',
    Array.from({ length: 250 }, (_, i) => `harpooner number ${i}`),
  )
  library.settle()
  expect(library.titles('harpooner')).toContain('Secret')
  library.delete(secret)
  for (const mode of ['keyword', 'hybrid', 'semantic'] as const) {
    const titles = library.titles('harpooner', { mode })
    expect(titles).not.toContain('Secret')
    // What was deleted takes no place among the candidates either.
    expect(titles[0]).toBe('Cetology')
  }
  library.settle()
  expect(library.titles('harpooner', { mode: 'semantic' })).not.toContain('Secret')
})

test('filters and conditions hold for vectors too', () => {
  const library = whaleLibrary()
  const other = library.add('Kitchen', ['Harpooners like chowder.', 'Cod for supper.'], 'de')
  library.settle()
  for (const mode of ['hybrid', 'semantic'] as const) {
    expect(library.titles('harpooner', { mode, filter: { languages: ['de'] } })).not.toContain(
      'Cetology',
    )
    expect(
      new Set(library.titles('tide', { mode, filter: { document_ids: [other] } })),
    ).not.toContain('Harbours')
    expect(library.titles('"spermaceti whale"', { mode })).toEqual(['Cetology'])
    expect(library.titles('whale "whale spermaceti"', { mode })).toEqual([])
    expect(library.titles('harpooner -whale', { mode })).not.toContain('Cetology')
    expect(new Set(library.titles('title:harbours tide', { mode }))).toEqual(new Set(['Harbours']))
    expect(library.titles('tag:none', { mode })).toEqual([])
  }
})

test('what has nothing to do with the library is not found by chance', () => {
  expect(whaleLibrary().titles('zzyzx qwfpgj')).toEqual([])
})

test('strange questions are answered', () => {
  const library = whaleLibrary()
  for (const query of [
    '🎉',
    '\ud800',
    'the and of',
    '-',
    '"',
    `${'word '.repeat(5_000)}`,
    '  ',
    '图书馆',
  ])
    for (const mode of ['hybrid', 'semantic'] as const)
      expect(library.search(query, { mode }).hits.length).toBeLessThanOrEqual(10)
})

const strange = [
  '🎉',
  '🎉 🐳',
  '\ud800',
  'the and of',
  'whale'.repeat(2_000),
  'w* wh* whal*',
  'مرحبا whale',
]

test('a library of one passage answers every mode, and so does one whose passages are all equal', () => {
  for (const texts of [['The whale breaches.'], Array(40).fill('The whale breaches.')]) {
    const library = new ShardLibrary()
    library.add('Same', texts)
    library.settle()
    for (const mode of ['keyword', 'hybrid', 'semantic'] as const) {
      const { hits } = library.search('whale', { mode })
      expect(hits.length).toBe(Math.min(10, texts.length))
      for (const { score } of hits) expect(Number.isFinite(score)).toBe(true)
      for (const query of strange) expect(library.search(query, { mode }).mode).toBe(mode)
    }
  }
})

test('passages that are signs alone, or in a language nobody knows, are found', () => {
  const library = new ShardLibrary()
  library.add('Signs', ['🐳🐳🐳', '☃'])
  library.add('Unknown', ['Ngaahi lea mo e hingoa.'], 'xx')
  library.settle()
  for (const mode of ['keyword', 'hybrid'] as const)
    expect(library.titles('hingoa', { mode })[0]).toBe('Unknown')
  expect(library.titles('the of and', { mode: 'hybrid' })).toEqual([])
})

test('facets count the candidates, not only the hits shown', () => {
  const library = whaleLibrary()
  for (const mode of ['keyword', 'hybrid'] as const) {
    const { hits, facets } = library.search('tide', { mode, limit: 1, facets: true })
    expect(hits).toHaveLength(1)
    expect(facets?.documents[0]).toMatchObject({ title: 'Harbours', count: 30 })
    expect(facets?.languages).toEqual([{ value: 'en', count: 30 }])
    expect(facets?.media_types).toEqual([{ value: 'text/plain', count: 30 }])
    expect(facets?.tags).toEqual([])
  }
})

test('one long document does not fill the page, unless that is asked for', () => {
  const library = new ShardLibrary()
  library.add('Book', Array(30).fill('The whale breaches near the harbour.'))
  for (let i = 0; i < 4; i++) library.add(`Letter ${i}`, ['The whale breaches near the harbour.'])
  for (const [at, text] of filler.entries()) library.add(`Log ${at}`, [`${text} No whale.`])
  library.settle()
  for (const mode of ['keyword', 'hybrid', 'semantic'] as const) {
    const count = (args: object) =>
      library.titles('whale breaches', { mode, ...args }).filter((title) => title === 'Book').length
    expect(count({})).toBe(6)
    const plain = library.search('whale breaches', { mode, diversity: false }).hits
    const scores = plain.map(({ score }) => score)
    expect(scores).toEqual(scores.toSorted((a, b) => b - a))
    expect(count({ per_document_max: 2 })).toBe(2)
  }
})

test('two tenants in one thread share memory for vectors and never a passage', () => {
  const ann = new ShardLibrary('ann')
  const ben = new ShardLibrary('ben', { dataDir: ann.dataDir, context: ann.context })
  ann.add('Ann’s diary', ['The zanzibar expedition leaves at dawn.', 'Nobody knows of zanzibar.'])
  ben.add('Ben’s diary', ['Potatoes at noon.', 'Turnips at night.'])
  ann.settle()
  ben.settle()
  for (const query of ['zanzibar expeditions', 'potato', 'dawn', 'nights'])
    for (const mode of ['hybrid', 'semantic'] as const) {
      expect(ann.titles(query, { mode })).not.toContain('Ben’s diary')
      expect(ben.titles(query, { mode })).not.toContain('Ann’s diary')
    }
  // The same ids of the other file must not be remembered as one's own.
  ann.reopen()
  expect(ann.titles('zanzibar', { mode: 'semantic' })[0]).toBe('Ann’s diary')
  expect(ben.titles('zanzibar', { mode: 'semantic' })).not.toContain('Ann’s diary')
})

test('vectors that become unreadable are reported, and the words answer', () => {
  const library = whaleLibrary()
  const sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'vector_blocks'"
  const { rootpage = 0 } = library.store.vecs.get<{ rootpage: number }>(sql) ?? {}
  const pageBytes = library.store.vecs.pragma<number>('page_size')
  library.reopen(() => {
    const file = openSync(join(library.dataDir, 'ann', 'vecs.db'), 'r+')
    writeSync(file, Buffer.alloc(pageBytes, 0xff), 0, pageBytes, (rootpage - 1) * pageBytes)
    closeSync(file)
  })
  const { mode, hits } = library.search('whale')
  expect(mode).toBe('keyword')
  expect(hits[0]?.title).toBe('Cetology')
  expect([...library.context.damagedVectors.keys()]).toEqual(['ann'])
})

test('an explained search says how much of the library its filter left out', () => {
  const library = whaleLibrary()
  const explained = (query: string) => library.search(query, { explain: true }).filtered
  expect(explained('whale')).toEqual({ searched: 31, removed: 0 })
  expect(explained('whale tag:novel')).toEqual({ searched: 0, removed: 31 })
  const filter = { languages: ['en'] }
  expect(library.search('tide', { explain: true, filter }).filtered?.removed).toBe(0)
  expect(library.search('tide', { filter }).filtered).toBeUndefined()
})
