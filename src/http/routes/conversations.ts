/** Conversations: list, read, rename, delete, export, and what people thought of an answer. */
import { create as contentDisposition } from 'content-disposition'
import { z } from 'zod'
import type { TenantHandle } from '../../control/tenant-directory.ts'
import type { MessageView } from '../../library/conversations.ts'
import { markdownOf } from '../conversation-markdown.ts'
import { answered, type Route, route } from '../route.ts'
import { json, listQuerySchema, noContent, titleSchema } from '../wire.ts'
import { filterSchema } from './search.ts'

const whyLengthMax = 2_000
/** A page of messages while an export is put together. */
const exportPage = 100

const conversationSchema = z.object({
  id: z.string(),
  title: z.string(),
  filter: filterSchema,
  messages: z.int(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
})

const messageSchema = z.object({
  id: z.string(),
  role: z.enum(['user', 'assistant']),
  text: z.string(),
  detail: z.unknown().describe('of an answer: mode, model, usage, notice, passages, citations'),
  feedback: z.object({ vote: z.enum(['up', 'down']), why: z.string().nullable() }).nullable(),
  created_at: z.iso.datetime(),
})

const pageSchema = conversationSchema.extend({
  items: z.array(messageSchema).describe('the latest messages, in the order they were said'),
  previous_cursor: z
    .string()
    .nullable()
    .describe('the `cursor` of those before; null at the first'),
})

const one = {
  path: '/v1/conversations/:id',
  params: z.object({ id: z.string() }),
  scope: 'chat',
  problems: ['not_found'],
} as const

export function conversationRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/conversations',
      scope: 'chat',
      summary: 'The conversations, the latest first',
      query: listQuerySchema,
      reply: json(
        z.object({ items: z.array(conversationSchema), next_cursor: z.string().nullable() }),
        'A page of conversations.',
      ),
      handle: ({ tenant, query: { limit, cursor = null }, signal }) =>
        tenant.call('conversations.list', { limit, cursor }, { signal }),
    }),
    route({
      ...one,
      method: 'get',
      summary: 'One conversation with its latest messages',
      query: listQuerySchema,
      reply: json(pageSchema, 'The conversation.'),
      handle: ({ tenant, params, query: { limit, cursor = null }, signal }) =>
        tenant.call('conversations.get', { ...params, limit, cursor }, { signal }),
    }),
    route({
      ...one,
      method: 'patch',
      summary: 'Change the title',
      audit: 'conversation.change',
      body: z.strictObject({ title: titleSchema }),
      reply: json(conversationSchema, 'The conversation as it is now.'),
      handle: ({ tenant, params, body }) =>
        tenant.call('conversations.update', { ...params, ...body }),
    }),
    route({
      ...one,
      method: 'delete',
      summary: 'Delete a conversation with all that was said in it',
      audit: 'conversation.delete',
      reply: noContent,
      handle: async ({ tenant, params }) => {
        await tenant.call('conversations.delete', params)
        return undefined
      },
    }),
    exportRoute(),
    feedbackRoute(),
  ]
}

function exportRoute(): Route {
  return route({
    ...one,
    method: 'get',
    path: '/v1/conversations/:id/export',
    summary: 'The conversation as Markdown, with what each answer cites',
    reply: { status: 200, description: 'Markdown, to be saved.', mediaType: 'text/markdown' },
    handle: async ({ tenant, params, response, signal }) => {
      const { title, messages } = await allOf(tenant, params.id, signal)
      response.setHeader('Content-Type', 'text/markdown; charset=utf-8')
      response.setHeader('Content-Disposition', contentDisposition(`${title}.md`))
      response.end(markdownOf(title, messages))
      return answered
    },
  })
}

function feedbackRoute(): Route {
  return route({
    ...one,
    method: 'put',
    path: '/v1/conversations/:id/messages/:message/feedback',
    params: z.object({ id: z.string(), message: z.string() }),
    summary: 'What was thought of an answer; null takes it back',
    audit: 'none',
    body: z.strictObject({
      vote: z.enum(['up', 'down']).nullable(),
      why: z.string().trim().min(1).max(whyLengthMax).nullable().default(null),
    }),
    reply: noContent,
    handle: async ({ tenant, params, body }) => {
      await tenant.call('conversations.feedback', { ...params, ...body })
      return undefined
    },
  })
}

async function allOf(
  tenant: TenantHandle,
  id: string,
  signal: AbortSignal,
): Promise<{ title: string; messages: MessageView[] }> {
  const messages: MessageView[] = []
  let cursor: string | null = null
  for (;;) {
    const args: { id: string; limit: number; cursor: string | null } = {
      id,
      limit: exportPage,
      cursor,
    }
    const page = await tenant.call('conversations.get', args, { signal })
    messages.unshift(...page.items)
    cursor = page.previous_cursor
    if (cursor === null) return { title: page.title, messages }
  }
}
