/** A thread of the SQLite peers: reads or writes the shared file, or opens a user's own file for each request and closes it again. */
import { randomBytes } from 'node:crypto'
import { closeSync, copyFileSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import BetterSqlite3, { type Database } from 'better-sqlite3'
import type { Asked } from './contract.ts'
import { SqliteLibrary } from './sqlite-library.ts'

export interface SqliteThreadData {
  readonly kind: 'own' | 'shared'
  /** Of the one file, or of the directory with a file each. */
  readonly path: string
}

export type Chore = 'backup' | 'restore' | 'remove' | 'migrate'
export type SqliteWork =
  | { readonly ask: Asked }
  | { readonly chore: Chore; readonly tenant: number; readonly to: string }
export interface SqliteCalls {
  readonly calls: readonly { readonly id: number; readonly work: SqliteWork }[]
}
export interface SqliteReplies {
  readonly replies: readonly {
    readonly id: number
    readonly text: string
    readonly error?: string
  }[]
}

/** As for Carrel's files, and no less cache for a file that everybody shares. */
export const cacheKib = { own: 1_024, shared: 262_144 }
const busyTimeoutMs = 10_000
const column = 'ALTER TABLE documents ADD COLUMN language_chosen TEXT'

export function openSqlite(path: string, kind: SqliteThreadData['kind']): Database {
  const db = new BetterSqlite3(path, { timeout: busyTimeoutMs })
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma(`cache_size = -${cacheKib[kind]}`)
  db.pragma('temp_store = MEMORY')
  if (kind === 'shared') db.pragma(`mmap_size = ${2 ** 33}`)
  return db
}

export const ownPath = (directory: string, tenant: number): string =>
  join(directory, `u${tenant}.db`)

if (parentPort && 'kind' in (workerData as object)) {
  const { kind, path } = workerData as SqliteThreadData
  const shared = kind === 'shared' ? openSqlite(path, kind) : undefined
  const library = shared && new SqliteLibrary(shared, true)

  const run = (work: SqliteWork): string => {
    if ('ask' in work) return library ? library.ask(work.ask) : askOwn(path, work.ask)
    if (shared && library) choreOfShared(shared, library, work)
    else choreOfOwn(path, work)
    return ''
  }
  const reply = ({ id, work }: SqliteCalls['calls'][number]): SqliteReplies['replies'][number] => {
    try {
      return { id, text: run(work) }
    } catch (error) {
      return { id, text: '', error: String((error as Error).stack) }
    }
  }
  parentPort.on('message', (message: SqliteCalls | 'close') => {
    if (message === 'close') {
      shared?.close()
      parentPort?.close()
      return
    }
    const { calls } = message
    // Writes that came together wait for the disk together; a read needs no transaction.
    const areWrites = calls.every(({ work }) => 'ask' in work && isWrite(work.ask))
    const all = (): SqliteReplies['replies'] => calls.map(reply)
    const replies = library && areWrites ? library.transaction(all) : all()
    parentPort?.postMessage({ replies } satisfies SqliteReplies)
  })
}

export function isWrite({ request }: Asked): boolean {
  return request === 'insert' || request === 'upload'
}

function askOwn(directory: string, ask: Asked): string {
  const db = openSqlite(ownPath(directory, ask.tenant), 'own')
  try {
    return new SqliteLibrary(db, false).ask(ask)
  } finally {
    db.close()
  }
}

type ChoreWork = Exclude<SqliteWork, { ask: Asked }>

function choreOfShared(db: Database, library: SqliteLibrary, work: ChoreWork): void {
  const { chore, tenant, to } = work
  switch (chore) {
    case 'backup':
      rmSync(to, { force: true })
      library.copyTo(to, tenant)
      break
    case 'restore':
      library.takeFrom(to, tenant)
      break
    case 'remove':
      library.remove(tenant)
      break
    case 'migrate':
      db.exec(column)
  }
}

function choreOfOwn(directory: string, { chore, tenant, to }: ChoreWork): void {
  const path = ownPath(directory, tenant)
  switch (chore) {
    case 'backup': {
      rmSync(to, { force: true })
      const db = openSqlite(path, 'own')
      db.prepare('VACUUM INTO ?').run(to)
      db.close()
      synced(to)
      break
    }
    case 'restore': {
      const building = `${path}.${randomBytes(4).toString('hex')}`
      copyFileSync(to, building)
      synced(building)
      renameSync(building, path)
      synced(directory)
      break
    }
    case 'remove':
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
      synced(directory)
      break
    case 'migrate': {
      const db = openSqlite(path, 'own')
      db.exec(column)
      db.close()
    }
  }
}

function synced(path: string): void {
  const fd = openSync(path, 'r')
  fsyncSync(fd)
  closeSync(fd)
}
