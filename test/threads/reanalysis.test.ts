/** A library that an older analyser indexed is indexed again in the background, while it is searched. */
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { passagesAfter } from '../../src/library/passages.ts'
import { analyserVersion } from '../../src/search/analysis/analyser.ts'
import { indexPassages, replaceSegments, staleRanges } from '../../src/search/index-writer.ts'
import { mergePending, mergeStep } from '../../src/search/merge.ts'
import { liveSegments } from '../../src/search/segments.ts'
import { Pool } from '../../src/tenancy/pool.ts'
import { Housekeeper } from '../../src/threads/housekeeper.ts'
import { asIndexed } from '../../src/threads/ingest-operations.ts'
import { ShardLibrary } from './library.ts'

const expected = { generation: undefined, create: false }
const documents = 12
/** All documents together are fewer than the candidates of a search. */
const passages = 15

/** Documents as an analyser without stemming indexed them: `breach` finds them and `generalize` does not. */
function olderLibrary(): ShardLibrary {
  const library = new ShardLibrary()
  const { app } = library.store
  for (let i = 0; i < documents; i++) {
    library.add(`Old ${i}`, Array(passages).fill('Generalizations breach.'))
    const owner = { documentSeq: i + 1, revision: 1 }
    const rows = asIndexed(`Old ${i}`, passagesAfter(app, owner, 0, passages))
    const unstemmed = rows.map((row) => ({ ...row, language: 'und' }))
    indexPassages(app, owner, unstemmed, library.context.analyser)
    replaceSegments(app, owner)
  }
  while (mergeStep(app, 100));
  app.run('UPDATE keyword_segments SET analyser = ?', analyserVersion - 1)
  return library
}

/** The housekeeper of a shard, over the library's files. */
function housekeep({ dataDir, context }: ShardLibrary): { pool: Pool; keeper: Housekeeper } {
  const keeper: Housekeeper = new Housekeeper(context, {
    pool: () => pool,
    onFitDue: () => {},
    onEmbedDue: () => {},
  })
  const pool: Pool = new Pool({
    dataDir,
    storesMax: 1,
    idleMs: 60_000,
    onOpen: (store) => keeper.opened(store),
    onClosing: (store) => keeper.closing(store),
  })
  return { pool, keeper }
}

function documentsFound(library: ShardLibrary, query: string): number {
  const args = { mode: 'keyword', limit: 100, per_document_max: 1 } as const
  return new Set(library.titles(query, args)).size
}

test('old and new documents are found while it goes on, and none is stale in the end', async () => {
  const library = olderLibrary()
  expect(documentsFound(library, 'generalize')).toBe(0)
  library.add('New', ['To generalize is to breach.'])
  library.close()
  const { pool, keeper } = housekeep(library)
  let seen = 1
  library.store = pool.lease(library.tenant, expected).store
  keeper.wake()
  while (keeper.hasWork(library.store)) {
    const found = documentsFound(library, 'breach')
    expect(found).toBe(documents + 1)
    const reindexed = documentsFound(library, 'generalize')
    expect(reindexed).toBeGreaterThanOrEqual(seen)
    expect(liveSegments(library.store.app).length).toBeLessThan(24)
    seen = reindexed
    await turn()
  }
  keeper.stop()
  expect(documentsFound(library, 'generalize')).toBe(documents + 1)
  expect(staleRanges(library.store.app)).toEqual([])
  for (const { analyser, dead } of liveSegments(library.store.app))
    expect([analyser, dead]).toEqual([analyserVersion, 0])
  expect(mergePending(library.store.app)).toBe(false)
})

test('a stop at any point loses nothing and begins nothing anew', async () => {
  const library = olderLibrary()
  let found = 0
  let starts = 0
  do {
    library.close()
    const { pool, keeper } = housekeep(library)
    library.store = pool.lease(library.tenant, expected).store
    keeper.wake()
    for (let turns = 0; turns < 7 && keeper.hasWork(library.store); turns++) await turn()
    keeper.stop()
    const now = documentsFound(library, 'generalize')
    expect(now).toBeGreaterThanOrEqual(found)
    expect(documentsFound(library, 'breach')).toBe(documents)
    found = now
    starts++
  } while (found < documents && starts < 50)
  expect(starts).toBeGreaterThan(3)
  expect(found).toBe(documents)
  expect(staleRanges(library.store.app)).toEqual([])
})
