/** One request to the server and its answer, or an error with words for a person. */
import { isServerGone, serverIsGone } from '../base/connection.ts'
import { currentToken, tokenWasRefused } from '../base/token.ts'
import { strings } from '../strings.ts'
import type { ProblemBody } from './types.ts'

/** The message is for a person. */
export class ApiError extends Error {
  /** The server's, or `unreachable`. */
  readonly code: string
  readonly retryAfterS: number | undefined

  constructor(code: string, message: string, retryAfterS?: number) {
    super(message)
    this.code = code
    this.retryAfterS = retryAfterS
  }
}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly body?: unknown
  /** Instead of `body`: sent as it is. */
  readonly raw?: Blob
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

export function authorization(): Record<string, string> {
  const token = currentToken()
  return token === null ? {} : { Authorization: `Bearer ${token}` }
}

/** @throws ApiError; an aborted request throws the signal's reason */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await respond(path, options)
  if (response.status === 204) return undefined as T
  try {
    return (await response.json()) as T
  } catch {
    options.signal?.throwIfAborted()
    throw new ApiError('unreadable', strings.problem.unreadable)
  }
}

/** The answer itself, for those who read it piece by piece. @throws as `request` */
export async function respond(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = 'GET', body, raw, signal, headers } = options
  let response: Response
  try {
    response = await fetch(path, {
      method,
      signal: signal ?? null,
      headers: {
        ...authorization(),
        ...headers,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(raw && { body: raw }),
    })
  } catch {
    signal?.throwIfAborted()
    serverIsGone()
    throw new ApiError('unreachable', strings.problem.unreachable)
  }
  isServerGone.set(false)
  if (response.ok) return response
  throw problemOf(response.status, await response.text(), response.headers.get('Retry-After'))
}

/** @param text the body, a problem if the server made it */
export function problemOf(status: number, text: string, retryAfter: string | null): ApiError {
  if (status === 401) tokenWasRefused()
  const retryAfterS = retryAfter === null ? undefined : Number(retryAfter) || undefined
  try {
    const problem = JSON.parse(text) as ProblemBody
    return new ApiError(problem.code, problem.detail, retryAfterS)
  } catch {
    return new ApiError(`status_${status}`, strings.problem.unreadable, retryAfterS)
  }
}

/** What to show of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof ApiError ? error.message : strings.problem.unreadable
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
