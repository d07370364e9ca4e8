/** Questions, answers and conversations, as the app asks for them. */
import { EventParser } from '../../../clients/ts/src/sse.ts'
import { strings } from '../strings.ts'
import { ApiError, isAbort, request, respond } from './http.ts'
import type {
  ChatEvent,
  ChatFilter,
  ChatKeyState,
  Conversation,
  ConversationPage,
  Vote,
} from './types-chat.ts'

const at = (id: string): string => `/v1/conversations/${encodeURIComponent(id)}`
const pageOf = (path: string, cursor: string | null, limit: number): string =>
  `${path}?limit=${limit}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`

export const listConversations = (
  cursor: string | null,
): Promise<{ items: readonly Conversation[]; next_cursor: string | null }> =>
  request(pageOf('/v1/conversations', cursor, 50))

export const getConversation = (
  id: string,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<ConversationPage> => request(pageOf(at(id), cursor, 40), { signal })

export const renameConversation = (id: string, title: string): Promise<Conversation> =>
  request(at(id), { method: 'PATCH', body: { title } })

export const deleteConversation = (id: string): Promise<void> =>
  request(at(id), { method: 'DELETE' })

export const exportAddress = (id: string): string => `${at(id)}/export`

export const sendFeedback = (
  id: string,
  message: string,
  feedback: { vote: Vote | null; why?: string | null },
): Promise<void> =>
  request(`${at(id)}/messages/${encodeURIComponent(message)}/feedback`, {
    method: 'PUT',
    body: feedback,
  })

export const stopAnswer = (run: string): Promise<void> =>
  request(`/v1/chat/${encodeURIComponent(run)}`, { method: 'DELETE' })

const keyPath = '/v1/me/chat-key'
export const getChatKey = (): Promise<ChatKeyState> => request(keyPath)
export const setChatKey = (key: string, model: string | null): Promise<ChatKeyState> =>
  request(keyPath, { method: 'PUT', body: { key, model } })
export const deleteChatKey = (): Promise<void> => request(keyPath, { method: 'DELETE' })

/** Whether the server has a model at all; true where it does not say. */
export async function hasModel(): Promise<boolean> {
  try {
    const { checks } = await request<{ checks: Record<string, string> }>('/readyz')
    return !(checks['chat'] ?? '').startsWith('no model')
  } catch {
    return true
  }
}

export interface Asked {
  readonly message: string
  readonly conversation_id?: string
  readonly filter?: ChatFilter
}

const triesMax = 5
const againMs = 1_000

/**
 * Asks, and hands on each event as it comes; a connection that breaks is taken up again where it was.
 * @param onEvent with the run, by which the answer can be stopped
 * @throws ApiError when the question is refused, or nobody can say any more how the answer goes on
 */
export async function ask(
  asked: Asked,
  onEvent: (event: ChatEvent, run: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let lastId = ''
  let isEnded = false
  const read = async (response: Response): Promise<void> => {
    for await (const { type, data, id } of eventsOf(response)) {
      lastId = id
      isEnded ||= type === 'done' || type === 'error'
      onEvent({ event: type, data: JSON.parse(data) } as ChatEvent, runOf(id))
    }
  }
  await readOn(
    await respond('/v1/chat', { method: 'POST', body: { ...asked, stream: true }, signal }),
  )
  for (let tries = 0; !isEnded; tries++) {
    if (tries >= triesMax || lastId === '')
      throw new ApiError('unreachable', strings.problem.unreachable)
    await new Promise((resolve) => setTimeout(resolve, againMs))
    signal.throwIfAborted()
    const headers = { 'Last-Event-ID': lastId }
    const response = await respond(`/v1/chat/${runOf(lastId)}`, { headers, signal }).catch(goOn)
    if (response) await readOn(response)
  }

  async function readOn(response: Response): Promise<void> {
    try {
      await read(response)
    } catch (error) {
      if (isAbort(error) || error instanceof SyntaxError) throw error
    }
  }
}

/** Only for a server that is away the next try may be better. */
function goOn(error: unknown): undefined {
  if (!(error instanceof ApiError) || error.code !== 'unreachable') throw error
}

function runOf(eventId: string): string {
  return eventId.split('.')[0] ?? ''
}

async function* eventsOf(response: Response) {
  if (!response.body) return
  const parser = new EventParser()
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield* parser.push(value)
  }
}
