/** Conversations, the shard's side. */
import {
  addConversation,
  addExchange,
  type ConversationFilter,
  type ConversationView,
  conversationRow,
  conversationView,
  type Exchange,
  hasConversation,
  latestMessages,
  listConversations,
  type MessageView,
  refuseEndless,
  removeConversation,
  renameConversation,
  setFeedback,
} from '../library/conversations.ts'
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'

/** What a question goes on from: the latest messages that fit, in order, and the conversation's filter. */
export function history(
  _context: ShardContext,
  { app }: Store,
  { id, charactersMax }: { id: string; charactersMax: number },
): { filter: ConversationFilter; messages: { role: 'user' | 'assistant'; text: string }[] } {
  const row = conversationRow(app, id)
  refuseEndless(row)
  const messages: { role: 'user' | 'assistant'; text: string }[] = []
  let left = charactersMax
  for (const { role, text } of latestMessages(app, row, historyMessagesMax).items.toReversed()) {
    left -= text.length
    if (left < 0) break
    messages.unshift({ role, text })
  }
  return { filter: conversationView(row).filter, messages }
}

const historyMessagesMax = 40

/**
 * Writes a question and its answer down. A conversation that was deleted meanwhile does not come back.
 * @param args.isNew whether this is the conversation's first question
 */
export function record(
  context: ShardContext,
  { app }: Store,
  args: Exchange & { id: string; isNew: boolean },
): { isKept: boolean } {
  return app.transaction(() => {
    const now = context.nowMs()
    const isThere = hasConversation(app, args.id)
    if (!isThere && !args.isNew) return { isKept: false }
    const row = isThere
      ? conversationRow(app, args.id)
      : addConversation(app, args.id, args.question, now)
    addExchange(app, row, args, now)
    return { isKept: true }
  })
}

export function list(
  _context: ShardContext,
  { app }: Store,
  args: { limit: number; cursor: string | null },
): { items: ConversationView[]; next_cursor: string | null } {
  return listConversations(app, args)
}

export interface ConversationPage extends ConversationView {
  readonly items: readonly MessageView[]
  readonly previous_cursor: string | null
}

export function get(
  _context: ShardContext,
  { app }: Store,
  { id, limit, cursor }: { id: string; limit: number; cursor: string | null },
): ConversationPage {
  const row = conversationRow(app, id)
  return { ...conversationView(row), ...latestMessages(app, row, limit, cursor) }
}

export function update(
  context: ShardContext,
  { app }: Store,
  { id, title }: { id: string; title: string },
): ConversationView {
  return app.transaction(() => {
    renameConversation(app, conversationRow(app, id), title, context.nowMs())
    return conversationView(conversationRow(app, id))
  })
}

export function remove(_context: ShardContext, { app }: Store, { id }: { id: string }): null {
  app.transaction(() => removeConversation(app, conversationRow(app, id)))
  return null
}

export function feedback(
  _context: ShardContext,
  { app }: Store,
  args: { id: string; message: string; vote: 'up' | 'down' | null; why: string | null },
): null {
  app.transaction(() => setFeedback(app, conversationRow(app, args.id), args.message, args))
  return null
}
