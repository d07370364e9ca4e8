/** The request log in the thread of control.db: a file a month, kept for some months, without who was deleted. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectory } from '../base/fs.ts'
import { Problem } from '../base/problem.ts'
import { type Db, openDb } from '../base/sqlite.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

/** `Crlr` in ASCII. */
const requestsApplicationId = 0x43726c72

const migrations: readonly string[] = [
  `
CREATE TABLE requests (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  -- Empty: nobody who has a library.
  tenant TEXT NOT NULL,
  method TEXT NOT NULL,
  -- The pattern, never the address.
  route TEXT NOT NULL,
  status INTEGER NOT NULL,
  ms REAL NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_by_tenant ON requests (tenant, seq);
`,
]
const insertRequest = `INSERT INTO requests (at, request_id, tenant, method, route, status, ms, bytes)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
const deleteOf = 'DELETE FROM requests WHERE tenant = ?'
const selectPage = `SELECT seq, at, request_id, tenant, method, route, status, ms, bytes FROM requests
  WHERE seq < @before AND (@tenant IS NULL OR tenant = @tenant) ORDER BY seq DESC LIMIT @limit`

const fileName = /^(\d{4}-\d\d)\.db$/

export interface RequestRow {
  readonly seq: number
  readonly at: number
  readonly request_id: string
  readonly tenant: string
  readonly method: string
  readonly route: string
  readonly status: number
  readonly ms: number
  readonly bytes: number
}

export class RequestLog {
  readonly #directory: string
  readonly #months: number
  #open: { readonly month: string; readonly db: Db } | undefined

  /** @param months that are kept, the present one included */
  constructor(directory: string, months: number) {
    this.#directory = directory
    this.#months = months
    makeDirectory(directory)
  }

  /** @param lines of nine fields with tabs between them, in the order of time */
  append(lines: string): void {
    const rows = lines
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
    for (const [month, there] of Map.groupBy(rows, ([at]) => monthOf(Number(at)))) {
      const db = this.#fileOf(month)
      db.transaction(() => {
        for (const [at, id = '', tenant = '', method = '', route = '', status, ms, bytes] of there)
          db.run(
            insertRequest,
            Number(at),
            id,
            tenant,
            method,
            route,
            Number(status),
            Number(ms),
            Number(bytes),
          )
      })
    }
  }

  /** Overwrites what is written of a tenant in every month. */
  erase(tenant: TenantId): void {
    for (const month of this.#monthsThere())
      this.#within(month, (db) => {
        if (db.run(deleteOf, tenant).changes > 0) db.checkpoint()
      })
  }

  /** The newest first. @param month as in 2026-11 */
  page({
    month,
    ...page
  }: {
    readonly month: string
    readonly tenant: TenantId | null
    readonly before: number
    readonly limit: number
  }): RequestRow[] {
    if (!existsSync(this.#path(month))) return []
    return this.#within(month, (db) => db.all<RequestRow>(selectPage, page)) ?? []
  }

  close(): void {
    this.#open?.db.checkpoint()
    this.#open?.db.close()
    this.#open = undefined
  }

  /** The file that is written to; a new month closes the one before, and ends those that are too old. */
  #fileOf(month: string): Db {
    if (this.#open?.month === month) return this.#open.db
    this.close()
    this.#open = { month, db: this.#openFile(month) }
    this.#retain(month)
    return this.#open.db
  }

  #retain(month: string): void {
    const [year = 0, number = 0] = month.split('-').map(Number)
    const oldest = monthOf(Date.UTC(year, number - this.#months, 1))
    for (const old of this.#monthsThere())
      if (old < oldest)
        for (const end of ['', '-wal', '-shm']) rmSync(this.#path(old) + end, { force: true })
  }

  #within<T>(month: string, work: (db: Db) => T): T | undefined {
    if (this.#open?.month === month) return work(this.#open.db)
    let db: Db | undefined
    try {
      db = this.#openFile(month)
      return work(db)
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'tenant_damaged') throw error
      // Nobody can read it, and what it says of who was deleted must not stay.
      rmSync(this.#path(month), { force: true })
      return undefined
    } finally {
      db?.close()
    }
  }

  #openFile(month: string): Db {
    return openDb(this.#path(month), {
      mode: 'open-or-create',
      // A power cut may take the last seconds; nobody was promised a line.
      synchronous: 'NORMAL',
      applicationId: requestsApplicationId,
      migrations,
    })
  }

  #monthsThere(): string[] {
    return readdirSync(this.#directory).flatMap((name) => fileName.exec(name)?.[1] ?? [])
  }

  #path(month: string): string {
    if (!fileName.test(`${month}.db`)) throw new Error(`not a month: ${month}`)
    return join(this.#directory, `${month}.db`)
  }
}

/** @returns such as `2026-11`, in UTC */
export function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7)
}
