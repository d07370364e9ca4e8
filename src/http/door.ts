/**
 * Whoever was just told to come back in a moment and comes at once, while the server is still full, is told so again before
 * anything is done for them: refusing must cost much less than answering, or a crowd that is refused keeps the server from work.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Problem } from '../base/problem.ts'
import { problemBody, problemHeaders, problemMediaType, statusOf } from './problem.ts'

const retryS = 1
/** Forgotten together beyond it: they are refused once more by the line itself. */
const rememberedMax = 10_000
/** A body up to this size is read and dropped, so that the connection can be used again. */
const bodyBytesMax = 64 * 1024

type Request = Pick<IncomingMessage, 'url' | 'headers'>

export class Door {
  readonly #isFull: () => boolean
  readonly #nowMs: () => number
  /** Until when, by the credential as it was sent. */
  readonly #refused = new Map<string, number>()

  /** @param isFull asked only about who was refused @param nowMs monotonic */
  constructor(isFull: () => boolean, nowMs: () => number = () => performance.now()) {
    this.#isFull = isFull
    this.#nowMs = nowMs
  }

  /** The line had no room for it. Without a credential nobody is told from others, so nobody is remembered. */
  refused(request: Request): void {
    const credential = credentialOf(request)
    if (credential === undefined) return
    if (this.#refused.size >= rememberedMax) this.#refused.clear()
    this.#refused.set(credential, this.#nowMs() + retryS * 1_000)
  }

  /** @returns whether it is to be refused at once */
  isShutTo(request: Request): boolean {
    if (this.#refused.size === 0) return false
    const credential = credentialOf(request)
    const untilMs = credential === undefined ? undefined : this.#refused.get(credential)
    if (credential === undefined || untilMs === undefined) return false
    if (untilMs > this.#nowMs()) return this.#isFull()
    this.#refused.delete(credential)
    return false
  }
}

/** Of the API alone: a page of the web app is a file, and costs no more than a refusal. */
function credentialOf({ url = '', headers }: Request): string | undefined {
  return url.startsWith('/v1/') ? (headers.authorization ?? headers.cookie) : undefined
}

/** Without the application: no line in the log, no body is read. */
export function refuseAtDoor(request: IncomingMessage, response: ServerResponse): void {
  const hasMore =
    'transfer-encoding' in request.headers ||
    Number(request.headers['content-length'] ?? 0) > bodyBytesMax
  refuse(request, response, {
    detail: 'The server is busy: try again in a moment.',
    isLast: hasMore,
  })
}

/** @param how `isLast`: the connection ends with it */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { detail, isLast }: { readonly detail: string; readonly isLast: boolean },
): void {
  const problem = new Problem('overloaded', detail, { retryAfterS: retryS })
  const body = JSON.stringify(problemBody(problem, randomUUID()))
  response.writeHead(statusOf(problem), [
    ...['Content-Type', problemMediaType, 'Content-Length', String(Buffer.byteLength(body))],
    ...(isLast ? ['Connection', 'close'] : []),
    ...problemHeaders(problem),
  ])
  response.end(body)
  request.resume()
}
