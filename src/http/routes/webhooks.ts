/** Webhooks, for the operator: where it is told what happens, and what could not be told. */
import { z } from 'zod'
import { Problem } from '../../base/problem.ts'
import type { Control } from '../../control/control.ts'
import { checkUrl, type Webhook, type Webhooks, webhookEvents } from '../../control/webhooks.ts'
import { type Route, route } from '../route.ts'
import type { WebhookSender } from '../webhook-sender.ts'
import { json, noContent } from '../wire.ts'

export interface WebhookRouteOptions {
  readonly ask: Control['ask']
  readonly webhooks: {
    readonly all: Webhooks
    readonly sender: Pick<WebhookSender, 'replay'>
    /** Whether they may be at private addresses, and without TLS. */
    readonly isPrivate: boolean
  }
}

const webhooksMax = 32
const urlLengthMax = 2_048

const webhookSchema = z.object({
  id: z.string(),
  url: z.string(),
  events: z.array(z.enum(webhookEvents)),
  created_at: z.iso.datetime(),
})
const newSchema = webhookSchema.extend({
  secret: z.string().describe('checks the signature (Standard Webhooks); shown this once'),
})

const deadSchema = z.object({
  message: z.string(),
  webhook: z.string(),
  type: z.enum(webhookEvents),
  body: z.string(),
  attempts: z.int(),
  fault: z.string().nullable().describe('what the last attempt came to'),
  created_at: z.iso.datetime(),
})

const path = '/admin/v1/webhooks'
const operator = { scope: 'operator' } as const

export function webhookRoutes(options: WebhookRouteOptions): Route[] {
  return [...ownRoutes(options), ...deadRoutes(options)]
}

function ownRoutes({ webhooks: { all, isPrivate } }: WebhookRouteOptions): Route[] {
  return [
    route({
      ...operator,
      method: 'get',
      path,
      summary: 'The webhooks, without their secrets',
      reply: json(z.object({ items: z.array(webhookSchema) }), 'All of them.'),
      handle: () => ({ items: all.list().map(view) }),
    }),
    route({
      ...operator,
      method: 'post',
      path,
      summary: 'A new webhook',
      audit: 'webhook.create',
      body: z.strictObject({
        url: z.url({ protocol: /^https?$/ }).max(urlLengthMax),
        events: z
          .array(z.enum(webhookEvents))
          .min(1)
          .default([...webhookEvents])
          .describe('not given, all'),
      }),
      reply: json(newSchema, 'The webhook, with its secret this once.', 201),
      problems: ['conflict'],
      handle: async ({ body }) => {
        checkUrl(body.url, isPrivate)
        if (all.list().length >= webhooksMax)
          throw new Problem('conflict', `There are ${webhooksMax} webhooks already.`)
        const webhook = await all.add(body.url, [...new Set(body.events)], Date.now())
        return { ...view(webhook), secret: webhook.secret }
      },
    }),
    route({
      ...operator,
      method: 'delete',
      path: `${path}/:id`,
      summary: 'Take a webhook away, with what waits for it',
      audit: 'webhook.delete',
      params: z.object({ id: z.string() }),
      reply: noContent,
      problems: ['not_found'],
      handle: async ({ params }) => {
        if (!(await all.remove(params.id)))
          throw new Problem('not_found', 'There is no such webhook.')
        return undefined
      },
    }),
  ]
}

function deadRoutes({ ask, webhooks: { sender } }: WebhookRouteOptions): Route[] {
  return [
    route({
      ...operator,
      method: 'get',
      path: '/admin/v1/webhook-deliveries',
      summary: 'What was tried for a day and given up',
      query: z.strictObject({
        limit: z.coerce.number().int().min(1).max(200).default(50),
        cursor: z.string().max(256).optional(),
      }),
      reply: json(
        z.object({ items: z.array(deadSchema), next_cursor: z.string().nullable() }),
        'A page of it.',
      ),
      handle: async ({ query: { limit, cursor } }) => {
        const [message = '', webhook = ''] = cursor?.split(' ') ?? []
        const rows = await ask('webhooks.dead', { after: [message, webhook], limit })
        const last = rows.length === limit ? rows.at(-1) : undefined
        return {
          items: rows.map((row) => ({
            ...row,
            created_at: new Date(row.created_at).toISOString(),
          })),
          next_cursor: last ? `${last.message} ${last.webhook}` : null,
        }
      },
    }),
    route({
      ...operator,
      method: 'post',
      path: '/admin/v1/webhook-deliveries/replay',
      summary: 'Try what was given up for another day: all of it, of one webhook, or one message',
      audit: 'webhook.replay',
      body: z.strictObject({ webhook: z.string().optional(), message: z.string().optional() }),
      reply: noContent,
      handle: async ({ body }) => {
        await sender.replay(body.webhook ?? null, body.message ?? null)
        return undefined
      },
    }),
  ]
}

function view({ id, url, events, createdAtMs }: Webhook) {
  return { id, url, events: [...events], created_at: new Date(createdAtMs).toISOString() }
}
