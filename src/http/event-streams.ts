/** Server-sent events: streams that end with the login, with the server, or when nobody reads them. */
import type { Request, Response } from 'express'
import type { Authenticate } from '../auth/principal.ts'
import { Problem } from '../base/problem.ts'
import type { StoredEvent } from '../control/event-rings.ts'
import type { TenantHandle } from '../control/tenant-directory.ts'
import { setStandingHeaders } from './exchange.ts'

export interface EventStreamLimits {
  /** A sign of life; at each the login is checked again. Proxies cut what is silent for a minute. */
  readonly heartbeatMs: number
  /** Bytes that may wait for a client that does not read; then it is dropped. */
  readonly waitingBytesMax: number
  readonly perTenantMax: number
  readonly max: number
  /** What the client waits before it connects again. */
  readonly retryMs: number
}

const limitsDefault: EventStreamLimits = {
  heartbeatMs: 15_000,
  waitingBytesMax: 64 * 1024,
  // A few devices with a few windows each.
  perTenantMax: 16,
  max: 2_048,
  retryMs: 3_000,
}

interface Stream {
  readonly tenant: string
  readonly response: Response
  readonly heartbeat: NodeJS.Timeout
}

export class EventStreams {
  readonly #authenticate: Authenticate
  readonly #limits: EventStreamLimits
  readonly #open = new Set<Stream>()
  #isClosed = false

  constructor(authenticate: Authenticate, limits: Partial<EventStreamLimits> = {}) {
    this.#authenticate = authenticate
    this.#limits = { ...limitsDefault, ...limits }
  }

  get open(): number {
    return this.#open.size
  }

  /**
   * Answers with the tenant's events, from the one after `Last-Event-ID` on; `reset` where that is not known any more.
   * @throws Problem `too_many_requests`, `overloaded`, `shutting_down`
   */
  start(tenant: TenantHandle, request: Request, response: Response): void {
    this.#admit(tenant.id)
    const { heartbeatMs, retryMs } = this.#limits
    setStandingHeaders(response)
    response.setHeader('Content-Type', 'text/event-stream; charset=utf-8')
    response.setHeader('Cache-Control', 'private, no-store, no-transform')
    // nginx keeps answers back until they are some kilobytes otherwise.
    response.setHeader('X-Accel-Buffering', 'no')
    response.statusCode = 200
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    const heartbeat = setInterval(() => void this.#beat(stream, request), heartbeatMs)
    const stream = { tenant: tenant.id, response, heartbeat }
    this.#open.add(stream)
    const subscription = tenant.events.subscribe(lastEventIdOf(request), (event) =>
      this.#write(stream, document(event)),
    )
    response.once('close', () => {
      subscription.end()
      this.#end(stream)
    })
    const { missed, lastId } = subscription
    const reset = missed ? '' : `event: reset\nid: ${lastId}\ndata: {}\n\n`
    const backlog = (missed ?? []).map(document).join('')
    // An id without data is no event, but what the client names when it comes back.
    this.#write(stream, `retry: ${retryMs}\n${reset || backlog ? '\n' : `id: ${lastId}\n\n`}`)
    if (reset || backlog) this.#write(stream, reset + backlog)
  }

  /** Ends every stream, so that a server that stops need not wait for their clients. */
  close(): void {
    this.#isClosed = true
    for (const stream of this.#open) this.#end(stream)
  }

  #admit(tenant: string): void {
    const { perTenantMax, max } = this.#limits
    if (this.#isClosed) throw new Problem('shutting_down', 'The server is stopping.')
    if (this.#open.size >= max)
      throw new Problem('overloaded', 'Too many event streams are open.', { retryAfterS: 10 })
    const own = [...this.#open].filter((stream) => stream.tenant === tenant).length
    if (own >= perTenantMax)
      throw new Problem(
        'too_many_requests',
        `You have ${own} event streams open, which is as many as there may be: close one.`,
        { retryAfterS: 10 },
      )
  }

  async #beat(stream: Stream, request: Request): Promise<void> {
    try {
      // It may have expired or been revoked since.
      await this.#authenticate(request)
      this.#write(stream, ': still here\n\n')
    } catch {
      this.#end(stream)
    }
  }

  #write(stream: Stream, text: string): void {
    const { response } = stream
    if (response.writableEnded || response.destroyed) return
    response.write(text)
    if (response.writableLength <= this.#limits.waitingBytesMax) return
    // Nobody reads: what waits is thrown away with the connection, and the ring has it for whoever comes back.
    clearInterval(stream.heartbeat)
    this.#open.delete(stream)
    response.destroy()
  }

  #end(stream: Stream): void {
    clearInterval(stream.heartbeat)
    this.#open.delete(stream)
    if (!stream.response.writableEnded) stream.response.end()
  }
}

function document({ id, data }: StoredEvent): string {
  return `event: document\nid: ${id}\ndata: ${data}\n\n`
}

function lastEventIdOf(request: Request): string | undefined {
  const given = request.headers['last-event-id']
  return typeof given === 'string' && given !== '' ? given : undefined
}
