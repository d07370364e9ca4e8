/** The library as a model of OpenAI's API: chat clients that know only that ask it, with a token of Carrel's. */
import { z } from 'zod'
import { randomId } from '../../base/ids.ts'
import { Problem } from '../../base/problem.ts'
import type { ChatUsage } from '../../rag/chat-event.ts'
import type { ChatRun, PassageView } from '../../rag/chat-run.ts'
import { answered, type Route, route } from '../route.ts'
import { type ServerSentEvent, sendEvents } from '../sse.ts'
import { json } from '../wire.ts'
import { beginAnswer, type ChatRouteOptions } from './chat.ts'

const modelId = 'carrel'
const messagesMax = 200
const contentLengthMax = 100_000
const questionLengthMax = 8_000

const contentSchema = z.union([
  z.string().max(contentLengthMax),
  z
    .array(z.looseObject({ type: z.string(), text: z.string().max(contentLengthMax).optional() }))
    .max(64),
  z.null(),
])

/** Clients send many fields; those that mean nothing here are passed over. */
const bodySchema = z.looseObject({
  model: z.string().default(modelId),
  messages: z
    .array(z.looseObject({ role: z.string(), content: contentSchema.optional() }))
    .min(1)
    .max(messagesMax),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
})

const usageSchema = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
})

const replySchema = z.object({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.int(),
      message: z.object({ role: z.literal('assistant'), content: z.string() }),
      finish_reason: z.literal('stop'),
    }),
  ),
  usage: usageSchema,
})

const modelsSchema = z.object({
  object: z.literal('list'),
  data: z.array(
    z.object({
      id: z.string(),
      object: z.literal('model'),
      created: z.int(),
      owned_by: z.string(),
    }),
  ),
})

export function openAiRoutes(options: ChatRouteOptions): Route[] {
  return [
    route({
      method: 'post',
      path: '/openai/v1/chat/completions',
      scope: 'chat',
      summary: 'Ask the library as a model of OpenAI’s API; nothing is kept',
      audit: 'none',
      body: bodySchema,
      reply: {
        status: 200,
        description: 'The answer with its sources; with `stream`, its chunks.',
        schema: replySchema,
        mediaType: 'text/event-stream',
      },
      problems: ['model_failed', 'quota_exceeded'],
      handle: async ({ principal, tenant, body, response, signal }) => {
        // OpenAI's clients know no way back to an answer.
        const asked = { ...questionOf(body.messages), isKept: false }
        const run = await beginAnswer(options, principal, tenant, asked)
        const head = {
          id: randomId('chatcmpl'),
          created: Math.floor(Date.now() / 1_000),
          model: modelId,
        }
        if (body.stream) {
          const withUsage = body.stream_options?.include_usage === true
          await sendEvents(response, chunksOf(run, head, withUsage, signal), { signal })
          return answered
        }
        let content = ''
        let usage = usageOf(null)
        for await (const piece of textOf(run, signal)) {
          if (typeof piece === 'string') content += piece
          else usage = usageOf(piece.usage)
        }
        const message = { role: 'assistant' as const, content }
        const choices = [{ index: 0, message, finish_reason: 'stop' as const }]
        return { ...head, object: 'chat.completion' as const, choices, usage }
      },
    }),
    route({
      method: 'get',
      path: '/openai/v1/models',
      scope: 'chat',
      summary: 'The one model there is: the library',
      reply: json(modelsSchema, 'The models.'),
      handle: () => ({
        object: 'list' as const,
        data: [{ id: modelId, object: 'model' as const, created: 0, owned_by: 'carrel' }],
      }),
    }),
  ]
}

type Message = z.output<typeof bodySchema>['messages'][number]

/** The last thing that was asked, and what came before. A system message is the client's own and is not followed. */
function questionOf(messages: readonly Message[]) {
  const at = messages.findLastIndex(({ role }) => role === 'user')
  const message = contentOf(messages[at]).trim()
  if (message === '' || message.length > questionLengthMax)
    throw new Problem(
      'invalid_request',
      `The last message of the user has to be a question of at most ${questionLengthMax} characters.`,
      { errors: [{ path: 'messages', message: 'no question, or too long a one' }] },
    )
  const history = messages.slice(0, at).flatMap((one) => {
    const { role } = one
    return role === 'user' || role === 'assistant' ? [{ role, text: contentOf(one) } as const] : []
  })
  return { message, history }
}

function contentOf(message: Message | undefined): string {
  const content = message?.content ?? ''
  if (typeof content === 'string') return content
  return content.map(({ text }) => text ?? '').join('\n')
}

/** The answer's text, then the list of its sources, then what it cost. @throws Problem when it ended with one */
async function* textOf(
  run: ChatRun,
  signal: AbortSignal,
): AsyncGenerator<string | { usage: ChatUsage | null }, void, undefined> {
  let passages: readonly PassageView[] = []
  const cited = new Set<number | null>()
  for await (const { event } of run.read(0, signal)) {
    if (event.event === 'passages') passages = event.data.passages
    else if (event.event === 'delta') yield event.data.text
    else if (event.event === 'citation') cited.add(event.data.n)
    else if (event.event === 'error') throw Problem.fromData(event.data)
    else {
      yield sourcesOf(passages.filter(({ n }) => cited.has(n)))
      yield { usage: event.data.usage }
    }
  }
}

function sourcesOf(passages: readonly PassageView[]): string {
  const lines = passages.map(
    ({ n, title, page, page_label }) =>
      `[${n}] ${title.replaceAll(/\s+/g, ' ')}, page ${page_label ?? page}`,
  )
  return lines.length === 0 ? '' : `\n\n${lines.join('\n')}`
}

async function* chunksOf(
  run: ChatRun,
  head: { id: string; created: number; model: string },
  withUsage: boolean,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const chunk = (delta: object, finish_reason: 'stop' | null = null): ServerSentEvent => {
    const choices = [{ index: 0, delta, finish_reason }]
    return { data: { ...head, object: 'chat.completion.chunk', choices } }
  }
  yield chunk({ role: 'assistant', content: '' })
  try {
    for await (const piece of textOf(run, signal)) {
      if (typeof piece === 'string') {
        if (piece !== '') yield chunk({ content: piece })
        continue
      }
      yield chunk({}, 'stop')
      if (withUsage)
        yield {
          data: {
            ...head,
            object: 'chat.completion.chunk',
            choices: [],
            usage: usageOf(piece.usage),
          },
        }
    }
    yield { data: '[DONE]' }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    yield { data: { error: { message: error.detail, type: 'server_error', code: error.code } } }
  }
}

function usageOf(usage: ChatUsage | null): z.output<typeof usageSchema> {
  const { prompt_tokens = 0, completion_tokens = 0 } = usage ?? {}
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
}
