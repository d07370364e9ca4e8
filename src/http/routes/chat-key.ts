/** A key of the library's own for the server's chat endpoint: taken, never given out again. */
import { z } from 'zod'
import { Problem } from '../../base/problem.ts'
import type { ChatKeys } from '../../control/chat-keys.ts'
import type { TenantHandle } from '../../control/tenant-directory.ts'
import type { Chat } from '../../rag/chat.ts'
import { type Route, route } from '../route.ts'
import { json, noContent } from '../wire.ts'

export interface ChatKeyRouteOptions {
  readonly chat: Chat
  readonly chatKeys: Pick<ChatKeys, 'of' | 'set' | 'remove'>
}

/** Of a shorter one, four characters would say too much. */
const keyLengthMin = 16
const keyLengthMax = 512
const modelLengthMax = 200

const stateSchema = z.object({
  is_set: z.boolean(),
  last_four: z.string().nullable(),
  model: z.string().nullable().describe('that is asked with it; null is the server’s'),
  created_at: z.iso.datetime().nullable(),
  is_allowed: z.boolean().describe('by the tier; without it a key that is set is not used'),
  fault: z.string().nullable().describe('why it cannot be used: answers are quotes meanwhile'),
})

const bodySchema = z.strictObject({
  key: z
    .string()
    .min(keyLengthMin)
    .max(keyLengthMax)
    .regex(/^[\x21-\x7e]+$/, 'has characters that a header does not carry'),
  model: z.string().trim().min(1).max(modelLengthMax).nullable().default(null),
})

const path = '/v1/me/chat-key'
const notOpened = 'It does not open on this server any more: set it again, or delete it.'

export function chatKeyRoutes({ chat, chatKeys }: ChatKeyRouteOptions): Route[] {
  return [
    route({
      method: 'get',
      path,
      scope: 'read',
      owner: true,
      summary: 'Whether the library has a chat key of its own',
      reply: json(stateSchema, 'Its last four characters, and what is asked with it.'),
      handle: ({ tenant }) => view(chatKeys, tenant),
    }),
    route({
      method: 'put',
      path,
      scope: 'write',
      owner: true,
      summary: 'A key of the library’s own for the server’s chat endpoint; it is not shown again',
      audit: 'chat_key.set',
      body: bodySchema,
      reply: json(stateSchema, 'It counts from the next question on.'),
      problems: ['conflict'],
      handle: async ({ tenant, body }) => {
        if (!tenant.limits.own_chat_key)
          throw new Problem('forbidden', 'Your tier has no chat key of your own.')
        if (!chat.voices.hasModel)
          throw new Problem('conflict', 'This server has no chat endpoint to use a key at.')
        await chatKeys.set(tenant.id, body.key, body.model, Date.now())
        return view(chatKeys, tenant)
      },
    }),
    route({
      method: 'delete',
      path,
      scope: 'write',
      owner: true,
      summary: 'Take the library’s own chat key away',
      audit: 'chat_key.delete',
      reply: noContent,
      problems: ['not_found'],
      handle: async ({ tenant }) => {
        if (!(await chatKeys.remove(tenant.id)))
          throw new Problem('not_found', 'Your library has no chat key of its own.')
        return undefined
      },
    }),
  ]
}

function view(chatKeys: Pick<ChatKeys, 'of'>, { id, limits }: TenantHandle) {
  const own = chatKeys.of(id)
  return {
    is_set: own !== undefined,
    last_four: own && 'key' in own ? own.key.slice(-4) : null,
    model: own?.model ?? null,
    created_at: own ? new Date(own.createdAtMs).toISOString() : null,
    is_allowed: limits.own_chat_key,
    // Why is the operator's to know: the log says it.
    fault: own && 'fault' in own ? notOpened : null,
  }
}
