/** A server with a chat over real files: a library of two documents, and a fake model when asked for. */
import { expect } from 'vitest'
import type { AppOptions } from '../../src/http/app.ts'
import { Chat, type ChatOptions } from '../../src/rag/chat.ts'
import { type ChatLimits, ChatModel } from '../../src/rag/chat-model.ts'
import type { ChatEvent } from '../../src/rag/chat-run.ts'
import type { FakeModel } from '../fake-model.ts'
import { RealTenant } from '../rag/real-tenant.ts'
import { jsonInit, startServer, type TestServer } from './harness.ts'

export const bridge =
  'Work on the great bridge began in 1923. The bridge was opened by the governor on 19 March 1932. It carries eight lanes of road traffic and two railway tracks.'
const whales =
  'Whales are mammals and breathe air. A whale comes to the surface and breathes through its blowhole. Calves drink milk for a year.'

export interface Setup {
  readonly server: TestServer
  readonly chat: Chat
  readonly tenant: RealTenant
}

export async function setUp(
  fake: FakeModel,
  options: ChatOptions & { withModel?: boolean; model?: never; models?: Partial<ChatLimits> } = {},
  given: Partial<AppOptions> = {},
): Promise<Setup> {
  const model = options.withModel
    ? new ChatModel({ url: fake.url, model: 'tiny', limits: options.models ?? {} })
    : undefined
  const chat = new Chat({ ...options, model })
  const tenant = new RealTenant()
  tenant.library.add('Bridges', [bridge])
  tenant.library.add('Whales', [whales])
  const other = new RealTenant('ben')
  const tenants = { ann: tenant, ben: other } as Record<string, RealTenant>
  const server = await startServer({
    chat,
    tenants: async ({ tenant: id }) => (tenants[id] ?? other).handle,
    ...given,
  })
  return { server, chat, tenant }
}

export interface Reply {
  conversation_id: string
  message_id: string
  answer: string
  mode: string
  notice: string | null
  passages: { n: number; title: string; page: number }[]
  citations: { n: number; label: string; text: string; page: number; start: number; end: number }[]
}

export async function ask(server: TestServer, body: object, user = 'ann'): Promise<Reply> {
  const response = await server.as(user, '/v1/chat', jsonInit('POST', body))
  expect(response.status).toBe(200)
  return (await response.json()) as Reply
}

export type Received = ChatEvent & { id: string }

export async function* eventsOf(response: Response): AsyncGenerator<Received> {
  let held = ''
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (held + piece).split('\n\n')
    held = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, id] = /^id: (.*)$/m.exec(block) ?? []
      const [, event] = /^event: (.*)$/m.exec(block) ?? []
      const [, data] = /^data: (.*)$/m.exec(block) ?? []
      if (event && data) yield { id, event, data: JSON.parse(data) } as Received
    }
  }
}

export const stream = (server: TestServer, body: object, signal?: AbortSignal) =>
  server.as('ann', '/v1/chat', {
    ...jsonInit('POST', { ...body, stream: true }),
    ...(signal && { signal }),
  })
