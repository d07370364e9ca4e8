/** Conversations: their rows, and their shape on the wire. */
import { randomId } from '../base/ids.ts'
import { Problem } from '../base/problem.ts'
import type { Db } from '../base/sqlite.ts'
import type { DocumentFilter } from './filter.ts'

const columns = 'seq, id, title, filter, messages, created_at, updated_at'
const selectById = `SELECT ${columns} FROM conversations WHERE id = ?`
const selectPage = `SELECT ${columns} FROM conversations WHERE (updated_at, seq) < (?, ?)
  ORDER BY updated_at DESC, seq DESC LIMIT ?`
const insertConversation =
  'INSERT INTO conversations (id, title, filter, created_at, updated_at) VALUES (?, ?, ?, ?, ?)'
const updateTitle = 'UPDATE conversations SET title = ?, updated_at = ? WHERE seq = ?'
const updateSaid =
  'UPDATE conversations SET messages = messages + ?, filter = ?, updated_at = ? WHERE seq = ?'
const deleteConversation = 'DELETE FROM conversations WHERE seq = ?'
const insertMessage = `INSERT INTO messages (conversation_seq, id, role, text, detail, created_at)
  VALUES (?, ?, ?, ?, ?, ?)`
const selectMessages = `SELECT seq, id, role, text, detail, feedback, feedback_why, created_at FROM messages
  WHERE conversation_seq = ? AND seq < ? ORDER BY seq DESC LIMIT ?`
const updateFeedback = `UPDATE messages SET feedback = ?, feedback_why = ?
  WHERE id = ? AND conversation_seq = ? AND role = 'assistant'`

/** A conversation with more is over: its history would not fit any model, nor its export an answer. */
const messagesMax = 2_000
const titleUnitsMax = 80

export type ConversationFilter = Pick<
  DocumentFilter,
  'document_ids' | 'tags' | 'media_types' | 'languages'
>

export interface ConversationView {
  readonly id: string
  readonly title: string
  readonly filter: ConversationFilter
  readonly messages: number
  readonly created_at: string
  readonly updated_at: string
}

export interface MessageView {
  readonly id: string
  readonly role: 'user' | 'assistant'
  readonly text: string
  /** Of an answer, as it was written down. */
  readonly detail: unknown
  readonly feedback: { readonly vote: 'up' | 'down'; readonly why: string | null } | null
  readonly created_at: string
}

interface ConversationRow {
  readonly seq: number
  readonly id: string
  readonly title: string
  readonly filter: string
  readonly messages: number
  readonly created_at: number
  readonly updated_at: number
}

/** @throws Problem `not_found`, the same for an unknown id and one of somebody else's */
export function conversationRow(app: Db, id: string): ConversationRow {
  const row = app.get<ConversationRow>(selectById, id)
  if (!row) throw new Problem('not_found', 'There is no such conversation in your library.')
  return row
}

export function hasConversation(app: Db, id: string): boolean {
  return app.get(selectById, id) !== undefined
}

export function conversationView(row: ConversationRow): ConversationView {
  return {
    id: row.id,
    title: row.title,
    filter: JSON.parse(row.filter) as ConversationFilter,
    messages: row.messages,
    created_at: new Date(row.created_at).toISOString(),
    updated_at: new Date(row.updated_at).toISOString(),
  }
}

/** Those spoken in last come first. @param cursor what the last page gave, or null for the first page */
export function listConversations(
  app: Db,
  { limit, cursor }: { limit: number; cursor: string | null },
): { items: ConversationView[]; next_cursor: string | null } {
  const [time, seq] = parseCursor(cursor)
  const rows = app.all<ConversationRow>(selectPage, time, seq, limit + 1)
  const last = rows[limit - 1]
  const next =
    rows.length > limit && last ? `${last.updated_at.toString(36)}-${last.seq.toString(36)}` : null
  return { items: rows.slice(0, limit).map(conversationView), next_cursor: next }
}

/** What is to be written down of one question and its answer. */
export interface Exchange {
  readonly question: string
  readonly answer: string
  readonly answerId: string
  readonly detail: unknown
  readonly filter: ConversationFilter
}

/** A conversation that begins. Its title is its first question. */
export function addConversation(
  app: Db,
  id: string,
  question: string,
  nowMs: number,
): ConversationRow {
  app.run(insertConversation, id, titleOf(question), '{}', nowMs, nowMs)
  return conversationRow(app, id)
}

/** Writes a question and its answer down, together. */
export function addExchange(
  app: Db,
  { seq }: ConversationRow,
  said: Exchange,
  nowMs: number,
): void {
  app.run(insertMessage, seq, randomId('msg'), 'user', said.question, null, nowMs)
  const detail = JSON.stringify(said.detail)
  app.run(insertMessage, seq, said.answerId, 'assistant', said.answer, detail, nowMs)
  app.run(updateSaid, 2, JSON.stringify(said.filter), nowMs, seq)
}

/** @throws Problem `invalid_request` when the conversation has become too long to go on with */
export function refuseEndless({ messages }: ConversationRow): void {
  if (messages >= messagesMax)
    throw new Problem(
      'invalid_request',
      `The conversation has ${messages} messages, which is all it may have: start a new one.`,
    )
}

/** The latest messages, in the order they were said. @param before only messages before this one's place */
export function latestMessages(
  app: Db,
  { seq }: ConversationRow,
  limit: number,
  before: string | null = null,
): { items: MessageView[]; previous_cursor: string | null } {
  const [, place] = before === null ? [0, Number.MAX_SAFE_INTEGER] : parseCursor(`0-${before}`)
  const rows = app.all<{
    seq: number
    id: string
    role: 'user' | 'assistant'
    text: string
    detail: string | null
    feedback: 'up' | 'down' | null
    feedback_why: string | null
    created_at: number
  }>(selectMessages, seq, place, limit + 1)
  const shown = rows.slice(0, limit).reverse()
  const items = shown.map((row) => ({
    id: row.id,
    role: row.role,
    text: row.text,
    detail: row.detail === null ? null : (JSON.parse(row.detail) as unknown),
    feedback: row.feedback && { vote: row.feedback, why: row.feedback_why },
    created_at: new Date(row.created_at).toISOString(),
  }))
  const first = shown[0]
  return { items, previous_cursor: rows.length > limit && first ? first.seq.toString(36) : null }
}

export function renameConversation(
  app: Db,
  { seq }: ConversationRow,
  title: string,
  nowMs: number,
): void {
  app.run(updateTitle, title, nowMs, seq)
}

/** Its messages go with it. */
export function removeConversation(app: Db, { seq }: ConversationRow): void {
  app.run(deleteConversation, seq)
}

/** @throws Problem `not_found` when the conversation has no such answer */
export function setFeedback(
  app: Db,
  { seq }: ConversationRow,
  messageId: string,
  feedback: { readonly vote: 'up' | 'down' | null; readonly why: string | null },
): void {
  const { changes } = app.run(updateFeedback, feedback.vote, feedback.why, messageId, seq)
  if (changes === 0) throw new Problem('not_found', 'The conversation has no such answer.')
}

function titleOf(question: string): string {
  const line = question.replaceAll(/\s+/g, ' ').trim()
  if (line.length <= titleUnitsMax) return line
  return `${line
    .slice(0, titleUnitsMax)
    .replace(/[\ud800-\udbff]$/, '')
    .replace(/\s+\S*$/, '')} …`
}

function parseCursor(cursor: string | null): [number, number] {
  if (cursor === null) return [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
  const [, time = '', seq = ''] = /^([0-9a-z]{1,10})-([0-9a-z]{1,10})$/.exec(cursor) ?? []
  const parsed = [Number.parseInt(time, 36), Number.parseInt(seq, 36)] as [number, number]
  if (!parsed.every(Number.isSafeInteger))
    throw new Problem('invalid_request', 'The cursor is not one that this list gave.', {
      errors: [{ path: 'cursor', message: 'use the cursor of the page before, as it is' }],
    })
  return parsed
}
