/** A route: its address, who may call it, what goes in and out, and what it does. Checked when built, not when called. */
import type { Request, Response } from 'express'
import type { z } from 'zod'
import { type Principal, type Scope, scopes } from '../auth/principal.ts'
import type { JsonText } from '../base/json-text.ts'
import { type FieldError, Problem, type ProblemCode } from '../base/problem.ts'
import { type AuditAction, auditActions } from '../control/audit-actions.ts'
import type { TenantHandle } from '../control/tenant-directory.ts'

export type Method = 'get' | 'post' | 'patch' | 'put' | 'delete' | 'options'

/** `public` needs no login; `operator` needs the operator's token, which is nobody's: neither has a tenant. */
export type Access = Scope | 'public' | 'operator'

/** What `handle` returns when it has written the answer itself. */
export class Answered {
  readonly isAnswered = true
}
export const answered = new Answered()

/** What a route answers when all went well. */
export interface Reply<R extends z.ZodType = z.ZodType> {
  readonly status: 200 | 201 | 202 | 204 | 303
  readonly description: string
  /** Of the JSON that `handle` returns; absent when `handle` writes the answer itself, or there is nothing to say. */
  readonly schema?: R
  /** Of an answer that `handle` writes itself; beside `schema` where it may do either. */
  readonly mediaType?: string
  /** Other good answers, by status (206, 304), for the description. */
  readonly more?: Readonly<Record<number, string>>
}

/** A body that `handle` reads itself, for the description: its media type and JSON Schema. */
export interface RawBody {
  readonly mediaType: string
  readonly schema: Readonly<Record<string, unknown>>
  readonly isOptional?: boolean
}

type Output<T extends z.ZodType> = z.output<T>
type ForCaller<A extends Access, T> = A extends 'public' | 'operator' ? undefined : T
/** The operator has no library, and an operator's route none that it could touch by mistake. */
type ForTenant<A extends Access, T> = A extends 'public' | 'operator' | 'admin' ? undefined : T
export type DeepReadonly<T> = T extends object
  ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
  : T

type Answer<R extends z.ZodType> =
  | DeepReadonly<z.output<R>>
  | JsonText<DeepReadonly<z.output<R>>>
  | Answered

/** What `handle` is given. */
export interface Call<A extends Access, P, Q, B> {
  readonly principal: ForCaller<A, Principal>
  /** Bound to the principal's tenant: it cannot name another. */
  readonly tenant: ForTenant<A, TenantHandle>
  readonly params: P
  readonly query: Q
  readonly body: B
  readonly request: Request
  readonly response: Response
  /** Aborts when the client leaves before its answer. Made only when somebody looks at it. */
  readonly signal: AbortSignal
  /** The same for who only looks now and then, and costs less. */
  readonly client: Pick<AbortSignal, 'aborted'>
}

export interface RouteSpec<
  A extends Access,
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
  R extends z.ZodType,
> {
  readonly method: Method
  /** Express's form, `/v1/documents/:id`. */
  readonly path: string
  readonly scope: A
  /** Only for the library's owner: not for a group's reader, not for an API key. */
  readonly owner?: boolean
  /** Counted as a search in what its user used. */
  readonly isSearch?: boolean
  /** What the audit calls it. Every route that is no GET has to say it, or `none` where it changes nothing worth keeping. */
  readonly audit?: AuditAction | 'none'
  /** Written down before it is done as well: for what cannot be undone. */
  readonly isAuditedFirst?: boolean
  readonly summary: string
  /** Parameters of the path. What does not fit is an address that does not exist: 404, with `missing` for a reason. */
  readonly params?: P
  readonly missing?: string
  /** Without a schema the query is not looked at. */
  readonly query?: Q
  readonly body?: B
  readonly rawBody?: RawBody
  readonly reply: Reply<R>
  /** Problems beyond those that every such route may answer, for the description. */
  readonly problems?: readonly ProblemCode[]
  readonly handle: (
    call: Call<A, Output<P>, Output<Q>, Output<B>>,
  ) => Promise<Answer<NoInfer<R>>> | Answer<NoInfer<R>>
}

/** What a request brings, not yet looked at. */
export interface RawCall {
  readonly principal: Principal | undefined
  readonly tenant: TenantHandle | undefined
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly request: Request
  readonly response: Response
}

/** A route with its types put away: what the table holds. */
export interface Route {
  readonly method: Method
  readonly path: string
  readonly scope: Access
  readonly owner: boolean
  readonly isSearch: boolean
  readonly audit: AuditAction | undefined
  readonly isAuditedFirst: boolean
  readonly summary: string
  readonly params: z.ZodType | undefined
  readonly query: z.ZodType | undefined
  readonly body: z.ZodType | undefined
  readonly rawBody: RawBody | undefined
  readonly reply: Reply
  readonly problems: readonly ProblemCode[]
  /** Checks what came in. @throws Problem `not_found` or `invalid_request` */
  readonly check: (raw: Pick<RawCall, 'params' | 'query' | 'body'>) => Checked
  readonly invoke: (raw: RawCall, checked: Checked) => Promise<unknown> | unknown
}

interface Checked {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
}

/**
 * Makes a route.
 * @throws Error when it does not say who may call it, or when what it says cannot be true: the server then does not start
 */
export function route<
  A extends Access,
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
  R extends z.ZodType = z.ZodUndefined,
>(spec: RouteSpec<A, P, Q, B, R>): Route {
  checkSpec(spec)
  const { params, query, body, missing = 'There is nothing at this address.' } = spec
  return {
    method: spec.method,
    path: spec.path,
    scope: spec.scope,
    owner: spec.owner ?? false,
    isSearch: spec.isSearch ?? false,
    audit: spec.audit === 'none' ? undefined : spec.audit,
    isAuditedFirst: spec.isAuditedFirst ?? false,
    summary: spec.summary,
    params,
    query,
    body,
    rawBody: spec.rawBody,
    reply: spec.reply,
    problems: spec.problems ?? [],
    check: (raw) => ({
      params: params && parseParams(params, raw.params, missing),
      query: query && parse(query, raw.query, 'query'),
      body: body && parse(body, raw.body, 'body'),
    }),
    // The types that were put away come back here: `check` made the values by the same schemas.
    invoke: (raw, checked) =>
      spec.handle(new CheckedCall(raw, checked) as Call<A, Output<P>, Output<Q>, Output<B>>),
  }
}

/** One class for all calls, so that looking at `signal` costs those who look. */
class CheckedCall {
  readonly principal: unknown
  readonly tenant: unknown
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly request: Request
  readonly response: Response
  #controller: AbortController | undefined

  constructor(raw: RawCall, checked: Checked) {
    this.principal = raw.principal
    this.tenant = raw.tenant
    this.params = checked.params
    this.query = checked.query
    this.body = checked.body
    this.request = raw.request
    this.response = raw.response
  }

  get client(): Pick<AbortSignal, 'aborted'> {
    return new Client(this.response)
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController()
      const { response } = this
      if (response.destroyed) controller.abort()
      else
        response.once('close', () => {
          if (!response.writableFinished) controller.abort()
        })
      this.#controller = controller
    }
    return this.#controller.signal
  }
}

class Client {
  readonly #response: Response

  constructor(response: Response) {
    this.#response = response
  }

  get aborted(): boolean {
    return this.#response.destroyed && !this.#response.writableFinished
  }
}

function checkSpec({
  method,
  path,
  scope,
  body,
  audit,
}: Pick<
  RouteSpec<Access, z.ZodType, z.ZodType, z.ZodType, z.ZodType>,
  'method' | 'path' | 'scope' | 'body' | 'audit'
>): void {
  const name = `${method.toUpperCase()} ${path}`
  if (scope !== 'public' && scope !== 'operator' && !scopes.includes(scope))
    throw new Error(`${name} does not say which scope it needs.`)
  if (!path.startsWith('/')) throw new Error(`${name}: a path starts with a slash.`)
  if (body !== undefined && method === 'get') throw new Error(`${name}: a GET has no body.`)
  const isKnown = audit === 'none' || (audit !== undefined && auditActions.includes(audit))
  if (method !== 'get' && method !== 'options' && !isKnown)
    throw new Error(`${name} does not say what the audit calls it.`)
}

function parseParams(schema: z.ZodType, value: unknown, missing: string): unknown {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new Problem('not_found', missing)
  return parsed.data
}

function parse(schema: z.ZodType, value: unknown, place: 'query' | 'body'): unknown {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.flatMap(fieldErrors).slice(0, fieldErrorsMax)
  const what = place === 'query' ? 'The query of the address' : 'The body'
  throw new Problem('invalid_request', `${what} is not as it has to be: see \`errors\`.`, {
    errors,
  })
}

/** More would be an answer larger than the question. */
const fieldErrorsMax = 32
const unknownKeyLengthMax = 100

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...issue.path, key.slice(0, unknownKeyLengthMax)].join('.'),
      message: 'there is no such field',
    }))
  return [{ path: issue.path.join('.'), message: issue.message }]
}
