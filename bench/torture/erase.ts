/** Half of a library is deleted: in the end nothing of its text is in any table or anywhere in the files. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Db, openDb, type SqlValue } from '../../src/base/sqlite.ts'
import {
  appApplicationId,
  appMigrations,
  vecsApplicationId,
  vecsMigrations,
} from '../../src/tenancy/schema.ts'
import { Client, signToken } from '../lib/client.ts'
import { seededRandom } from '../lib/random.ts'
import { type RunningServer, startServer } from '../lib/server.ts'
import type { TortureOptions, TortureResult } from '../torture.ts'
import { libraryText, type TortureDocument, wordLetters } from './library-text.ts'

const passagesDefault = 20_000
const secret = 'a secret that only this torture knows, long enough'
const user = 'ann'
/** Looks at the files between two waits for background work; each doubles the wait up to the last. */
const quietTriesMax = 60
const quietWaitMs = 500
const quietWaitMsMax = 120_000
/** Terms are stored without what they share with the one before: three letters of twelve, of words by chance. */
const traceLetters = 9
/** Of half the vectors, this much of the file must be gone. */
const shareMax = 0.7
const searchesMax = 200
const selectTables =
  "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
const selectWork = `SELECT (SELECT count(*) FROM keyword_segments WHERE state <> 'live')
  + (SELECT count(*) FROM keyword_tombstones) + (SELECT count(*) FROM jobs)
  + (SELECT count(*) FROM keyword_merges) AS n`
const selectEpoch = "SELECT value FROM meta WHERE key = 'epoch'"
const selectNotes =
  "SELECT count(*) AS n FROM meta WHERE key IN ('tidy', 'fit', 'learn', 'passage')"

type Failure = TortureResult['failures'][number]

export async function erase({
  seed,
  passages = passagesDefault,
  say,
}: TortureOptions): Promise<TortureResult> {
  const { documents } = libraryText(seededRandom(seed), passages)
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-erase-'))
  const directory = join(dataDir, user)
  const token = await signToken(secret, user)
  const start = (): Promise<RunningServer> => startServer(dataDir, { JWT_SECRET: secret })
  const failures: Failure[] = []
  try {
    const server = await start()
    const client = new Client(server.url, token)
    const ids = await upload(client, documents)
    const resting = await quiet(server, start, directory)
    say(`${documents.length} documents, quiet after ${resting.stops} stops`)
    const before = sizes(directory)
    const afterFill = await start()
    const gone = documents.filter((_, at) => at % 2 === 0)
    await remove(new Client(afterFill.url, token), gone, ids, failures)
    const { stops } = await quiet(afterFill, start, directory)
    say(`${gone.length} documents deleted, quiet after ${stops} stops`)
    const after = sizes(directory)
    failures.push(...traces(directory, gone))
    if (after.vecs > before.vecs * shareMax)
      failures.push({ what: 'vecs.db did not shrink', before: before.vecs, after: after.vecs })
    const last = await start()
    failures.push(...(await examine(new Client(last.url, token), documents)))
    await last.stop()
    const figures = {
      documents: documents.length,
      deleted: gone.length,
      words_deleted: gone.reduce((sum, { words }) => sum + words.length, 0),
      vecs_bytes_before: before.vecs,
      vecs_bytes_after: after.vecs,
      app_bytes_before: before.app,
      app_bytes_after: after.app,
      failures: failures.length,
    }
    return { figures, failures }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** @returns the ids in the order of the documents */
async function upload(client: Client, documents: readonly TortureDocument[]): Promise<string[]> {
  const encoder = new TextEncoder()
  const ids: string[] = []
  for (const { title, markdown } of documents) {
    const { id } = await client.upload(`${title}.md`, encoder.encode(markdown))
    const { status } = await client.settled(id)
    if (status !== 'ready') throw new Error(`${title} is ${status}`)
    ids.push(id)
  }
  return ids
}

/** Deletes one after another; what is deleted is not found from the very moment on. */
async function remove(
  client: Client,
  gone: readonly TortureDocument[],
  ids: readonly string[],
  failures: Failure[],
): Promise<void> {
  for (const [at, document] of gone.entries()) {
    const { status } = await client.request('DELETE', `/v1/documents/${ids[at * 2]}`)
    if (status !== 204) failures.push({ what: 'a delete failed', status })
    failures.push(...(await found(client, document)))
  }
}

/** Hits that name a deleted document's text. */
async function found(client: Client, { words }: TortureDocument): Promise<Failure[]> {
  const failures: Failure[] = []
  for (const mode of ['keyword', 'hybrid', 'semantic'])
    for (const hit of await client.search(words.slice(0, 3).join(' '), 20, mode))
      if (words.some((word) => hit.text.includes(word) || hit.title.includes(word)))
        failures.push({ what: 'a deleted passage is found', mode, passage: hit.passage_id })
  return failures
}

/** Stops the server when its background work is done, which is seen in the files at rest. */
async function quiet(
  first: RunningServer,
  start: () => Promise<RunningServer>,
  directory: string,
): Promise<{ stops: number }> {
  let server = first
  for (let stops = 1; ; stops++) {
    await sleep(Math.min(quietWaitMsMax, quietWaitMs * 2 ** stops))
    await server.stop()
    if (isQuiet(directory)) return { stops }
    if (stops >= quietTriesMax) throw new Error('the background work does not end')
    server = await start()
  }
}

function isQuiet(directory: string): boolean {
  return withFiles(directory, (app, vecs) => {
    const work = app.get<{ n: number }>(selectWork)?.n
    const notes = vecs.get<{ n: number }>(selectNotes)?.n
    const [truth, followed] = [app, vecs].map((db) => db.get<{ value: string }>(selectEpoch)?.value)
    return work === 0 && notes === 0 && truth === followed
  })
}

function withFiles<T>(directory: string, work: (app: Db, vecs: Db) => T): T {
  const options = { mode: 'open', synchronous: 'NORMAL' } as const
  const app = openDb(join(directory, 'app.db'), {
    ...options,
    applicationId: appApplicationId,
    migrations: appMigrations,
  })
  const vecs = openDb(join(directory, 'vecs.db'), {
    ...options,
    applicationId: vecsApplicationId,
    migrations: vecsMigrations,
  })
  try {
    return work(app, vecs)
  } finally {
    app.close()
    vecs.close()
  }
}

function sizes(directory: string): { app: number; vecs: number } {
  const [app, vecs] = ['app.db', 'vecs.db'].map((name) => statSync(join(directory, name)).size)
  return { app: app ?? 0, vecs: vecs ?? 0 }
}

/** Words of deleted documents, in any column of any table and in the bytes of the files. */
function traces(directory: string, gone: readonly TortureDocument[]): Failure[] {
  const marks = new Set(gone.flatMap(({ words }) => words).map((word) => word.slice(-traceLetters)))
  const failures: Failure[] = []
  withFiles(directory, (app, vecs) => {
    for (const [file, db] of [['app.db', app] as const, ['vecs.db', vecs] as const])
      for (const { name } of db.all<{ name: string }>(selectTables)) {
        const count = tracesInTable(db, name, marks)
        if (count > 0)
          failures.push({ what: 'a table has deleted words', file, table: name, count })
      }
  })
  for (const file of ['app.db', 'vecs.db']) {
    const count = tracesIn(readFileSync(join(directory, file), 'latin1'), marks)
    if (count > 0) failures.push({ what: 'the bytes of a file have deleted words', file, count })
  }
  return failures
}

function tracesInTable(db: Db, table: string, marks: ReadonlySet<string>): number {
  let count = 0
  for (const row of db.all<Record<string, SqlValue>>(`SELECT * FROM "${table}"`))
    for (const value of Object.values(row))
      if (typeof value === 'string') count += tracesIn(value, marks)
      else if (value instanceof Uint8Array)
        count += tracesIn(Buffer.from(value).toString('latin1'), marks)
  return count
}

function tracesIn(text: string, marks: ReadonlySet<string>): number {
  let count = 0
  for (const [run] of text.matchAll(new RegExp(`[${wordLetters}]{${traceLetters},}`, 'g')))
    for (let at = 0; at + traceLetters <= run.length; at++)
      if (marks.has(run.slice(at, at + traceLetters))) count++
  return count
}

/** What was deleted is not found, what was kept is. */
async function examine(client: Client, documents: readonly TortureDocument[]): Promise<Failure[]> {
  const failures: Failure[] = []
  for (const [at, document] of documents.slice(0, searchesMax).entries()) {
    if (at % 2 === 0) failures.push(...(await found(client, document)))
    else {
      const [, word = ''] = document.words
      const hits = await client.search(word)
      if (!hits.some(({ text }) => text.includes(word)))
        failures.push({ what: 'what was kept is not found', word })
    }
  }
  return failures
}
