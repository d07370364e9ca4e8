/** Problems: everything that can go wrong in a way a caller should hear about, as a closed set of codes. */

export type ProblemCode =
  | 'invalid_request'
  | 'unauthorized'
  | 'token_expired'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'precondition_failed'
  | 'checksum_mismatch'
  | 'too_large'
  | 'unsupported_media_type'
  | 'range_not_satisfiable'
  | 'conversation_busy'
  | 'quota_exceeded'
  | 'fetch_failed'
  | 'too_many_requests'
  | 'model_failed'
  | 'overloaded'
  | 'deadline_exceeded'
  | 'shard_restarted'
  | 'shutting_down'
  | 'tenant_mismatch'
  | 'tenant_damaged'
  | 'tenant_newer'
  | 'tenant_read_only'
  | 'tenant_suspended'
  | 'tenant_at_rest'
  | 'tenant_restoring'
  | 'tenant_deleting'
  | 'migration_pending'
  | 'disk_full'
  | 'disk_failed'
  | 'internal'

/** One fault in a request, at a place: `path` is dotted (`filter.tags.0`), `message` is for a person. */
export interface FieldError {
  readonly path: string
  readonly message: string
}

/** The share that is used up: what a `quota_exceeded` says beside its sentence. */
export interface QuotaShare {
  readonly which:
    | 'documents'
    | 'bytes'
    | 'passages'
    | 'database_bytes'
    | 'pages_per_day'
    | 'api_keys'
    | 'chat_tokens_per_day'
  readonly used: number
  readonly limit: number
}

/** A problem as plain data: what crosses a thread, because a structured clone loses an error's class and code. */
export interface ProblemData {
  readonly code: ProblemCode
  readonly detail: string
  readonly errors?: readonly FieldError[]
  readonly retryAfterS?: number
  readonly quota?: QuotaShare
}

export interface ProblemOptions {
  readonly errors?: readonly FieldError[] | undefined
  /** When trying again may help, in seconds; becomes `Retry-After`. */
  readonly retryAfterS?: number | undefined
  readonly quota?: QuotaShare | undefined
  readonly cause?: unknown
}

/** An error with a stable code and a sentence for a person: what happened, to what, what to do. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly errors: readonly FieldError[] | undefined
  readonly retryAfterS: number | undefined
  readonly quota: QuotaShare | undefined

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause })
    this.name = 'Problem'
    this.code = code
    this.errors = options.errors
    this.retryAfterS = options.retryAfterS
    this.quota = options.quota
  }

  get detail(): string {
    return this.message
  }

  toData(): ProblemData {
    return {
      code: this.code,
      detail: this.detail,
      ...(this.errors && { errors: this.errors }),
      ...(this.retryAfterS !== undefined && { retryAfterS: this.retryAfterS }),
      ...(this.quota && { quota: this.quota }),
    }
  }

  static fromData(data: ProblemData): Problem {
    return new Problem(data.code, data.detail, {
      errors: data.errors,
      retryAfterS: data.retryAfterS,
      quota: data.quota,
    })
  }
}
