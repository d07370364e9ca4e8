/** Secrets at rest, for the operator: another key. */
import { z } from 'zod'
import type { Sealing } from '../../control/sealing.ts'
import { type Route, route } from '../route.ts'
import { json } from '../wire.ts'

export interface SecretRouteOptions {
  readonly sealing: Pick<Sealing, 'rotate'>
}

const rotationSchema = z.object({
  key: z.string().describe('names the key that seals now'),
  resealed: z.int(),
  unopened: z
    .array(
      z.object({
        purpose: z.enum(['webhook', 'chat_key']),
        owner: z.string().describe('the webhook, or the library'),
        reason: z.string(),
      }),
    )
    .describe('what no key of this server opens: it was left as it is'),
})

export function secretRoutes({ sealing }: SecretRouteOptions): Route[] {
  return [
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
