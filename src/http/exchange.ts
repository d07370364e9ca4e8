/** One request and its answer: the id both carry, the line they leave in the log, and what they count for. */
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type { NextFunction, Request, Response } from 'express'
import helmet from 'helmet'
import type { Principal } from '../auth/principal.ts'
import type { Log } from '../base/log.ts'
import type { Trace } from '../base/trace.ts'
import type { RequestLines } from '../control/request-lines.ts'
import type { UsageMeter } from '../control/usage-meter.ts'
import type { HttpMetrics } from './http-metrics.ts'
import { type Rate, rateHeaders } from './rate-headers.ts'
import type { RequestSpan, Tracing } from './tracing.ts'

/** What somebody else may call a request: enough for UUIDs and trace ids, nothing that could forge a log line. */
const requestIdGrammar = /^[A-Za-z0-9._-]{1,128}$/
/** For what matched no route: their addresses are anybody's, and must not become label values. */
const unmatched = 'unmatched'
/** nginx's word for a client that left before its answer. */
const statusClientLeft = 499

const bytesCounted = new WeakMap<Socket, number>()

export class Exchange {
  readonly id: string
  readonly method: string
  readonly startedMs = performance.now()
  /** The pattern of the route, never the address. */
  route: string = unmatched
  principal: Principal | undefined
  /** What limits said, for the answer's headers. */
  readonly rates: Rate[] = []
  /** Called once, when the answer is out or the client gone. */
  onEnd: (() => void) | undefined
  isSearch = false
  /** It is known who asks, and that they may. */
  isAdmitted = false
  /** What it was done to, where the answer does not say it. */
  readonly targets: string[] = []
  readonly trace: Trace
  readonly span: RequestSpan | undefined
  readonly #standing: readonly string[]
  readonly #socket: Socket

  /** @param standing headers that every answer carries: name, value, name, … */
  constructor(request: Request, standing: readonly string[], tracing?: Traces) {
    const given = request.headers['x-request-id']
    this.id = typeof given === 'string' && requestIdGrammar.test(given) ? given : randomUUID()
    const parent = request.headers['traceparent']
    this.span = tracing?.request(
      this.id,
      request.method,
      typeof parent === 'string' ? parent : undefined,
    )
    this.trace = { requestId: this.id, begin: this.span?.begin }
    this.method = request.method
    this.#standing = standing
    this.#socket = request.socket
  }

  /** Bytes written to the connection since the exchange before this one ended, headers included. To be asked once. */
  takeBytes(): number {
    const { bytesWritten } = this.#socket
    const before = bytesCounted.get(this.#socket) ?? 0
    bytesCounted.set(this.#socket, bytesWritten)
    return bytesWritten - before
  }

  /** What `writeHead` takes: the standing headers and these, name and value in turn. */
  headers(...more: readonly string[]): string[] {
    if (this.rates.length === 0) return this.#standing.concat('X-Request-Id', this.id, more)
    return this.#standing.concat('X-Request-Id', this.id, rateHeaders(this.rates), more)
  }
}

type Started = Response<unknown, { exchange: Exchange }>

export function exchangeOf(response: Response): Exchange {
  return (response as Started).locals.exchange
}

/** What a request was done to, for the audit: ids that the server made. */
export function noteTargets(response: Response, ids: readonly string[]): void {
  exchangeOf(response).targets.push(...ids)
}

/** Sets the standing headers one by one: for answers that a route writes itself. */
export function setStandingHeaders(response: Response): void {
  const headers = exchangeOf(response).headers()
  for (let i = 0; i < headers.length; i += 2)
    response.setHeader(headers[i] ?? '', headers[i + 1] ?? '')
}

type Traces = Pick<Tracing, 'request'>

/** Who keeps count of requests, who keeps a line of each, and who traces them. */
export interface RequestRecords {
  readonly usage: Pick<UsageMeter, 'request'>
  readonly requests?: Pick<RequestLines, 'note'> | undefined
  readonly tracing?: Traces | undefined
}

/**
 * The first in line: starts the exchange, and writes it down when it is over.
 * @param access the line holds nothing that came from outside but names we checked: nothing need be taken out of it
 */
export function beginExchange(
  access: Log,
  metrics: HttpMetrics,
  lingerMs: number,
  { usage, requests, tracing }: RequestRecords,
): (request: Request, response: Response, next: NextFunction) => void {
  const standing = standingHeaders()
  function onClose(this: Response): void {
    if (!this.req.complete) linger(this.req, lingerMs)
    const exchange = exchangeOf(this)
    exchange.onEnd?.()
    const ms = performance.now() - exchange.startedMs
    const status = this.writableFinished ? this.statusCode : statusClientLeft
    exchange.span?.end(exchange.route, status)
    metrics.count(exchange.route, exchange.method, status, ms / 1000)
    if (exchange.principal) usage.request(exchange.principal, exchange.isSearch && status < 300)
    const { id, method, route, principal } = exchange
    const line = { status, ms: Math.round(ms * 100) / 100, bytes: exchange.takeBytes() }
    const tenant = principal?.tenant
    requests?.note({ id, method, route, tenant, ...line })
    access.info({ request_id: id, method, route, ...line, tenant })
  }
  return (request, response, next) => {
    ;(response as Started).locals.exchange = new Exchange(request, standing, tracing)
    response.on('close', onClose)
    next()
  }
}

/**
 * An answer may come before the body was read. Closing at once would reset the connection, and the answer with it; so what
 * is still coming is read and dropped, but not for long.
 */
function linger(request: Request, lingerMs: number): void {
  const { socket } = request
  if (socket.destroyed) return
  request.resume()
  const timer = setTimeout(() => {
    if (!request.complete) socket.destroy()
  }, lingerMs)
  timer.unref()
}

/**
 * Helmet's headers for an API, none of which depends on the request: asked for once, because asking a dozen functions at
 * every request costs a tenth of a small one. Answers are private and kept by nobody.
 */
function standingHeaders(): readonly string[] {
  const headers = ['Cache-Control', 'private, no-store', 'Vary', 'Authorization']
  const recorder = {
    setHeader: (name: string, value: string) => headers.push(name, value),
    removeHeader: () => undefined,
  }
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    // The operator's other hosts are not ours to decide about.
    strictTransportSecurity: { includeSubDomains: false },
    // For browsers that are long gone, or about pages, which an API has none of.
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
    // `frame-ancestors` says it.
    xFrameOptions: false,
    originAgentCluster: false,
    crossOriginOpenerPolicy: false,
  })({} as never, recorder as never, () => undefined)
  return headers
}
