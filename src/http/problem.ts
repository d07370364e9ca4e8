/** Problems on the wire: each code with its status and title, and anything thrown as RFC 9457 `application/problem+json`. */
import { machineProblem } from '../base/machine-fault.ts'
import { type FieldError, Problem, type ProblemCode, type QuotaShare } from '../base/problem.ts'

export const problemMediaType = 'application/problem+json'

/** The one place that knows statuses: a code that is added and not mapped does not compile. */
export const problemTypes: Record<
  ProblemCode,
  { readonly status: number; readonly title: string }
> = {
  invalid_request: { status: 400, title: 'Invalid request' },
  unauthorized: { status: 401, title: 'Login required' },
  token_expired: { status: 401, title: 'Token expired' },
  forbidden: { status: 403, title: 'Not allowed' },
  quota_exceeded: { status: 403, title: 'Quota exceeded' },
  tenant_read_only: { status: 403, title: 'Library is read-only' },
  tenant_suspended: { status: 403, title: 'Library suspended' },
  not_found: { status: 404, title: 'Not found' },
  conversation_busy: { status: 409, title: 'Conversation busy' },
  conflict: { status: 409, title: 'Not possible as things are' },
  precondition_failed: { status: 412, title: 'Precondition failed' },
  checksum_mismatch: { status: 460, title: 'Checksum mismatch' },
  too_large: { status: 413, title: 'Too large' },
  unsupported_media_type: { status: 415, title: 'Media type not supported' },
  range_not_satisfiable: { status: 416, title: 'Range not satisfiable' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Internal error' },
  model_failed: { status: 502, title: 'Model failed' },
  fetch_failed: { status: 502, title: 'Fetch failed' },
  tenant_mismatch: { status: 503, title: 'Library belongs to somebody else' },
  tenant_damaged: { status: 503, title: 'Library damaged' },
  overloaded: { status: 503, title: 'Overloaded' },
  shard_restarted: { status: 503, title: 'Restarted' },
  shutting_down: { status: 503, title: 'Shutting down' },
  tenant_newer: { status: 503, title: 'Library is of a newer version' },
  tenant_at_rest: { status: 503, title: 'Library at rest' },
  tenant_restoring: { status: 503, title: 'Library being restored' },
  migration_pending: { status: 503, title: 'Library waits for a new version' },
  tenant_deleting: { status: 503, title: 'Library being deleted' },
  deadline_exceeded: { status: 503, title: 'Out of time' },
  disk_failed: { status: 503, title: 'Disk failed' },
  disk_full: { status: 507, title: 'Disk full' },
}

/** What a client reads. */
export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ProblemCode
  readonly request_id: string
  readonly errors?: readonly FieldError[]
  readonly quota?: QuotaShare
}

/** A method the address does not have: `allow` lists those it has. It has no code of its own on the wire. */
export class MethodNotAllowed extends Problem {
  readonly allow: string

  constructor(method: string, allow: string) {
    super('invalid_request', `${method} is not possible here; possible is ${allow}.`)
    this.allow = allow
  }
}

/**
 * Anything thrown, as a problem. What we did not foresee becomes `internal` and tells the caller nothing; it stays the `cause`.
 */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  return (
    frameworkProblem(error) ??
    machineProblem(error) ??
    new Problem('internal', internalDetail, { cause: error })
  )
}

const internalDetail =
  'Something went wrong on our side. The server’s log has it under this request id.'

/** Faults that express and its body parser find, by their own names. Their messages may quote the body: ours do not. */
function frameworkProblem(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('status' in error)) return undefined
  const type = 'type' in error ? error.type : undefined
  switch (type) {
    case 'entity.too.large':
      return new Problem('too_large', 'The body is too large.')
    case 'encoding.unsupported':
      return new Problem('unsupported_media_type', 'The body is compressed: send it as it is.')
    case 'charset.unsupported':
      return new Problem('unsupported_media_type', 'The body has to be UTF-8.')
    case 'entity.parse.failed':
      return new Problem('invalid_request', 'The body is not JSON.')
  }
  if (error.status === 400 && error instanceof URIError)
    return new Problem('invalid_request', 'The address is not validly percent-encoded.')
  if (typeof error.status === 'number' && error.status < 500)
    return new Problem('invalid_request', 'The request could not be read.', { cause: error })
  return undefined
}

export function statusOf(problem: Problem): number {
  return problem instanceof MethodNotAllowed ? 405 : problemTypes[problem.code].status
}

/** RFC 9457, section 3.1.1. */
export function problemType(code: ProblemCode): string {
  return `urn:carrel:problem:${code}`
}

export function problemBody(problem: Problem, requestId: string): ProblemBody {
  const isMethod = problem instanceof MethodNotAllowed
  return {
    type: problemType(problem.code),
    title: isMethod ? 'Method not allowed' : problemTypes[problem.code].title,
    status: statusOf(problem),
    detail: problem.detail,
    code: problem.code,
    request_id: requestId,
    ...(problem.errors && { errors: problem.errors }),
    ...(problem.quota && { quota: problem.quota }),
  }
}

/** Headers that belong to a problem, name and value in turn: when to come back, what is possible, how to log in. */
export function problemHeaders(problem: Problem): string[] {
  const headers: string[] = []
  if (problem.retryAfterS !== undefined)
    headers.push('Retry-After', String(Math.ceil(problem.retryAfterS)))
  if (problem instanceof MethodNotAllowed) headers.push('Allow', problem.allow)
  if (problem.code === 'unauthorized') headers.push('WWW-Authenticate', 'Bearer realm="carrel"')
  if (problem.code === 'token_expired')
    headers.push('WWW-Authenticate', 'Bearer realm="carrel", error="invalid_token"')
  return headers
}
