/** The only place that opens SQLite: pragmas, migrations on open, a statement cache a handle, transactions. */
import { existsSync } from 'node:fs'
import BetterSqlite3 from 'better-sqlite3'
import { openProblem, shortName } from './open-problem.ts'
import { Problem } from './problem.ts'
import { rowOf, rowsOf } from './row-maker.ts'
import type { OpenOptions } from './sqlite-options.ts'

/** A small cache: sixteen megabytes a handle (the library's default) times a few hundred open stores is too much. */
const cacheKib = 1024
const walBytesMax = 4 * 1024 * 1024
const busyTimeoutMs = 2_000

const countSchema = 'SELECT count(*) AS count FROM sqlite_schema'

export type SqlValue = string | number | bigint | null | Uint8Array
export type Row = Record<string, SqlValue>
/** Values for `?` in order, or one object for `@name`. */
export type Params = readonly SqlValue[] | readonly [Readonly<Row>]

/** One open database file. Every call is synchronous; statements are prepared once and kept by their text. */
export class Db {
  readonly path: string
  readonly #db: BetterSqlite3.Database
  readonly #statements = new Map<string, BetterSqlite3.Statement>()

  constructor(path: string, db: BetterSqlite3.Database) {
    this.path = path
    this.#db = db
  }

  /** First row or undefined. `T` is the caller's word for the row's shape. */
  get<T = Row>(sql: string, ...params: Params): T | undefined {
    const statement = this.#prepare(sql)
    const values = statement.get(...params) as readonly unknown[] | undefined
    return values && (rowOf(sql, values, () => columnsOf(statement)) as T)
  }

  /** All rows. Never an iterator: a live iterator makes `close()` throw. */
  all<T = Row>(sql: string, ...params: Params): T[] {
    const statement = this.#prepare(sql)
    const rows = statement.all(...params) as (readonly unknown[])[]
    return rowsOf(sql, rows, () => columnsOf(statement)) as T[]
  }

  run(sql: string, ...params: Params): { changes: number; lastId: number } {
    const { changes, lastInsertRowid } = this.#prepare(sql).run(...params)
    return { changes, lastId: Number(lastInsertRowid) }
  }

  /** Runs `work` in BEGIN IMMEDIATE … COMMIT; a throw rolls back. Inside a transaction it joins that one. */
  transaction<T>(work: () => T): T {
    if (this.#db.inTransaction) return work()
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      // Some errors of SQLite's have rolled back by themselves.
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  /**
   * As `transaction`, without waiting for the disk: for rows that nobody was told about yet. The next synced
   * commit on this file makes them durable as well (SQLite syncs the log from its start).
   */
  unsyncedTransaction<T>(work: () => T): T {
    if (this.#db.inTransaction) return work()
    const synchronous = this.pragma<number>('synchronous')
    this.set('synchronous = NORMAL')
    try {
      return this.transaction(work)
    } finally {
      this.set(`synchronous = ${synchronous}`)
    }
  }

  /** Runs a script of the caller's own constants. Never give it anything that came from outside. */
  script(sql: string): void {
    this.#db.exec(sql)
  }

  /** The value of a pragma. */
  pragma<T extends SqlValue>(source: string): T {
    return this.#db.pragma(source, { simple: true }) as T
  }

  /** Sets pragmas (`user_version = 3`), as one script: each statement of its own leaves an object for the collector. */
  set(...pragmas: readonly string[]): void {
    this.#db.exec(pragmas.map((pragma) => `PRAGMA ${pragma};`).join(''))
  }

  loadExtension(path: string): void {
    this.#db.loadExtension(path)
  }

  get inTransaction(): boolean {
    return this.#db.inTransaction
  }

  get isOpen(): boolean {
    return this.#db.open
  }

  /** Folds the whole WAL back and truncates it, so that the directory can be copied once the file is closed. */
  checkpoint(): void {
    this.set('wal_checkpoint(TRUNCATE)')
  }

  /** Writes a whole, compact, synced copy to a path where nothing is, as of one moment; other connections may write on. */
  copyInto(path: string): void {
    this.#db.prepare('VACUUM INTO ?').run(path)
  }

  /**
   * Writes a whole copy to a path where nothing is, as of one moment; other connections may write on.
   * @param onStep called after so many pages were written to the file, or to the system on their way there
   */
  async copyInSteps(path: string, pagesPerStep: number, onStep: () => void): Promise<void> {
    this.#db.exec('BEGIN')
    try {
      // Until its end this connection sees what it sees now, and so the copy does not begin anew at every write of others.
      this.get('SELECT count(*) FROM sqlite_schema')
      const progress = (): number => {
        onStep()
        return pagesPerStep
      }
      await this.#db.backup(path, { progress })
    } finally {
      this.#db.exec('ROLLBACK')
    }
  }

  close(): void {
    this.#statements.clear()
    this.#db.close()
  }

  #prepare(sql: string): BetterSqlite3.Statement {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#db.prepare(sql)
      if (statement.reader) statement.raw()
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

/**
 * Opens a database file, checks that it is ours, migrates it, and reads once so that a descriptor shortage shows here.
 * @throws Problem `tenant_damaged` (not SQLite, not ours, unreadable), `tenant_newer` (written by a later version),
 * `overloaded` (no descriptors left), `disk_full`.
 */
export function openDb(path: string, options: OpenOptions<Db>): Db {
  try {
    return openSharing(path, options, true)
  } catch (error) {
    // Sharing takes a file of memory beside the database: on a full disk it is opened without, so that it can be read.
    if (!(error instanceof Problem) || error.code !== 'disk_full') throw error
    return openSharing(path, options, false)
  }
}

function openSharing(path: string, options: OpenOptions<Db>, isShared: boolean): Db {
  let raw: BetterSqlite3.Database | undefined
  try {
    // The last connection that may write folds the log into the file when it closes, even if all it did was to refuse it.
    // With somebody else's log beside it that would overwrite the file: one that cannot write looks first.
    if (isShared && options.mode === 'open' && existsSync(`${path}-wal`))
      openReadOnlyDb(path, options).close()
    raw = new BetterSqlite3(path, {
      fileMustExist: options.mode === 'open',
      timeout: busyTimeoutMs,
    })
    const db = new Db(path, raw)
    if (!isShared) db.set('locking_mode = EXCLUSIVE')
    const version = refuseStranger(db, options)
    setUp(db, options)
    migrate(db, version, options)
    return db
  } catch (error) {
    raw?.close()
    throw openProblem(path, sqliteCode(error), error)
  }
}

/**
 * Opens a file that nobody writes (a snapshot's) and that is to stay as it is, byte for byte.
 * @throws Problem as `openDb`
 */
export function openReadOnlyDb(
  path: string,
  options: Pick<OpenOptions<Db>, 'applicationId' | 'migrations' | 'verify'>,
): Db {
  let raw: BetterSqlite3.Database | undefined
  try {
    raw = new BetterSqlite3(path, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs })
    const db = new Db(path, raw)
    db.set('trusted_schema = OFF')
    refuseStranger(db, { ...options, mode: 'open', synchronous: 'FULL' })
    return db
  } catch (error) {
    raw?.close()
    throw openProblem(path, sqliteCode(error), error)
  }
}

/** A private database in memory with the same settings: for tests and benchmarks of what lives above. */
export function openMemoryDb(migrations: readonly string[]): Db {
  const raw = new BetterSqlite3(':memory:')
  const db = new Db(':memory:', raw)
  for (const sql of migrations) raw.exec(sql)
  return db
}

/** Runs before any pragma that writes: a stranger's file, or a newer one, is left as it was. @returns the version of the file */
function refuseStranger(db: Db, options: OpenOptions<Db>): number {
  if (options.mode !== 'open' && isEmpty(db)) return 0
  if (db.pragma<number>('application_id') !== options.applicationId)
    throw new Problem('tenant_damaged', `${shortName(db.path)} is not one of Carrel’s databases.`)
  const version = db.pragma<number>('user_version')
  if (version > options.migrations.length)
    throw new Problem(
      'tenant_newer',
      `${shortName(db.path)} is of version ${version}, this Carrel knows ${options.migrations.length}: update Carrel to open it.`,
    )
  options.verify?.(db)
  return version
}

function isEmpty(db: Db): boolean {
  return db.get<{ count: number }>(countSchema)?.count === 0
}

function setUp(db: Db, options: OpenOptions<Db>): void {
  db.set('trusted_schema = OFF')
  // Before the first page is written, which is what journal_mode does. To a file that has pages, auto_vacuum would be a
  // write at every open, which waits for the disk three times.
  if (options.mode !== 'open' && isEmpty(db)) {
    if (options.pageBytes !== undefined) db.set(`page_size = ${options.pageBytes}`)
    if (options.autoVacuum) db.set(`auto_vacuum = ${options.autoVacuum}`)
  }
  db.set(
    ...['journal_mode = WAL', `synchronous = ${options.synchronous}`],
    ...[`cache_size = -${cacheKib}`, 'temp_store = MEMORY'],
    // What is deleted is overwritten: otherwise a deleted text stays readable in the free pages of the file.
    ...['secure_delete = ON', 'foreign_keys = ON', `journal_size_limit = ${walBytesMax}`],
    ...(options.pagesMax === undefined ? [] : [`max_page_count = ${options.pagesMax}`]),
  )
}

/**
 * All steps or none: a crash leaves no version between. Without waiting for the disk: nobody was told of the new version, and
 * the next synced commit, or the fold at the end, makes it durable.
 */
function migrate(db: Db, version: number, { migrations, applicationId }: OpenOptions<Db>): void {
  let next = version
  if (next >= migrations.length) return
  try {
    db.unsyncedTransaction(() => {
      for (; next < migrations.length; next++) db.script(migrations[next] ?? '')
      db.set(`application_id = ${applicationId}`, `user_version = ${next}`)
    })
  } catch (error) {
    // Its contents do not fit: another file's may.
    if (!/^SQLITE_(ERROR|CONSTRAINT)/.test(sqliteCode(error) ?? '')) throw error
    throw new Problem(
      'tenant_damaged',
      `${shortName(db.path)} could not be brought to version ${next + 1} and stays as it was: ${(error as Error).message}.`,
      { cause: error },
    )
  }
}

/** Whether a database file turned out to be unreadable. */
export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error) ?? ''
  return code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')
}

/** The SQLite result code of an error, such as `SQLITE_FULL`, or undefined for any other error. */
export function sqliteCode(error: unknown): string | undefined {
  return error instanceof BetterSqlite3.SqliteError ? error.code : undefined
}

function columnsOf(statement: BetterSqlite3.Statement): string[] {
  return statement.columns().map(({ name }) => name)
}
