/** The PostgreSQL peers: shared tables with row-level security, or a schema for each user; twenty connections that requests take in turns. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { type Asked, type Model, type Request, reads } from './contract.ts'
import { fillPostgres } from './postgres-build.ts'
import { type Kind, leakproof, messageOf, preparations, schemaOf } from './postgres-schema.ts'
import { PostgresServer, type postgresPrograms } from './postgres-server.ts'
import type { Shelves } from './shelves.ts'

const connections = 20
const database = 'postgres'
const dumpJobs = 2
const tables = ['documents', 'passages'] as const
const column = 'ADD COLUMN language_chosen text'
const databaseBytes = 'SELECT pg_database_size(current_database()) AS bytes'
const columnEverywhere = `DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT nspname FROM pg_namespace WHERE nspname ~ '^u[0-9]+$'
  LOOP EXECUTE format('ALTER TABLE %I.documents ${column}', name); END LOOP; END $$`
const copyOf = (name: string): string => `CREATE DATABASE ${name} TEMPLATE ${database}`
/** Older ones have no other way than by files. */
const byFiles = " STRATEGY 'file_copy'"
const versionWithStrategies = 150_000
/** Without these, integers of eight bytes would come as texts. */
const bigint = 20
pg.types.setTypeParser(bigint, Number)

export class PostgresModel implements Model {
  readonly name: string
  readonly only?: readonly Request[]
  readonly #kind: Kind
  readonly #server: PostgresServer
  readonly #database: string
  readonly #operator: pg.Client
  #all: readonly pg.Client[] = []
  #free: pg.Client[] = []
  readonly #waiting: ((client: pg.Client) => void)[] = []

  private constructor(kind: Kind, server: PostgresServer, operator: pg.Client, copy?: string) {
    this.name = copy === undefined ? `pg-${kind}` : `pg-${kind}-${copy}`
    if (copy !== undefined) this.only = [...reads, 'insert']
    this.#kind = kind
    this.#server = server
    this.#database = copy ?? database
    this.#operator = operator
  }

  static async build(
    kind: Kind,
    directory: string,
    shelves: Shelves,
    programs: NonNullable<ReturnType<typeof postgresPrograms>>,
  ): Promise<PostgresModel> {
    const server = await PostgresServer.start(directory, programs)
    try {
      const operator = await server.connect()
      const further = await server.connect()
      await fillPostgres(operator, further, kind, shelves)
      await further.end()
      const model = new PostgresModel(kind, server, operator)
      await model.#connect()
      return model
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  /** The same data beside it in the same server, with `@@` declared leakproof; to be closed before this one. */
  async leakproof(): Promise<PostgresModel> {
    const name = 'leakproof'
    // Nobody may be in a database that is copied.
    await this.#disconnect()
    const { rows } = await this.#operator.query('SHOW server_version_num')
    const hasStrategies = Number(rows[0].server_version_num) >= versionWithStrategies
    await this.#operator.query(copyOf(name) + (hasStrategies ? byFiles : ''))
    await this.#connect()
    const operator = await this.#server.connect(undefined, name)
    await operator.query(leakproof)
    const model = new PostgresModel(this.#kind, this.#server, operator, name)
    await model.#connect()
    return model
  }

  get pid(): number {
    return this.#server.pid
  }

  async ask(asked: Asked): Promise<string> {
    const client = await this.#take()
    try {
      const literal = (text: string): string => client.escapeLiteral(text)
      const answers: unknown = await client.query(messageOf(this.#kind, asked, literal))
      const [, { rows }] = answers as [unknown, pg.QueryResult]
      if (asked.request === 'list') return JSON.stringify({ items: rows })
      return JSON.stringify(asked.request === 'search' ? { hits: rows } : rows[0])
    } finally {
      this.#giveBack(client)
    }
  }

  async backup(tenant: number): Promise<void> {
    for (const path of this.#copies(tenant)) rmSync(path, { force: true })
    if (this.#kind === 'schemas') {
      const [path = ''] = this.#copies(tenant)
      await this.#server.run('pg_dump', ['-Fc', '-n', schemaOf(tenant), '-f', path, database])
    } else
      for (const [at, path] of this.#copies(tenant).entries())
        await this.#operator.query(
          `COPY (SELECT * FROM ${tables[at]} WHERE user_id = ${tenant}) TO '${path}' (FORMAT binary)`,
        )
    for (const path of this.#copies(tenant)) await synced(path)
  }

  async restore(tenant: number): Promise<void> {
    if (this.#kind === 'schemas') {
      await this.remove(tenant)
      const [path = ''] = this.#copies(tenant)
      await this.#server.run('pg_restore', ['--single-transaction', '-d', database, path])
      return
    }
    const copies = this.#copies(tenant).map(
      (path, at) => `COPY ${tables[at]} FROM '${path}' (FORMAT binary)`,
    )
    await this.#operator.query([removal(tenant), ...copies].join('; '))
  }

  async remove(tenant: number): Promise<void> {
    const isOwn = this.#kind === 'schemas'
    await this.#operator.query(isOwn ? `DROP SCHEMA ${schemaOf(tenant)} CASCADE` : removal(tenant))
  }

  async backupAll(): Promise<void> {
    const path = join(this.#server.directory, 'dump')
    await this.#server.run('pg_dump', ['-Fd', '-j', String(dumpJobs), '-Z0', '-f', path, database])
    for (const name of readdirSync(path)) await synced(join(path, name))
    rmSync(path, { recursive: true })
  }

  async migrate(): Promise<void> {
    const isOwn = this.#kind === 'schemas'
    await this.#operator.query(isOwn ? columnEverywhere : `ALTER TABLE documents ${column}`)
  }

  async bytes(): Promise<number> {
    const { rows } = await this.#operator.query<{ bytes: number }>(databaseBytes)
    return rows[0]?.bytes ?? 0
  }

  async close(): Promise<void> {
    await this.#disconnect()
    await this.#operator.end()
    if (this.only === undefined) await this.#server.stop()
  }

  async #connect(): Promise<void> {
    // The superuser passes over every policy; whoever owns a schema needs none.
    const user = this.#kind === 'rls' ? 'app' : undefined
    const connect = () => this.#server.connect(user, this.#database)
    this.#all = await Promise.all(Array.from({ length: connections }, connect))
    if (this.#kind === 'rls')
      await Promise.all(this.#all.map((client) => client.query(preparations)))
    this.#free = [...this.#all]
  }

  async #disconnect(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.end()))
  }

  #copies(tenant: number): string[] {
    const names = this.#kind === 'schemas' ? ['all'] : tables
    return names.map((name) => join(this.#server.directory, `copy-${tenant}-${name}`))
  }

  #take(): Promise<pg.Client> {
    const client = this.#free.pop()
    if (client) return Promise.resolve(client)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #giveBack(client: pg.Client): void {
    const next = this.#waiting.shift()
    if (next) next(client)
    else this.#free.push(client)
  }
}

function removal(tenant: number): string {
  return tables.map((table) => `DELETE FROM ${table} WHERE user_id = ${tenant}`).join('; ')
}

async function synced(path: string): Promise<void> {
  if (!existsSync(path)) throw new Error(`${path} was not made`)
  await using file = await open(path, 'r')
  await file.sync()
}
