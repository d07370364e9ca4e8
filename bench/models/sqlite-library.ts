/**
 * Users' documents in SQLite, in one file for all or in a file each: the same schema but for `user_id`. In the shared file a
 * user's rows lie side by side, as their numbers begin with the user's: FTS5 then skips to them, which is quicker than a
 * column with the user's name among the words. What it cannot skip is bm25(), which counts a word over everybody's passages.
 */
import { randomUUID } from 'node:crypto'
import type { Database, Statement } from 'better-sqlite3'
import type { Asked } from './contract.ts'
import type { Book, Paper } from './shelves.ts'

const pageSize = 50
const hits = 10
/** Numbers of a user's documents, and of their passages. */
const documentsEach = 2 ** 20
const passagesEach = 2 ** 28

const tables = (user: string): string => `
CREATE TABLE documents (
  seq INTEGER PRIMARY KEY, ${user}
  id TEXT NOT NULL, sha256 TEXT NOT NULL, title TEXT NOT NULL, filename TEXT NOT NULL, media_type TEXT NOT NULL,
  bytes INTEGER NOT NULL, language TEXT, pages INTEGER, passages INTEGER NOT NULL, status TEXT NOT NULL,
  tags TEXT NOT NULL, report TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) STRICT;
CREATE TABLE passages (
  id INTEGER PRIMARY KEY, ${user}
  document_seq INTEGER NOT NULL, page INTEGER NOT NULL, section TEXT NOT NULL, language TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE found USING fts5 (text, content = 'passages', content_rowid = 'id', tokenize = 'unicode61');
`
export const sharedSchema = `${tables('user_id INTEGER NOT NULL,')}
CREATE UNIQUE INDEX documents_by_id ON documents (user_id, id);
`
export const ownSchema = `${tables('')}
CREATE UNIQUE INDEX documents_by_id ON documents (id);
`

const columns = `id, title, filename, media_type, bytes, sha256, language, pages, passages, status, tags, report,
  created_at, updated_at`
const insertValues = `@seq, @id, @sha256, @title, @filename, 'text/plain', @bytes, 'en', @pages, @pages, 'ready', '[]', @report,
  @at, @at`
const insertColumns = `id, sha256, title, filename, media_type, bytes, language, pages, passages, status, tags, report,
  created_at, updated_at`

/** The statements of one connection, prepared when they are first used. */
export class SqliteLibrary {
  readonly #db: Database
  readonly #isShared: boolean
  readonly #prepared = new Map<string, Statement>()

  constructor(db: Database, isShared: boolean) {
    this.#db = db
    this.#isShared = isShared
  }

  /** @returns JSON */
  ask({ request, tenant, documentId, words, paper }: Asked): string {
    switch (request) {
      case 'get':
        return JSON.stringify(this.#get(tenant, documentId))
      case 'list':
        return JSON.stringify({ items: this.#list(tenant) })
      case 'search':
        return JSON.stringify({ hits: this.#search(tenant, words) })
      case 'insert':
      case 'upload':
        return JSON.stringify(this.add(tenant, paper, randomUUID(), Date.now()))
    }
  }

  #get(tenant: number, id: string): unknown {
    const where = this.#isShared ? 'user_id = @tenant AND id = @id' : 'id = @id'
    const found = this.#sql(`SELECT ${columns} FROM documents WHERE ${where}`)
    return shown(found.get(this.#isShared ? { tenant, id } : { id }) as DocumentRow)
  }

  #list(tenant: number): unknown[] {
    const { first, last } = this.#documents(tenant)
    const page = `SELECT ${columns} FROM documents WHERE seq BETWEEN ? AND ? ORDER BY seq DESC LIMIT ${pageSize}`
    return (this.#sql(page).all(first, last) as DocumentRow[]).map(shown)
  }

  #search(tenant: number, words: readonly string[]): unknown[] {
    const { first, last } = this.#passages(tenant)
    const best = `SELECT rowid, rank, snippet(found, 0, '<mark>', '</mark>', '…', 32) AS snippet FROM found WHERE found MATCH ? ${this.#isShared ? 'AND rowid BETWEEN ? AND ?' : ''}
      ORDER BY rank LIMIT ${hits}`
    const all = `SELECT p.id AS passage_id, d.id AS document_id, d.title, p.page, p.section, p.text, f.snippet, -f.rank AS score
      FROM (${best}) f JOIN passages p ON p.id = f.rowid JOIN documents d ON d.seq = p.document_seq ORDER BY f.rank`
    const match = words.map((word) => `"${word}"`).join(' OR ')
    return this.#sql(all).all(match, ...(this.#isShared ? [first, last] : []))
  }

  /** One transaction. */
  add(tenant: number, paper: Paper, id: string, at: number): unknown {
    return this.transaction(() => {
      const ranges = [this.#documents(tenant), this.#passages(tenant)] as const
      const seq = this.#next('seq', 'documents', ranges[0])
      let passage = this.#next('id', 'passages', ranges[1])
      const { sha256, title, filename, original, passages } = paper
      const counts = { bytes: original.length, pages: passages.length }
      const report = JSON.stringify(paper.report)
      const row = { seq, id, sha256, title, filename, ...counts, report, at }
      const user = this.#isShared
        ? { name: ', user_id', value: ', @tenant', given: { tenant } }
        : none
      this.#sql(
        `INSERT INTO documents (seq, ${insertColumns}${user.name}) VALUES (${insertValues}${user.value})`,
      ).run({ ...row, ...user.given })
      const insert = this.#sql(
        `INSERT INTO passages (id, document_seq, page, section, language, text${user.name})
          VALUES (@passage, @seq, @page, '[]', 'en', @text${user.value})`,
      )
      const index = this.#sql('INSERT INTO found (rowid, text) VALUES (?, ?)')
      for (const [page, text] of passages.entries()) {
        insert.run({ passage, seq, page: page + 1, text, ...user.given })
        index.run(passage++, text)
      }
      return this.#get(tenant, id)
    })
  }

  addAll(tenant: number, books: readonly Book[]): void {
    for (const book of books) this.add(tenant, book, book.id, book.createdAtMs)
  }

  /** For the shared file: a user has what another file has, and nothing else. @param path of a file with one user's rows */
  takeFrom(path: string, tenant: number): void {
    const [seqs, ids] = [tenant * documentsEach, tenant * passagesEach]
    this.#db.prepare('ATTACH ? AS other').run(path)
    try {
      this.transaction(() => {
        this.remove(tenant)
        this.#db.exec(`
          INSERT INTO documents (seq, user_id, ${insertColumns})
            SELECT seq % ${documentsEach} + ${seqs}, ${tenant}, ${insertColumns} FROM other.documents;
          INSERT INTO passages (id, user_id, document_seq, page, section, language, text)
            SELECT id % ${passagesEach} + ${ids}, ${tenant}, document_seq % ${documentsEach} + ${seqs}, page, section,
              language, text FROM other.passages;
          INSERT INTO found (rowid, text) SELECT id % ${passagesEach} + ${ids}, text FROM other.passages;`)
      })
    } finally {
      this.#db.exec('DETACH other')
    }
  }

  /** For the shared file: the rows of one user without their index, which is made anew from them. */
  copyTo(path: string, tenant: number): void {
    this.#db.prepare('ATTACH ? AS copy').run(path)
    try {
      const { first, last } = this.#passages(tenant)
      this.#db.exec(`BEGIN;
        CREATE TABLE copy.documents AS SELECT * FROM documents WHERE user_id = ${tenant};
        CREATE TABLE copy.passages AS SELECT * FROM passages WHERE id BETWEEN ${first} AND ${last};
        COMMIT`)
    } finally {
      this.#db.exec('DETACH copy')
    }
  }

  /** Of one user, in the shared file. */
  remove(tenant: number): void {
    const [documents, passages] = [this.#documents(tenant), this.#passages(tenant)]
    this.transaction(() => {
      this.#sql(
        'DELETE FROM found WHERE rowid IN (SELECT id FROM passages WHERE id BETWEEN ? AND ?)',
      ).run(passages.first, passages.last)
      this.#sql('DELETE FROM passages WHERE id BETWEEN ? AND ?').run(passages.first, passages.last)
      this.#sql('DELETE FROM documents WHERE seq BETWEEN ? AND ?').run(
        documents.first,
        documents.last,
      )
    })
  }

  /** A savepoint of the one that is open, if one is. */
  transaction<T>(work: () => T): T {
    const transaction = this.#db.transaction(work)
    return this.#db.inTransaction ? transaction() : transaction.immediate()
  }

  #next(column: string, table: string, { first, last }: Range): number {
    const highest = this.#sql(
      `SELECT max(${column}) AS highest FROM ${table} WHERE ${column} BETWEEN ? AND ?`,
    ).get(first, last) as { highest: number | null }
    return (highest.highest ?? first) + 1
  }

  #documents(tenant: number): Range {
    return rangeOf(this.#isShared ? tenant : 0, documentsEach)
  }

  #passages(tenant: number): Range {
    return rangeOf(this.#isShared ? tenant : 0, passagesEach)
  }

  #sql(sql: string): Statement {
    let statement = this.#prepared.get(sql)
    if (!statement) {
      statement = this.#db.prepare(sql)
      this.#prepared.set(sql, statement)
    }
    return statement
  }
}

interface DocumentRow {
  readonly tags: string
  readonly report: string
}

/** As an API shows it. */
function shown(row: DocumentRow): unknown {
  return { ...row, tags: JSON.parse(row.tags), report: JSON.parse(row.report) }
}

const none = { name: '', value: '', given: {} }

interface Range {
  readonly first: number
  readonly last: number
}

function rangeOf(tenant: number, each: number): Range {
  return { first: tenant * each, last: (tenant + 1) * each - 1 }
}
