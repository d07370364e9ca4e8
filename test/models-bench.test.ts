/** The bench of isolation models, in small: that every model gives the same answers to the same user; what it measures is looked at where it runs whole. */
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { buildCarrel } from '../bench/models/carrel-build.ts'
import type { Asked, Model } from '../bench/models/contract.ts'
import { PostgresModel } from '../bench/models/postgres.ts'
import { postgresPrograms } from '../bench/models/postgres-server.ts'
import { asker, makeShelves, type Shelves } from '../bench/models/shelves.ts'
import { buildOwn, buildShared } from '../bench/models/sqlite.ts'
import { modelsBench } from '../bench/models.ts'
import { temporaryDirectory, whyNoBench } from './helpers.ts'

const isLong = process.env['CARREL_LONG'] === '1'
const programs = isLong ? postgresPrograms() : undefined
const spare = 1

test.skipIf(whyNoBench !== undefined)(
  `every model gives each user the same documents and hits, and only theirs, and removes, keeps and puts back the same ${whyNoBench ?? ''}`,
  {
    timeout: 120_000,
  },
  async () => {
    const place = temporaryDirectory()
    const shelves = makeShelves(2, 40, spare)
    const models: Model[] = [await buildCarrel(join(place, 'carrel'), shelves, 1)]
    const leakproof: Model[] = []
    onTestFinished(async () => {
      for (const model of models.toReversed()) await model.close()
    })
    models.push(buildShared(join(place, 'shared'), shelves, 1))
    models.push(buildOwn(join(place, 'own'), shelves, 1))
    if (programs)
      for (const kind of ['rls', 'schemas'] as const) {
        const model = await PostgresModel.build(kind, join(place, kind), shelves, programs)
        models.push(model)
        if (kind === 'rls') leakproof.push(await model.leakproof())
      }
    models.push(...leakproof)
    for (const model of models) {
      for (const tenant of [0, 1]) await expectOwn(model, shelves, tenant)
      const paper = asked(shelves, 0, 'upload').paper
      const added = JSON.parse(await model.ask({ ...asked(shelves, 0, 'upload'), paper }))
      expect(added).toMatchObject({ title: paper.title, pages: 20, passages: 20, status: 'ready' })
      expect(await documents(model, shelves, 0)).toHaveLength(3)
      expect(await documents(model, shelves, 1)).toHaveLength(2)
      await expectChores(model, shelves, 2)
    }
  },
)

test.runIf(isLong)('a short run fills every row', { timeout: 240_000 }, async () => {
  const options = { testData: undefined, say: () => undefined, sizes: [4, 40, 0.05, 1] }
  const { rows, ratios } = await modelsBench(options)
  const measured = rows.filter((row) => row['model'] === 'sqlite-files')
  expect(measured).toHaveLength(16 + 7)
  const further = rows.filter((row) => row['model'] === 'pg-rls-leakproof')
  expect(further).toHaveLength(programs ? 4 + 3 : 0)
  for (const [name, value] of Object.entries(ratios))
    expect([name, value]).toEqual([name, expect.any(Number)])
  expect(Object.values(ratios).filter(Number.isNaN)).toEqual([])
})

/** What a user sees: two documents of twenty passages each, and of hits those of these documents. */
async function expectOwn(model: Model, shelves: Shelves, tenant: number): Promise<void> {
  const books = shelves.all[shelves.of(tenant)] ?? []
  const ids = books.map(({ id }) => id)
  expect((await documents(model, shelves, tenant)).toSorted()).toEqual(ids.toSorted())
  for (const book of books) {
    const { request: _, ...rest } = asked(shelves, tenant, 'get')
    const got = JSON.parse(await model.ask({ ...rest, request: 'get', documentId: book.id }))
    const { id, title, filename, sha256, report } = book
    expect(got).toMatchObject({
      id,
      title,
      filename,
      sha256,
      report,
      tags: [],
      bytes: book.original.length,
    })
  }
  const search = asked(shelves, tenant, 'search')
  const { hits } = JSON.parse(await model.ask(search)) as {
    hits: { document_id: string; text: string; snippet: string }[]
  }
  const texts = books.flatMap(({ passages }) => passages)
  const wanted = texts.filter((text) => search.words.some((word) => text.split(' ').includes(word)))
  expect(hits).toHaveLength(Math.min(10, wanted.length))
  for (const { document_id, text, snippet } of hits) {
    expect(snippet).toContain('<mark>')
    expect(ids).toContain(document_id)
    expect(wanted).toContain(text)
  }
}

/** Of a library that is left as it was, and then removed. */
async function expectChores(model: Model, shelves: Shelves, tenant: number): Promise<void> {
  await model.backup(tenant)
  await model.ask(asked(shelves, tenant, 'insert'))
  expect(await documents(model, shelves, tenant)).toHaveLength(3)
  await model.restore(tenant)
  await expectOwn(model, shelves, tenant)
  const before = await documents(model, shelves, 1)
  await model.remove(tenant)
  expect(await documents(model, shelves, 1)).toEqual(before)
}

async function documents(model: Model, shelves: Shelves, tenant: number): Promise<string[]> {
  const { items } = JSON.parse(await model.ask(asked(shelves, tenant, 'list'))) as {
    items: { id: string }[]
  }
  return items.map(({ id }) => id)
}

function asked(shelves: Shelves, tenant: number, request: Asked['request']): Asked {
  const only = { ...shelves, tenants: 1, of: () => shelves.of(tenant) }
  return { ...asker(only, 1, () => request)(), tenant }
}
