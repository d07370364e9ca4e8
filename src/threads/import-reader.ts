/**
 * The program of the process that opens a user's databases: read-only, with nothing but these files. The schema is compared
 * with ours before a page of data is looked at, because triggers, views and checks in it would be somebody else's program.
 * The one file that uses Node's own SQLite, whose limits ours does not offer; nothing else of this process knows another.
 */
import { readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import {
  appQueries,
  migrationsUpTo,
  selectCounts,
  selectSchema,
  vecsQueries,
} from '../tenancy/archive-rows.ts'
import { encodeJson, headerBytes } from './extractor-frames.ts'
import type { ImportMessage, ImportReading } from './import-messages.ts'

const input = 0
const output = 3
/** No text or blob of ours is longer: three bytes a character of the longest page, and a few more. */
const valueBytesMax = 4_000_000
/** Characters of text that go in one message; the last page may be longer. */
const charactersPerMessage = 500_000
const itemsPerMessage = 500
const vectorsPerMessage = 256
const termsPerMessage = 1_000
/** As in vecs.db: a key is `space · 2^36 + passage`. */
const spaceStride = 2 ** 36

type Row = Record<string, SQLOutputValue>

/** What is wrong with the archive, for its user. */
class Refused extends Error {}

const reading = JSON.parse(receive().toString('utf8')) as ImportReading
try {
  const app = open('app.db')
  const vecs = reading.hasVecs ? open('vecs.db') : undefined
  send({ type: 'checked', documents: Number(first(app, selectCounts)['documents']) })
  sendLibrary(app)
  if (vecs && reading.fingerprint !== null) sendVectors(vecs, reading.fingerprint)
  send({ type: 'done' })
} catch (error) {
  send({ type: 'refused', why: whyOf(error) })
}

function open(name: 'app.db' | 'vecs.db'): DatabaseSync {
  const url = pathToFileURL(join(reading.directory, name))
  // Nobody writes it: no lock is taken, no log looked for.
  url.searchParams.set('immutable', '1')
  const db = new DatabaseSync(url, {
    readOnly: true,
    allowExtension: false,
    enableForeignKeyConstraints: false,
    defensive: true,
    limits: { attach: 0, triggerDepth: 0, length: valueBytesMax, sqlLength: 100_000 },
  })
  for (const pragma of ['trusted_schema = OFF', 'cell_size_check = ON', 'mmap_size = 0'])
    db.exec(`PRAGMA ${pragma}`)
  const version = Number(first(db, 'PRAGMA user_version')['user_version'])
  const ours = new DatabaseSync(':memory:')
  for (const sql of migrationsUpTo(name, version)) ours.exec(sql)
  if (schemaOf(db) !== schemaOf(ours))
    throw new Refused(`the schema of ${name} is not the one of its version`)
  const found = first(db, 'PRAGMA quick_check(1)')['quick_check']
  if (found !== 'ok') throw new Refused(`${name} is damaged: ${found}`)
  return db
}

function schemaOf(db: DatabaseSync): string {
  return JSON.stringify(db.prepare(selectSchema).all())
}

function sendLibrary(app: DatabaseSync): void {
  const version = Number(first(app, 'PRAGMA user_version')['user_version'])
  const queries = appQueries(version)
  const tags = app.prepare(queries.tags)
  const thumbnail = queries.thumbnail === undefined ? undefined : app.prepare(queries.thumbnail)
  for (const row of app.prepare(queries.documents).iterate()) {
    const seq = row['seq'] as number
    const png = thumbnail?.get(seq)?.['png']
    send({
      type: 'document',
      document: {
        seq,
        id: row['id'] as string,
        sha256: row['sha256'] as string,
        title: row['title'] as string,
        isTitleChosen: row['title_chosen'] === 1,
        filename: row['filename'] as string,
        mediaType: row['media_type'] as string,
        extension: row['extension'] as string,
        bytes: row['bytes'] as number,
        language: row['language'] as string | null,
        languageChosen: row['language_chosen'] as string | null,
        isRead: (row['revision'] as number) > 0,
        hasJob: row['has_job'] === 1,
        error: parsed(row['error']) as never,
        report: parsed(row['report']) as never,
        outline: parsed(row['outline']) as never,
        createdAt: row['created_at'] as number,
        updatedAt: row['updated_at'] as number,
        tags: tags.all(seq).map(({ tag }) => tag as string),
        png: png instanceof Uint8Array ? base64(png) : null,
      },
    })
    if ((row['revision'] as number) > 0) sendText(app, queries, seq, row['revision'] as number)
  }
  if (queries.conversations !== undefined)
    sendConversations(app, queries.conversations, queries.messages)
}

/** Pages and the passages that end on them, in the order in which a document is read. */
function sendText(
  app: DatabaseSync,
  queries: { pages: string; passages: string },
  seq: number,
  revision: number,
): void {
  const passages = app.prepare(queries.passages).iterate(seq, revision)
  let next = passages.next()
  let [pages, quotes, characters] = [[] as unknown[], [] as unknown[], 0]
  const flush = (): void => {
    if (pages.length + quotes.length > 0)
      send({ type: 'text', pages: pages as never, passages: quotes as never })
    pages = []
    quotes = []
    characters = 0
  }
  const takePassages = (upTo: number): void => {
    for (; !next.done && (next.value['last_page'] as number) <= upTo; next = passages.next()) {
      quotes.push(passageOf(next.value))
      characters += (next.value['text'] as string).length
      if (quotes.length >= itemsPerMessage || characters > charactersPerMessage) flush()
    }
  }
  for (const row of app.prepare(queries.pages).iterate(seq, revision)) {
    const { number, label, text, source, language, is_suspicious } = row
    pages.push({ number, label, text, source, language, isSuspicious: is_suspicious === 1 })
    characters += (text as string).length
    if (pages.length >= itemsPerMessage || characters > charactersPerMessage) flush()
    takePassages(number as number)
  }
  takePassages(Number.POSITIVE_INFINITY)
  flush()
}

function passageOf({ id, section, language, spans, text }: Row): unknown {
  const places = parsed(spans)
  if (!Array.isArray(places)) throw new Refused('a passage has no place')
  return {
    id,
    section: parsed(section),
    language,
    text,
    spans: places.map((place) => {
      const [page, start, end, at] = Array.isArray(place) ? place : []
      return { page, start, end, at }
    }),
  }
}

function sendConversations(app: DatabaseSync, conversations: string, said: string): void {
  const ofOne = app.prepare(said)
  for (const row of app.prepare(conversations).iterate()) {
    send({
      type: 'conversation',
      conversation: {
        id: row['id'] as string,
        title: row['title'] as string,
        filter: parsed(row['filter']) as never,
        createdAt: row['created_at'] as number,
        updatedAt: row['updated_at'] as number,
      },
    })
    for (const one of ofOne.iterate(row['seq'] as number)) {
      const message = {
        id: one['id'],
        role: one['role'],
        text: one['text'],
        detail: parsed(one['detail']),
        feedback: one['feedback'],
        feedbackWhy: one['feedback_why'],
        createdAt: one['created_at'],
      }
      send({ type: 'messages', messages: [message as never] })
    }
  }
}

function sendVectors(vecs: DatabaseSync, fingerprint: string): void {
  const space = vecs.prepare(vecsQueries.space).get(fingerprint)
  if (!space) return
  const { id, dims, config } = space as { id: number; dims: number; config: string }
  send({ type: 'space', dims, config })
  const terms = vecs.prepare(vecsQueries.terms).iterate(id)
  for (const rows of batches(terms, termsPerMessage))
    send({
      type: 'terms',
      terms: rows.map(({ term }) => term as number),
      idf: rows.map(({ idf }) => idf as number),
      scales: rows.map(({ scale }) => scale as number),
      vectors: blobs(rows),
    })
  const from = id * spaceStride
  const vectors = vecs.prepare(vecsQueries.vectors).iterate(from, from + spaceStride)
  for (const rows of batches(vectors, vectorsPerMessage))
    send({
      type: 'vectors',
      ids: rows.map(({ key }) => (key as number) - from),
      vectors: blobs(rows),
    })
}

function* batches(rows: Iterable<Row>, size: number): Generator<Row[]> {
  let batch: Row[] = []
  for (const row of rows) {
    if (batch.push(row) < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function blobs(rows: readonly Row[]): string {
  const all = rows.map(({ vector }) => vector as Uint8Array)
  if (all.some((bytes) => bytes.length !== all[0]?.length))
    throw new Refused('its vectors differ in length')
  return base64(Buffer.concat(all))
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

function parsed(value: SQLOutputValue | undefined): unknown {
  if (value === null || value === undefined) return null
  try {
    return JSON.parse(String(value))
  } catch {
    throw new Refused('a value that should be JSON is none')
  }
}

function first(db: DatabaseSync, sql: string): Row {
  return db.prepare(sql).get() ?? {}
}

function whyOf(error: unknown): string {
  if (error instanceof Refused) return error.message
  const said = error instanceof Error ? error.message : String(error)
  return `its database cannot be read: ${said}`.slice(0, 500)
}

/** The one message that comes: blocks until it is whole. */
function receive(): Buffer {
  const take = (length: number): Buffer => {
    const bytes = Buffer.alloc(length)
    for (let at = 0; at < length; ) {
      const count = readSync(input, bytes, at, length - at, null)
      if (count === 0) process.exit()
      at += count
    }
    return bytes
  }
  return take(take(headerBytes).readUInt32LE(0))
}

/** Waits while nobody reads: the pipe itself is the flow control. */
function send(message: ImportMessage): void {
  const frame = encodeJson(message)
  for (let at = 0; at < frame.length; ) at += writeSync(output, frame, at)
}
