/** The server about itself: alive, ready, measured, described. */
import type { Registry } from 'prom-client'
import { z } from 'zod'
import { sendJson } from '../json-body.ts'
import { allowOperator, type OperatorOptions } from '../operator.ts'
import { answered, type Route, route } from '../route.ts'
import { json } from '../wire.ts'

export interface Readiness {
  readonly ready: boolean
  /** Each part with `ok`, or what is wrong with it. */
  readonly checks: Readonly<Record<string, string>>
}

export interface SystemOptions extends OperatorOptions {
  readonly readiness: () => Readiness
  readonly registry: Registry
  readonly describe: () => unknown
}

const readinessSchema = z.object({
  ready: z.boolean(),
  checks: z.record(z.string(), z.string()),
})

export function systemRoutes(options: SystemOptions): Route[] {
  let description: unknown
  return [
    route({
      method: 'get',
      path: '/healthz',
      scope: 'public',
      summary: 'Whether the process answers',
      reply: json(z.object({ status: z.literal('ok') }), 'It does.'),
      handle: () => ({ status: 'ok' as const }),
    }),
    route({
      method: 'get',
      path: '/readyz',
      scope: 'public',
      summary: 'Whether it can do its work',
      reply: {
        ...json(readinessSchema, 'It can.'),
        more: { 503: 'Not now; `checks` says which part.' },
      },
      handle: ({ response }) => {
        const readiness = options.readiness()
        sendJson(response, readiness.ready ? 200 : 503, readiness)
        return answered
      },
    }),
    route({
      method: 'get',
      path: '/metrics',
      // Not a user's business: the operator's token opens it, see `allowOperator`.
      scope: 'public',
      summary: 'Figures for Prometheus; with ADMIN_TOKEN, or from this machine in local mode',
      reply: { status: 200, description: 'Text.', mediaType: 'text/plain' },
      problems: ['unauthorized', 'forbidden'],
      handle: async ({ request, response }) => {
        await allowOperator(request, options)
        response.setHeader('Content-Type', options.registry.contentType)
        response.end(await options.registry.metrics())
        return answered
      },
    }),
    route({
      method: 'get',
      path: '/openapi.json',
      scope: 'public',
      summary: 'This description',
      reply: json(z.record(z.string(), z.unknown()), 'OpenAPI 3.1.'),
      handle: () => {
        description ??= options.describe()
        return description as Record<string, unknown>
      },
    }),
  ]
}
