/** The SQLite peers: one file for all users, with a thread that writes and several that read, and a file for each user. */
import { once } from 'node:events'
import { constants, copyFileSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Asked, Model } from './contract.ts'
import type { Shelves } from './shelves.ts'
import { ownSchema, SqliteLibrary, sharedSchema } from './sqlite-library.ts'
import {
  type Chore,
  isWrite,
  openSqlite,
  ownPath,
  type SqliteCalls,
  type SqliteReplies,
  type SqliteThreadData,
  type SqliteWork,
} from './sqlite-thread.ts'

const entry = new URL('./sqlite-thread.ts', import.meta.url)
const buildHashBytes = 16 * 2 ** 20

class SqliteThread {
  readonly #worker: Worker
  readonly #calls = new Map<number, PromiseWithResolvers<string>>()
  #nextId = 1
  #waiting: { id: number; work: SqliteWork }[] = []

  constructor(data: SqliteThreadData) {
    this.#worker = new Worker(entry, { workerData: data })
    this.#worker.on('message', ({ replies }: SqliteReplies) => {
      for (const { id, text, error } of replies) {
        const call = this.#calls.get(id)
        this.#calls.delete(id)
        if (error === undefined) call?.resolve(text)
        else call?.reject(new Error(error))
      }
    })
    this.#worker.on('error', (error) => {
      for (const call of this.#calls.values()) call.reject(error)
    })
  }

  get load(): number {
    return this.#calls.size
  }

  /** Calls of one turn of the event loop travel together, as Carrel's do. */
  run(work: SqliteWork): Promise<string> {
    const id = this.#nextId++
    const call = Promise.withResolvers<string>()
    this.#calls.set(id, call)
    if (this.#waiting.push({ id, work }) === 1)
      setImmediate(() => {
        this.#worker.postMessage({ calls: this.#waiting } satisfies SqliteCalls)
        this.#waiting = []
      })
    return call.promise
  }

  async close(): Promise<void> {
    const exited = once(this.#worker, 'exit')
    this.#worker.postMessage('close')
    await exited
  }
}

export class SqliteModel implements Model {
  readonly name: string
  readonly pid = undefined
  readonly #threads: readonly SqliteThread[]
  readonly #writer: SqliteThread | undefined
  readonly #place: string
  readonly #tenants: number

  /** @param place its directory */
  constructor(kind: SqliteThreadData['kind'], place: string, shards: number, tenants: number) {
    this.name = kind === 'shared' ? 'sqlite-shared' : 'sqlite-files'
    this.#place = place
    this.#tenants = tenants
    const data = { kind, path: kind === 'shared' ? join(place, sharedName) : place }
    this.#threads = Array.from({ length: shards }, () => new SqliteThread(data))
    this.#writer = kind === 'shared' ? new SqliteThread(data) : undefined
  }

  ask(asked: Asked): Promise<string> {
    return this.#for(isWrite(asked)).run({ ask: asked })
  }

  backup(tenant: number): Promise<void> {
    return this.#chore('backup', tenant)
  }

  restore(tenant: number): Promise<void> {
    return this.#chore('restore', tenant)
  }

  remove(tenant: number): Promise<void> {
    return this.#chore('remove', tenant)
  }

  async migrate(): Promise<void> {
    if (this.#writer) return this.#chore('migrate', 0)
    const present = readdirSync(this.#place).filter((name) => /^u\d+\.db$/.test(name))
    await Promise.all(present.map((name) => this.#chore('migrate', Number(/\d+/.exec(name)?.[0]))))
    if (present.length > this.#tenants) throw new Error('there are more files than users')
  }

  async bytes(): Promise<number> {
    return readdirSync(this.#place)
      .filter((name) => !name.startsWith('copy-'))
      .reduce((sum, name) => sum + statSync(join(this.#place, name)).size, 0)
  }

  async close(): Promise<void> {
    const all = this.#writer ? [...this.#threads, this.#writer] : this.#threads
    await Promise.all(all.map((thread) => thread.close()))
  }

  async #chore(chore: Chore, tenant: number): Promise<void> {
    const to = join(this.#place, `copy-${tenant}.sqlite`)
    await this.#for(chore !== 'backup').run({ chore, tenant, to })
  }

  /** Whoever has least to do, where there is a choice. */
  #for(isToWrite: boolean): SqliteThread {
    if (isToWrite && this.#writer) return this.#writer
    return this.#threads.reduce((best, thread) => (thread.load < best.load ? thread : best))
  }
}

const sharedName = 'shared.db'

/** Makes the files of the shelves, as a user would have them. @returns their paths */
export function makeShelfFiles(place: string, { all }: Shelves): string[] {
  mkdirSync(place)
  return all.map((books, at) => {
    const path = join(place, `shelf-${at}.db`)
    const db = openSqlite(path, 'own')
    db.pragma('synchronous = OFF')
    db.exec(ownSchema)
    const library = new SqliteLibrary(db, false)
    library.transaction(() => library.addAll(0, books))
    db.exec("INSERT INTO found (found) VALUES ('optimize'); ANALYZE")
    db.close()
    return path
  })
}

export function buildOwn(place: string, shelves: Shelves, shards: number): SqliteModel {
  const files = makeShelfFiles(`${place}-shelves`, shelves)
  mkdirSync(place)
  const tenants = shelves.tenants + shelves.spare
  for (let tenant = 0; tenant < tenants; tenant++)
    copyFileSync(
      files[shelves.of(tenant)] ?? '',
      ownPath(place, tenant),
      constants.COPYFILE_FICLONE,
    )
  rmSync(`${place}-shelves`, { recursive: true })
  return new SqliteModel('own', place, shards, tenants)
}

export function buildShared(place: string, shelves: Shelves, shards: number): SqliteModel {
  const files = makeShelfFiles(`${place}-shelves`, shelves)
  mkdirSync(place)
  const db = openSqlite(join(place, sharedName), 'shared')
  db.pragma('synchronous = OFF')
  db.exec(sharedSchema)
  db.exec(`INSERT INTO found (found, rank) VALUES ('hashsize', ${buildHashBytes})`)
  const library = new SqliteLibrary(db, true)
  const tenants = shelves.tenants + shelves.spare
  for (let tenant = 0; tenant < tenants; tenant++)
    library.takeFrom(files[shelves.of(tenant)] ?? '', tenant)
  db.exec("INSERT INTO found (found) VALUES ('optimize'); ANALYZE")
  db.close()
  rmSync(`${place}-shelves`, { recursive: true })
  return new SqliteModel('shared', place, shards, tenants)
}
