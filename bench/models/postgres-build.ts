/** Fills the PostgreSQL peers: the shelves are analysed once, and every user's rows are copied from them inside the server. */
import type pg from 'pg'
import { indexesOf, type Kind, schemaOf, security, tablesOf } from './postgres-schema.ts'
import type { Shelves } from './shelves.ts'

const shelfTables = `
CREATE TABLE shelf_documents (shelf int, seq bigint, id text, sha256 text, title text, filename text, bytes int, pages int,
  report json, created_at bigint);
CREATE TABLE shelf_passages (shelf int, id bigint, document_seq bigint, page int, text text, tsv tsvector);
CREATE TABLE users (user_id int, shelf int)`
const btreeGin = "SELECT 1 FROM pg_available_extensions WHERE name = 'btree_gin'"
const fillDocuments = `INSERT INTO shelf_documents SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[],
  $6::text[], $7::int[], $8::int[], $9::json[], $10::bigint[])`
const fillPassages = `INSERT INTO shelf_passages SELECT $1, id, seq, page, text, to_tsvector('simple', text)
  FROM unnest($2::bigint[], $3::bigint[], $4::int[], $5::text[]) AS given (id, seq, page, text)`
const documentColumns =
  'id, sha256, title, filename, media_type, bytes, language, pages, passages, status, tags, report, created_at, updated_at'
const documentValues =
  "id, sha256, title, filename, 'text/plain', bytes, 'en', pages, pages, 'ready', '[]'::json, report, created_at, created_at"
const passageColumns = 'document_seq, page, section, language, text, tsv'
/** Numbers of a user's documents, and of their passages, in the shared tables. */
const [documentsEach, passagesEach] = [2 ** 20, 2 ** 28]
const highestNumber = 2 ** 52

/** @param further a second connection: a schema is filled apart from others, and there are two cores */
export async function fillPostgres(
  client: pg.Client,
  further: pg.Client,
  kind: Kind,
  shelves: Shelves,
): Promise<void> {
  await client.query(shelfTables)
  const { rows: extensions } = await client.query(btreeGin)
  if (extensions.length > 0) await client.query('CREATE EXTENSION btree_gin')
  for (const [shelf, books] of shelves.all.entries()) {
    const seqs = books.map((_, at) => at + 1)
    const of = <T>(read: (book: (typeof books)[number]) => T): T[] => books.map(read)
    await client.query(fillDocuments, [
      ...[shelf, seqs, of((book) => book.id), of((book) => book.sha256), of((book) => book.title)],
      ...[of((book) => book.filename), of((book) => book.original.length)],
      ...[of((book) => book.passages.length), of((book) => JSON.stringify(book.report))],
      of((book) => book.createdAtMs),
    ])
    const passages = books.flatMap((book, at) =>
      book.passages.map((text, page) => ({ seq: at + 1, page: page + 1, text })),
    )
    await client.query(fillPassages, [
      ...[shelf, passages.map((_, at) => at + 1), passages.map(({ seq }) => seq)],
      ...[passages.map(({ page }) => page), passages.map(({ text }) => text)],
    ])
  }
  const tenants = Array.from({ length: shelves.tenants + shelves.spare }, (_, at) => at)
  await client.query('INSERT INTO users SELECT * FROM unnest($1::int[], $2::int[])', [
    tenants,
    tenants.map((tenant) => shelves.of(tenant)),
  ])
  await client.query('CREATE INDEX ON shelf_passages (shelf, id); ANALYZE')
  if (kind === 'rls') await fillShared(client, extensions.length > 0)
  else {
    const left = tenants.values()
    const fill = async (connection: pg.Client): Promise<void> => {
      for (const tenant of left) await fillSchema(connection, tenant, shelves.of(tenant))
    }
    await Promise.all([client, further].map(fill))
  }
  await client.query('DROP TABLE shelf_documents, shelf_passages, users')
  // Sets the bits that let an index alone answer, and counts.
  await client.query('VACUUM ANALYZE')
  await client.query('CHECKPOINT')
}

async function fillShared(client: pg.Client, hasBtreeGin: boolean): Promise<void> {
  await client.query(`${tablesOf.rls}
    INSERT INTO documents (user_id, seq, ${documentColumns}) SELECT user_id, user_id * ${documentsEach}::bigint + seq,
      ${documentValues} FROM users JOIN shelf_documents USING (shelf) ORDER BY user_id, seq;
    INSERT INTO passages (user_id, id, ${passageColumns}) SELECT user_id, user_id * ${passagesEach}::bigint + p.id,
      user_id * ${documentsEach}::bigint + document_seq, page, '[]', 'en', text, tsv
      FROM (SELECT * FROM users ORDER BY user_id) u
      CROSS JOIN LATERAL (SELECT * FROM shelf_passages s WHERE s.shelf = u.shelf ORDER BY s.id) p;
    ${hasBtreeGin ? indexesOf.rls : indexesOf.rls.replace('(user_id, tsv)', '(tsv)')}
    ALTER TABLE documents ALTER seq RESTART WITH ${highestNumber};
    ALTER TABLE passages ALTER id RESTART WITH ${highestNumber};
    ${security}`)
}

async function fillSchema(client: pg.Client, tenant: number, shelf: number): Promise<void> {
  await client.query(`CREATE SCHEMA ${schemaOf(tenant)}; SET search_path = ${schemaOf(tenant)}; ${tablesOf.schemas}
    INSERT INTO documents (seq, ${documentColumns}) SELECT seq, ${documentValues} FROM public.shelf_documents
      WHERE shelf = ${shelf} ORDER BY seq;
    INSERT INTO passages (id, ${passageColumns}) SELECT id, document_seq, page, '[]', 'en', text, tsv
      FROM public.shelf_passages WHERE shelf = ${shelf} ORDER BY id;
    ${indexesOf.schemas}
    ALTER TABLE documents ALTER seq RESTART WITH ${highestNumber};
    ALTER TABLE passages ALTER id RESTART WITH ${highestNumber};
    RESET search_path`)
}
