/** Secrets at rest, for the operator: whether they open, and another key. */
import { z } from 'zod'
import type { Sealing } from '../../control/sealing.ts'
import { type Route, route } from '../route.ts'
import { json } from '../wire.ts'

export interface SecretRouteOptions {
  readonly sealing: Pick<Sealing, 'rotate' | 'unopened'>
}

const unopenedSchema = z
  .array(
    z.object({
      purpose: z.enum(['webhook', 'chat_key']),
      owner: z.string().describe('the webhook, or the library'),
      reason: z.string(),
    }),
  )
  .describe('what no key of this server opens: it is left as it is')
const rotationSchema = z.object({
  key: z.string().describe('names the key that seals now'),
  resealed: z.int(),
  unopened: unopenedSchema,
})

export function secretRoutes({ sealing }: SecretRouteOptions): Route[] {
  return [
    route({
      method: 'get',
      path: '/admin/v1/secrets',
      scope: 'operator',
      summary: 'Whether every secret opens',
      reply: json(z.object({ unopened: unopenedSchema }), 'Those that do not.'),
      handle: async () => ({ unopened: await sealing.unopened() }),
    }),
    route({
      method: 'post',
      path: '/admin/v1/secrets/rotate',
      scope: 'operator',
      summary: 'Seal every secret anew, under another key',
      audit: 'secrets.rotate',
      reply: json(rotationSchema, 'What was done.'),
      handle: () => sealing.rotate(),
    }),
  ]
}
