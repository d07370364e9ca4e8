/** The listening server: how long and how large a connection may be, and how it ends. */
import { once } from 'node:events'
import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import { Connections, refuseConnection } from './connections.ts'
import { type Door, refuseAtDoor } from './door.ts'

export interface ServerLimits {
  readonly headersMs: number
  /** The longest upload there may be; JSON bodies and slow uploads are cut much sooner, by their routes. */
  readonly requestMs: number
  readonly keepAliveMs: number
  readonly headerBytesMax: number
  readonly connectionsMax: number
  readonly requestsPerConnectionMax: number
}

/** Where the machine has descriptors for them. */
export const connectionsMax = 4_096

const limitsDefault: ServerLimits = {
  // A slow client's headers are one packet; whoever sends them by the byte holds connections open.
  headersMs: 10_000,
  requestMs: 6 * 3_600_000,
  // Longer than the pauses of a person who reads, shorter than it costs to keep many.
  keepAliveMs: 15_000,
  // A token of 8 KB and a browser's cookies.
  headerBytesMax: 16 * 1024,
  connectionsMax,
  // So that connections spread again over what stands behind a load balancer.
  requestsPerConnectionMax: 1_000,
}

/** How often expired connections are looked for, and idle ones while draining. */
const checkEveryMs = 2_000
const drainCheckMs = 50

export interface HttpServer {
  readonly server: Server
  /** @returns the address it listens on; rejects when it cannot (in use, not allowed) */
  listen(port: number, host: string): Promise<AddressInfo>
  /** Takes nothing new, answers what it took, and cuts what is not done in time. */
  close(drainMs: number): Promise<void>
}

/**
 * @param app its requests and responses are made as express wants them
 * @param onFault told of a connection that could not be taken, which without descriptors may be very often
 * @param door where it is given, looks at who comes before the application does
 */
export function createHttpServer(
  app: Express,
  given: Partial<ServerLimits> = {},
  onFault: (error: unknown) => void = () => undefined,
  door?: Pick<Door, 'isShutTo'>,
): HttpServer {
  const limits = { ...limitsDefault, ...given }
  const connections = new Connections(limits.connectionsMax)
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      maxHeaderSize: limits.headerBytesMax,
      connectionsCheckingInterval: Math.min(checkEveryMs, limits.headersMs),
      noDelay: true,
      IncomingMessage: withPrototype(IncomingMessage, app.request),
      ServerResponse: withPrototype(ServerResponse, app.response),
    },
    (request, response) => {
      if (!connections.hasRoomFor(request.socket)) refuseConnection(request, response)
      else if (door?.isShutTo(request)) refuseAtDoor(request, response)
      else app(request, response)
    },
  )
  connections.watch(server)
  server.maxRequestsPerSocket = limits.requestsPerConnectionMax
  return {
    server,
    listen: async (port, host) => {
      server.listen(port, host)
      await once(server, 'listening')
      server.on('error', onFault)
      return server.address() as AddressInfo
    },
    close: (drainMs) => close(server, drainMs),
  }
}

/**
 * The same class with another prototype, one that express put in front of its own. Express gives it to every request, which
 * costs a fast object its shape; a request that has it already is left alone.
 */
function withPrototype<Class extends object>(base: Class, prototype: object): Class {
  function Made(...given: unknown[]): object {
    return Reflect.construct(base as unknown as new () => object, given, Made)
  }
  Made.prototype = prototype
  return Made as unknown as Class
}

async function close(server: Server, drainMs: number): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  // A connection becomes idle when its answer is out: nobody else would close it before its keep-alive ends.
  const idle = setInterval(() => server.closeIdleConnections(), drainCheckMs)
  const cut = setTimeout(() => server.closeAllConnections(), drainMs)
  await closed
  clearInterval(idle)
  clearTimeout(cut)
}
