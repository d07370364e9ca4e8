/**
 * Whoever was just told to come back in a moment and comes at once, while the server is still full, is told so again before
 * anything is done for them: refusing must cost much less than answering, or a crowd that is refused keeps the server from work.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ProblemBody, problemMediaType, problemType, problemTypes } from './problem.ts'

const retryS = 1
/** Forgotten together beyond it: they are refused once more by the line itself. */
const rememberedMax = 10_000
/** A body up to this size is read and dropped, so that the connection can be used again. */
const bodyBytesMax = 64 * 1024

type Request = Pick<IncomingMessage, 'url' | 'headers'>

export class Door {
  readonly #isFull: () => boolean
  readonly #nowMs: () => number
  readonly #onShut: () => void
  /** Until when, by the credential as it was sent. */
  readonly #refused = new Map<string, number>()

  /** @param isFull asked only about who was refused @param onShut told of each who is refused here @param nowMs monotonic */
  constructor(isFull: () => boolean, onShut: () => void, nowMs = () => performance.now()) {
    this.#isFull = isFull
    this.#onShut = onShut
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
    if (untilMs <= this.#nowMs()) {
      this.#refused.delete(credential)
      return false
    }
    const isShut = this.#isFull()
    if (isShut) this.#onShut()
    return isShut
  }
}

/** Of the API alone: a page of the web app is a file, and costs no more than a refusal. */
function credentialOf({ url = '', headers }: Request): string | undefined {
  return url.startsWith('/v1/') ? (headers.authorization ?? headers.cookie) : undefined
}

/** Without the application: no line in the log, no body is read. */
export function refuseAtDoor(request: IncomingMessage, response: ServerResponse): void {
  const { headers } = request
  const length = Number(headers['content-length'] ?? 0)
  const hasMore = headers['transfer-encoding'] !== undefined || length > bodyBytesMax
  const detail = 'The server is busy: try again in a moment.'
  refuse(request, response, { detail, isLast: hasMore })
}

/** Not a Problem: an error takes down where it was made, which costs more than all of this. */
const { status, title } = problemTypes.overloaded
const type = problemType('overloaded')

/** @param how `isLast`: the connection ends with it */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { detail, isLast }: { readonly detail: string; readonly isLast: boolean },
): void {
  const code = 'overloaded'
  const problem: ProblemBody = { type, title, status, detail, code, request_id: randomUUID() }
  const body = JSON.stringify(problem)
  response.writeHead(status, [
    ...['Content-Type', problemMediaType, 'Content-Length', String(Buffer.byteLength(body))],
    ...['Retry-After', String(retryS)],
    ...(isLast ? ['Connection', 'close'] : []),
  ])
  response.end(body)
  request.resume()
}
