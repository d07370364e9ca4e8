/**
 * Ways to keep many users apart, side by side: Carrel's directory for each, one SQLite file for all, a SQLite file for each that is
 * opened for every request, PostgreSQL with row-level security (and what it would be if that let its searches use an index),
 * PostgreSQL with a schema for each. The same text, requests and
 * users for all, in one run, driven by one process; an answer ends as its JSON there. Carrel also keeps the original, the text of
 * each page and a vector of each passage, which the others do not.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { shardsFor } from '../src/config.ts'
import { type BenchContext, type BenchResult, rounded } from './lib/report.ts'
import { CarrelModel } from './models/carrel.ts'
import { buildCarrel, makeOlder } from './models/carrel-build.ts'
import {
  type CellResult,
  cells,
  crowd,
  measureCell,
  measureChores,
  measureOpen,
  openShares,
  takesPart,
  timed,
} from './models/cells.ts'
import type { Model } from './models/contract.ts'
import { PostgresModel } from './models/postgres.ts'
import type { Kind } from './models/postgres-schema.ts'
import { postgresPrograms } from './models/postgres-server.ts'
import { type Findings, noFindings, report } from './models/report.ts'
import { makeShelves, type Shelves } from './models/shelves.ts'
import { buildOwn, buildShared } from './models/sqlite.ts'
import { residentBytes, settled } from './models/usage.ts'

const tenantsDefault = 600
const passagesDefault = 5_000
const secondsDefault = 1
const roundsDefault = 3
/** Before anything is measured, as many times the time of a cell. */
const warmCells = 3
/** More than there are clients. */
const seedsPerCell = 1_000
/** As the server chooses for itself. */
const shards = shardsFor(availableParallelism())

/** A model that is open. */
interface Entry {
  model: Model
  readonly findings: Findings
}

/** @param options `sizes`: users, passages of a large library (two of five users have one), seconds a cell, rounds */
export async function modelsBench({
  say,
  sizes,
  hasPostgres = true,
}: BenchContext & {
  readonly sizes?: readonly number[] | undefined
  /** False leaves PostgreSQL out where it could be had. */
  readonly hasPostgres?: boolean
}): Promise<BenchResult> {
  const [tenants = tenantsDefault, passages = passagesDefault] = sizes ?? []
  const [, , seconds = secondsDefault, rounds = roundsDefault] = sizes ?? []
  const ms = seconds * 1_000
  const place = mkdtempSync(join(tmpdir(), 'carrel-models-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(place, { recursive: true, force: true }))
  const shelves = makeShelves(tenants, passages, rounds)
  const entries: Entry[] = []
  for (const [name, build] of builders(place, shelves, hasPostgres, say)) {
    const entry = await open(name, build, shelves, ms)
    stack.defer(() => entry.model.close())
    entries.push(entry)
    const { buildSeconds, diskBytes } = entry.findings
    say(`${name}: ready after ${rounded(buildSeconds)} s, ${rounded(diskBytes / 1e6)} MB`)
  }
  for (let round = 0; round < rounds; round++) {
    await measureRound(entries, shelves, { round, ms })
    await measureOpenRound(entries.filter(isWhole), shelves, { round, ms })
    for (const { model, findings } of entries.filter(isWhole))
      findings.chores.push(await measureChores(model, shelves.tenants + round))
    say(`round ${round + 1} of ${rounds}`)
  }
  await measureWhole(entries.filter(isWhole), join(place, 'carrel'), shelves)
  return report(entries.map(({ findings }) => findings))
}

type Build = () => Model | Promise<Model>

/** Carrel comes first: it gives the documents their names. */
function builders(
  place: string,
  shelves: Shelves,
  hasPostgres: boolean,
  say: (line: string) => void,
): [string, Build][] {
  const programs = hasPostgres ? postgresPrograms() : undefined
  if (hasPostgres && !programs)
    say('PostgreSQL was not found on the PATH or in /usr/lib/postgresql: its rows are left out')
  return [
    ['carrel', () => buildCarrel(join(place, 'carrel'), shelves, shards)],
    ['sqlite-shared', () => buildShared(join(place, 'shared'), shelves, shards)],
    ['sqlite-files', () => buildOwn(join(place, 'own'), shelves, shards)],
    ...(programs ? postgresBuilders(place, shelves, programs) : []),
  ]
}

function postgresBuilders(
  place: string,
  shelves: Shelves,
  programs: NonNullable<ReturnType<typeof postgresPrograms>>,
): [string, Build][] {
  const build = (kind: Kind) =>
    PostgresModel.build(kind, join(place, `pg-${kind}`), shelves, programs)
  const rls = Promise.withResolvers<PostgresModel>()
  const buildRls = async (): Promise<Model> => {
    const model = await build('rls')
    rls.resolve(model)
    return model
  }
  return [
    ['pg-rls', buildRls],
    ['pg-rls-leakproof', async () => (await rls.promise).leakproof()],
    ['pg-schemas', () => build('schemas')],
  ]
}

/** Builds a model and asks it a little, which warms it and shows what memory it takes. */
async function open(name: string, build: Build, shelves: Shelves, ms: number): Promise<Entry> {
  const findings = noFindings(name)
  const before = residentBytes(undefined)
  const startMs = performance.now()
  const model = await build()
  findings.buildSeconds = (performance.now() - startMs) / 1_000
  await settled(model.pid)
  for (const operation of model.only ?? (['mix'] as const))
    await measureCell(
      model,
      shelves,
      { operation, clients: crowd },
      { seed: 1, ms: model.only ? ms : warmCells * ms },
    )
  const after = residentBytes(model.pid)
  const isKnown = before !== null && after !== null && isWhole({ model })
  findings.memoryBytes = isKnown ? after - before : null
  findings.diskBytes = await model.bytes()
  return { model, findings }
}

function isWhole({ model }: Pick<Entry, 'model'>): boolean {
  return model.only === undefined
}

interface Turn {
  readonly round: number
  /** Of one cell. */
  readonly ms: number
}

/** Every cell of all models one after the other, so that what disturbs one disturbs all. */
async function measureRound(
  entries: readonly Entry[],
  shelves: Shelves,
  { round, ms }: Turn,
): Promise<void> {
  for (const [at, cell] of cells.entries())
    for (const { model, findings } of entries) {
      if (!takesPart(model, cell)) continue
      const seed = seedsPerCell * (round * cells.length + at + 1)
      const key = `${cell.operation} ${cell.clients}`
      keep(findings, key, await measureCell(model, shelves, cell, { seed, ms }))
    }
}

/** The mix at the same rates for all: shares of what the model with row-level security took, or else the slowest. */
async function measureOpenRound(
  entries: readonly Entry[],
  shelves: Shelves,
  { round, ms }: Turn,
): Promise<void> {
  const took = entries.map(({ model, findings }) => {
    const results = findings.cells.get(`mix ${crowd}`) ?? []
    return { name: model.name, perSecond: results[0]?.perSecond ?? 0 }
  })
  const slowest = took.reduce((least, one) => (one.perSecond < least.perSecond ? one : least))
  const { perSecond } = took.find(({ name }) => name === 'pg-rls') ?? slowest
  for (const share of openShares)
    for (const { model, findings } of entries) {
      const rate = Math.max(1, share * perSecond)
      const result = await measureOpen(model, shelves, rate, {
        seed: seedsPerCell * (round + 1),
        ms,
      })
      keep(findings, `mix open-${100 * share}`, result)
    }
}

/** What is done to all at once, after everything else. */
async function measureWhole(
  entries: readonly Entry[],
  dataDir: string,
  shelves: Shelves,
): Promise<void> {
  for (const entry of entries) {
    const { model, findings } = entry
    if (model.backupAll) findings.backupAllMs = await timed(() => model.backupAll?.())
    if (model.name === 'carrel') {
      await model.close()
      makeOlder(dataDir, shelves.tenants)
      entry.model = await CarrelModel.open(dataDir, shards)
    }
    findings.migrateMs = await timed(() => entry.model.migrate())
    await settled(entry.model.pid)
  }
}

function keep({ cells: all }: Findings, key: string, result: CellResult): void {
  const before = all.get(key)
  if (before) before.push(result)
  else all.set(key, [result])
}
