/** What happens to the caller's documents, as it happens. */
import type { EventStreams } from '../event-streams.ts'
import { answered, type Route, route } from '../route.ts'

export function eventRoutes(streams: EventStreams): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/events',
      scope: 'read',
      summary: 'Status and progress of documents as server-sent events; Last-Event-ID is heeded',
      reply: {
        status: 200,
        description:
          '`document` events with `{id, status, progress, error}`, where `status` may also be `deleted`; `reset` when events were missed: read the list again.',
        mediaType: 'text/event-stream',
      },
      problems: ['shutting_down'],
      handle: ({ tenant, request, response }) => {
        streams.start(tenant, request, response)
        return answered
      },
    }),
  ]
}
