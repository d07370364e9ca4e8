/** Rows that come with ids of their own, from another library: into tables that are empty. */
import type { Db } from '../base/sqlite.ts'
import type { OutlineEntry, PassageDraft } from '../ingest/contract.ts'
import { insertRanges } from './passages.ts'
import { setTags } from './tags.ts'
import { setThumbnail } from './thumbnails.ts'

const insertDocument = `INSERT INTO documents (seq, id, sha256, title, title_chosen, filename, media_type, extension, bytes,
  language, language_chosen, status, error, report, outline, created_at, updated_at)
  VALUES (@seq, @id, @sha256, @title, @titleChosen, @filename, @mediaType, @extension, @bytes,
  @language, @languageChosen, @status, @error, @report, @outline, @createdAt, @updatedAt)`
const setPublished = `UPDATE documents SET status = 'ready', revision = @revision, pages = @pages, pages_done = @pages,
  pages_total = @pages, passages = @passages WHERE seq = @seq`
const insertPassage = `INSERT INTO passages (id, document_seq, revision, section, language, first_page, last_page, spans,
  text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
const insertConversation = `INSERT INTO conversations (id, title, filter, created_at, updated_at)
  VALUES (?, ?, ?, ?, ?)`
const insertMessage = `INSERT INTO messages (conversation_seq, id, role, text, detail, feedback, feedback_why, created_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
const addToCount = 'UPDATE conversations SET messages = messages + ? WHERE seq = ?'

export interface DocumentToImport {
  readonly seq: number
  readonly id: string
  readonly sha256: string
  readonly title: string
  readonly isTitleChosen: boolean
  readonly filename: string
  readonly mediaType: string
  readonly extension: string
  readonly bytes: number
  readonly language: string | null
  readonly languageChosen: string | null
  readonly error: { readonly code: string; readonly detail: string } | null
  readonly report: unknown
  readonly outline: readonly OutlineEntry[] | null
  readonly tags: readonly string[]
  readonly thumbnail: Uint8Array | null
  readonly createdAt: number
  readonly updatedAt: number
}

/** A document that nothing was read of yet; `publishImported` follows where something was. */
export function addImported(app: Db, document: DocumentToImport): void {
  const { seq, isTitleChosen, error, report, outline, tags, thumbnail, ...row } = document
  app.run(insertDocument, {
    ...row,
    seq,
    titleChosen: isTitleChosen ? 1 : 0,
    status: 'failed',
    error: jsonOrNull(error),
    report: jsonOrNull(report),
    outline: jsonOrNull(outline),
  })
  setTags(app, seq, tags)
  if (thumbnail) setThumbnail(app, seq, thumbnail)
}

/** Says that the pages and passages of this revision are all there are. */
export function publishImported(
  app: Db,
  counted: { seq: number; revision: number; pages: number; passages: number },
): void {
  app.run(setPublished, counted)
}

/** As `addPassages`, with the ids that the passages bring. @throws SqliteError for an id that is there already */
export function addImportedPassages(
  app: Db,
  revision: { documentSeq: number; revision: number },
  passages: readonly (PassageDraft & { readonly id: number })[],
): void {
  for (const { id, section, language, spans, text } of passages)
    app.run(
      insertPassage,
      id,
      revision.documentSeq,
      revision.revision,
      JSON.stringify(section),
      language,
      spans[0]?.page ?? 1,
      spans.at(-1)?.page ?? 1,
      JSON.stringify(spans.map((span) => [span.page, span.start, span.end, span.at])),
      text,
    )
  insertRanges(
    app,
    revision,
    passages.map(({ id }) => id),
  )
}

/** @returns its row's number, for its messages */
export function addImportedConversation(
  app: Db,
  conversation: {
    id: string
    title: string
    filter: unknown
    createdAt: number
    updatedAt: number
  },
): number {
  const { id, title, filter, createdAt, updatedAt } = conversation
  return app.run(insertConversation, id, title, JSON.stringify(filter), createdAt, updatedAt).lastId
}

export function addImportedMessages(
  app: Db,
  conversation: number,
  messages: readonly {
    readonly id: string
    readonly role: 'user' | 'assistant'
    readonly text: string
    readonly detail: unknown
    readonly feedback: 'up' | 'down' | null
    readonly feedbackWhy: string | null
    readonly createdAt: number
  }[],
): void {
  for (const { id, role, text, detail, feedback, feedbackWhy, createdAt } of messages)
    app.run(
      insertMessage,
      conversation,
      id,
      role,
      text,
      jsonOrNull(detail),
      feedback,
      feedbackWhy,
      createdAt,
    )
  app.run(addToCount, messages.length, conversation)
}

function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value)
}
