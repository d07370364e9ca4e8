/** From express to a route and back: principal, scope, checked input, tenant, handler, answer or problem. */
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { type Principal, requireOwner, requireScope } from '../auth/principal.ts'
import type { Log } from '../base/log.ts'
import { Problem, type QuotaShare } from '../base/problem.ts'
import type { Trace } from '../base/trace.ts'
import type { TenantHandle } from '../control/tenant-directory.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { Admission } from './admission.ts'
import { type AuditingOptions, auditBegin, auditDone, auditRefused } from './auditing.ts'
import { type Exchange, exchangeOf, setStandingHeaders } from './exchange.ts'
import { type ReadJson, sendJson } from './json-body.ts'
import { allowOperator, type OperatorOptions } from './operator.ts'
import {
  asProblem,
  MethodNotAllowed,
  problemBody,
  problemHeaders,
  problemMediaType,
  statusOf,
} from './problem.ts'
import { answered, type Route } from './route.ts'

export interface DispatchOptions extends OperatorOptions, AuditingOptions {
  readonly tenants: (principal: Principal, trace: Trace) => Promise<TenantHandle>
  readonly readJson: ReadJson
  readonly admission: Admission
}

/** Whoever watches over the server has to be heard while somebody behind the same proxy is too loud. */
const uncounted: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics'])

/** The straight line of one request. Nothing is read of a body before we know who sends it. */
export function dispatch(route: Route, options: DispatchOptions): RequestHandler {
  return async (request, response) => {
    const exchange = exchangeOf(response)
    exchange.route = route.path
    exchange.isSearch = route.isSearch
    try {
      const result = await run(route, options, exchange, request, response)
      await auditDone(options, route, request, exchange, result)
      if (result !== answered) send(response, route, result)
    } catch (error) {
      await auditRefused(options, route, request, exchange, error)
      throw error
    }
  }
}

async function run(
  route: Route,
  options: DispatchOptions,
  exchange: Exchange,
  request: Request,
  response: Response,
): Promise<unknown> {
  await admit(request, exchange, route, options)
  const { principal } = exchange
  const body = route.body && (await options.readJson(request, response))
  const { params } = request
  const query = route.query && request.query
  const checked = route.check({ params, query, body })
  await auditBegin(options, route, request, exchange)
  const isUser = principal && route.scope !== 'admin'
  const tenant = isUser ? await options.tenants(principal, exchange.trace) : undefined
  if (!route.reply.schema) setStandingHeaders(response)
  const raw = { principal, tenant, params, query, body, request, response }
  return route.invoke(raw, checked)
}

/** Who it is, whether they may, and whether they may now. */
async function admit(
  request: Request,
  exchange: Exchange,
  { path, scope, owner }: Route,
  options: DispatchOptions,
): Promise<void> {
  const { authenticate, admission } = options
  if (admission.countsAddresses && !uncounted.has(path))
    admission.checkAddress(request.ip, exchange)
  if (scope === 'public') return
  if (scope === 'operator') {
    await allowOperator(request, options)
    exchange.isAdmitted = true
    return
  }
  const principal = await authenticate(request)
  exchange.principal = principal
  exchange.isAdmitted = true
  requireScope(principal, scope)
  if (owner) requireOwner(principal)
  admission.enter(principal, exchange)
}

function send(response: Response, { reply }: Route, result: unknown): void {
  if (reply.schema) {
    sendJson(response, reply.status, result)
    return
  }
  response.statusCode = reply.status
  response.end()
}

/** For a path that exists: every method it does not have. */
export function refuseMethod(path: string, methods: readonly string[]): RequestHandler {
  const allow = methods.join(', ')
  return (request, response) => {
    exchangeOf(response).route = path
    throw new MethodNotAllowed(request.method, allow)
  }
}

export function refuseAddress(): void {
  throw new Problem('not_found', 'There is nothing at this address.')
}

/** The last in line: whatever was thrown becomes one problem, and what we did not foresee one line in the log. */
export function answerProblems(
  log: Log,
  onQuota?: (tenant: TenantId, quota: QuotaShare) => void,
  onOverload?: (request: Request) => void,
): (error: unknown, request: Request, response: Response, next: NextFunction) => void {
  return (error, request, response, _next) => {
    const exchange = exchangeOf(response)
    const problem = asProblem(error)
    if (problem.quota && exchange.principal) onQuota?.(exchange.principal.tenant, problem.quota)
    if (problem.code === 'overloaded') onOverload?.(request)
    // Gone, or half an answer is out: nobody is left to tell, but a cut answer has to look cut.
    const isTooLate = response.headersSent || response.destroyed
    if (statusOf(problem) >= 500 && !(response.destroyed && problem.code === 'internal'))
      report(log, exchange, problem)
    if (isTooLate) {
      response.destroy()
      return
    }
    const body = problemBody(problem, exchange.id)
    sendJson(response, statusOf(problem), body, problemMediaType, problemHeaders(problem))
  }
}

function report(log: Log, exchange: Exchange, problem: Problem): void {
  const line = {
    request_id: exchange.id,
    route: exchange.route,
    tenant: exchange.principal?.tenant,
    code: problem.code,
    err: problem.cause,
  }
  if (problem.code === 'internal') log.error(line, 'unforeseen')
  else log.warn(line, problem.detail)
}
