/** The server at this moment, for the operator's screen: stores, queues, memory, and what the doctor says of the machine. */
import { z } from 'zod'
import { type Route, route } from '../route.ts'
import { json } from '../wire.ts'
import type { Readiness } from './system.ts'

const shardSchema = z.object({
  open: z.int().describe('stores open now'),
  leased: z.int().describe('of them, in use beyond one operation'),
  waiting: z.int().describe('operations in its queue'),
  running: z.int(),
  restarts: z.int(),
  opens: z.int().describe('since the start, as `hits` and `evictions`'),
  hits: z.int().describe('operations that found their store open'),
  evictions: z.int().describe('stores closed to make room'),
})

const stateSchema = z.object({
  tenants: z.int(),
  shards: z.array(shardSchema),
  jobs_running: z.int().describe('documents being read'),
  tenants_with_jobs: z.int(),
  vectors_pending: z.int(),
  answers_running: z.int(),
})
export type ServerState = z.infer<typeof stateSchema>

const serverSchema = stateSchema.extend({
  version: z.string(),
  uptime_s: z.int(),
  memory_bytes: z.int().describe('resident'),
  ready: z.boolean(),
  checks: z.record(z.string(), z.string()),
})

const findingSchema = z.object({
  check: z.string().describe('what was looked at'),
  level: z.enum(['ok', 'warning', 'fault']),
  what: z.string(),
  remedy: z.string().nullable().describe('what to do'),
})
export type ServerFinding = z.infer<typeof findingSchema>

export interface AdminServerOptions {
  readonly serverState: () => ServerState
  /** What `carrel doctor` finds without looking into libraries. */
  readonly examine: () => Promise<ServerFinding[]>
  readonly readiness: () => Readiness
  readonly version: string
}

export function adminServerRoutes(options: AdminServerOptions): Route[] {
  let examining: Promise<ServerFinding[]> | undefined
  return [
    route({
      method: 'get',
      path: '/admin/v1/server',
      scope: 'operator',
      summary: 'The server at this moment: stores, queues, memory',
      reply: json(serverSchema, 'Its figures.'),
      handle: () => ({
        version: options.version,
        uptime_s: Math.round(process.uptime()),
        memory_bytes: process.memoryUsage.rss(),
        ...options.readiness(),
        ...options.serverState(),
      }),
    }),
    route({
      method: 'get',
      path: '/admin/v1/findings',
      scope: 'operator',
      summary: 'What `carrel doctor` says of settings and machine; libraries have `…/health`',
      reply: json(z.object({ items: z.array(findingSchema) }), 'Good and bad.'),
      handle: async () => {
        // It asks other servers: who comes meanwhile gets the same answer.
        examining ??= options.examine().finally(() => {
          examining = undefined
        })
        return { items: await examining }
      },
    }),
  ]
}
