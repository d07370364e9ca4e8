/** Questions, answered from the caller's library: in one piece, or as it is written. */
import type { Request } from 'express'
import { z } from 'zod'
import type { Principal } from '../../auth/principal.ts'
import { Problem } from '../../base/problem.ts'
import type { TenantHandle } from '../../control/tenant-directory.ts'
import type { UsageCounters } from '../../control/usage-meter.ts'
import type { Chat, Question } from '../../rag/chat.ts'
import type { ChatEvent, ChatRun, Done, PassageView } from '../../rag/chat-run.ts'
import { checkShare } from '../../tenancy/quota.ts'
import { answered, type Route, route } from '../route.ts'
import { type ServerSentEvent, sendEvents } from '../sse.ts'
import { noContent } from '../wire.ts'
import { filterSchema } from './search.ts'

/** A page of a letter; what is longer is a document, and belongs into the library. */
const messageLengthMax = 8_000
const idSchema = z.string().min(1).max(128)

export interface ChatRouteOptions {
  readonly chat: Chat
  readonly usage: UsageCounters
}

/**
 * Begins to answer, while the library's share of the server's model lasts.
 * @throws Problem `quota_exceeded`, and what starting throws
 */
export function beginAnswer(
  { chat, usage }: ChatRouteOptions,
  principal: Principal,
  tenant: TenantHandle,
  question: Omit<Question, 'onUsage'>,
): Promise<ChatRun> {
  if (chat.voices.isAtServersCost(tenant))
    checkShare('chat_tokens_per_day', {
      used: usage.chatTokensToday(tenant.id),
      more: 1,
      limit: tenant.limits.chat_tokens_per_day,
    })
  return chat.start(tenant, {
    ...question,
    onUsage: (used) => usage.chatTokens(principal, used),
  })
}

const bodySchema = z.strictObject({
  message: z
    .string()
    .max(messageLengthMax)
    .refine((message) => message.trim() !== '', 'asks nothing'),
  conversation_id: idSchema.optional().describe('to go on with; without it a new one begins'),
  filter: filterSchema
    .optional()
    .describe('kept for the questions after it in the conversation, until another is given'),
  stream: z.boolean().default(false).describe('server-sent events instead of one answer'),
})

const passageSchema = z.object({
  n: z.int().describe('what `[n]` in the answer means'),
  passage_id: z.string(),
  document_id: z.string(),
  title: z.string(),
  page: z.int(),
  page_label: z.string().nullable(),
  section: z.array(z.string()),
  text: z.string(),
  snippet: z.string().describe('HTML-escaped text with `<mark>`'),
})

export const citationSchema = z.object({
  n: z.int().nullable().describe('the passage; null where the answer names none'),
  kind: z.enum(['quote', 'claim']),
  label: z
    .enum(['verified', 'close', 'not_found'])
    .describe('whether the words stand in the page: as they are, nearly, or not'),
  text: z.string(),
  answer_start: z.int(),
  answer_end: z.int(),
  document_id: z.string().nullable(),
  page: z.int().nullable(),
  page_label: z.string().nullable(),
  start: z.int().nullable().describe('in the text of the page, in UTF-16 units'),
  end: z.int().nullable(),
})

const doneSchema = z.object({
  conversation_id: z.string(),
  message_id: z.string(),
  mode: z
    .enum(['model', 'extractive', 'none'])
    .describe('`extractive`: quotes, chosen without a model; `none`: nothing was found'),
  model: z.string().nullable(),
  usage: z.object({ prompt_tokens: z.int(), completion_tokens: z.int() }).nullable(),
  notice: z.string().nullable().describe('for a person: no model, a model that failed, a cut'),
  took_ms: z.number(),
})

const replySchema = doneSchema.extend({
  answer: z.string(),
  passages: z.array(passageSchema),
  citations: z.array(citationSchema),
})

const streamDescription =
  'The answer. With `stream`, the events `passages`, `delta`, `citation`, and one `done` or `error`; the same come again, from where a client was, with the header `Last-Event-ID`, for five minutes.'

export function chatRoutes(options: ChatRouteOptions): Route[] {
  const { chat } = options
  return [
    route({
      method: 'post',
      path: '/v1/chat',
      scope: 'chat',
      summary: 'Ask; every sentence of the answer leads to a page',
      audit: 'none',
      body: bodySchema,
      reply: {
        status: 200,
        description: streamDescription,
        schema: replySchema,
        mediaType: 'text/event-stream',
      },
      problems: ['not_found', 'conversation_busy', 'model_failed', 'quota_exceeded'],
      handle: async ({ principal, tenant, body, request, response, signal }) => {
        const { stream, ...question } = body
        const place = placeOf(request)
        if (place) {
          const run = chat.resume(tenant, place.run)
          await sendEvents(response, wireEvents(run, place.after, signal), { signal })
          return answered
        }
        // An answer in one piece does not say what it could be fetched again by.
        const asked = { ...question, isKept: stream }
        const run = await beginAnswer(options, principal, tenant, asked)
        if (!stream) return whole(run, signal)
        await sendEvents(response, wireEvents(run, 0, signal), { signal })
        return answered
      },
    }),
    route({
      method: 'get',
      path: '/v1/chat/:run',
      scope: 'chat',
      summary: 'Go on reading an answer of the last five minutes, from `Last-Event-ID` on',
      params: z.object({ run: z.string() }),
      reply: { status: 200, description: 'Its events.', mediaType: 'text/event-stream' },
      problems: ['not_found'],
      handle: async ({ tenant, params, request, response, signal }) => {
        const run = chat.resume(tenant, params.run)
        const place = placeOf(request)
        const after = place?.run === run.id ? place.after : 0
        await sendEvents(response, wireEvents(run, after, signal), { signal })
        return answered
      },
    }),
    route({
      method: 'delete',
      path: '/v1/chat/:run',
      scope: 'chat',
      summary: 'Stop an answer that is being written; it is not kept',
      audit: 'none',
      params: z.object({ run: z.string() }),
      reply: noContent,
      problems: ['not_found'],
      handle: async ({ tenant, params, signal }) => {
        const run = chat.resume(tenant, params.run)
        run.abort(new Problem('conflict', 'The answer was stopped; it is not kept.'))
        // Afterwards the conversation takes the next question.
        for await (const _ of run.read(0, signal));
        return undefined
      },
    }),
  ]
}

/** `run.place`, as our own event ids are; anything else is no id of ours. */
function placeOf(request: Request): { run: string; after: number } | undefined {
  const given = request.get('last-event-id')
  if (given === undefined || given === '') return undefined
  const [, run = '', after = ''] = /^(run_[a-z2-7]{26})\.(\d{1,9})$/.exec(given) ?? []
  if (run === '')
    throw new Problem('invalid_request', 'Last-Event-ID is not one that an answer gave.')
  return { run, after: Number(after) }
}

async function* wireEvents(
  run: ChatRun,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  for await (const { at, event } of run.read(after, signal))
    yield { id: `${run.id}.${at}`, event: event.event, data: event.data }
}

/** @throws Problem when the answer ended with one */
async function whole(run: ChatRun, signal: AbortSignal) {
  let passages: readonly PassageView[] = []
  let answer = ''
  const citations: Extract<ChatEvent, { event: 'citation' }>['data'][] = []
  let done: Done | undefined
  for await (const { event } of run.read(0, signal)) {
    if (event.event === 'passages') passages = event.data.passages
    else if (event.event === 'delta') answer += event.data.text
    else if (event.event === 'citation') citations.push(event.data)
    else if (event.event === 'done') done = event.data
    else throw Problem.fromData(event.data)
  }
  if (!done) {
    // Nobody can come back for an answer in one piece.
    run.abort(new Problem('internal', 'The client left.'))
    throw new Problem('internal', 'The client left.')
  }
  return { ...done, answer, passages, citations }
}
