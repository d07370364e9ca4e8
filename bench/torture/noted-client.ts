/** A client that numbers its requests, so that the journal says which were answered, and makes up what it sends. */
import { createHash } from 'node:crypto'
import { signToken } from '../lib/client.ts'
import type { Ledger } from './ledger.ts'

export const secret = 'a secret that only this torture knows, long enough'
export const adminToken = 'the-token-of-the-operator-of-this-torture'
const nouns = 'harbour lantern orchard river window archive ladder meadow compass kettle'.split(' ')

/** Of a tier without narrow limits. */
export function tokenOf(user: string): Promise<string> {
  return signToken(secret, user, { tier: 'ultra' })
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
  readonly requestId: string
}

const answerMsMax = 60_000
const hangMsMax = 3_000

let requests = 0

/** Thrown where the server is no more: the end of a life, not a fault. */
export class Gone extends Error {}

/** Thrown where the server refused, with a reason or not; the ledger has it. */
export class Refused extends Error {
  readonly requestId: string

  constructor(message: string, requestId: string) {
    super(message)
    this.requestId = requestId
  }
}

/** @returns the code of a problem that has words for a person */
export function codeOf(text: string): string | undefined {
  try {
    const { code, detail } = JSON.parse(text) as { code?: string; detail?: string }
    return detail ? code : undefined
  } catch {
    return undefined
  }
}

export class NotedClient {
  protected readonly user: string
  protected readonly ledger: Ledger
  protected readonly random: () => number
  readonly #url: string
  readonly #token: string

  constructor(url: string, user: string, token: string, ledger: Ledger, random: () => number) {
    this.#url = url
    this.user = user
    this.#token = token
    this.ledger = ledger
    this.random = random
  }

  protected async ask(
    method: string,
    path: string,
    {
      body,
      headers = {},
      status = 200,
    }: { body?: unknown; headers?: Record<string, string>; status?: number },
  ): Promise<Answer> {
    const requestId = `torture-${++requests}`
    const isRaw = body instanceof FormData || body instanceof Uint8Array
    const isJson = body !== undefined && !isRaw
    let response: Response
    let text: string
    try {
      response = await fetch(this.#url + path, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          'x-request-id': requestId,
          ...(isJson && { 'content-type': 'application/json' }),
          ...headers,
        },
        signal: AbortSignal.timeout(this.ledger.mayHang ? hangMsMax : answerMsMax),
        ...(body !== undefined && { body: isJson ? JSON.stringify(body) : (body as FormData) }),
      })
      text = await response.text()
    } catch (error) {
      throw this.#unanswered(requestId, method, path, error as Error)
    }
    if (response.status !== status) throw this.#refused(requestId, method, path, response, text)
    this.ledger.answered.add(requestId)
    return {
      status,
      headers: response.headers,
      body: text ? JSON.parse(text) : undefined,
      requestId,
    }
  }

  #unanswered(requestId: string, method: string, path: string, error: Error): Error {
    const { refused, faults, mayHang } = this.ledger
    const isLate = error.name === 'TimeoutError'
    if (!mayHang && !isLate) return new Gone()
    refused.set('no_answer', (refused.get('no_answer') ?? 0) + 1)
    if (!mayHang) faults.push({ what: 'no answer', user: this.user, method, path })
    return new Refused(`${method} ${path}: no answer`, requestId)
  }

  #refused(
    requestId: string,
    method: string,
    path: string,
    { status }: Response,
    text: string,
  ): Refused {
    const { refused, faults, tolerated } = this.ledger
    const code = codeOf(text) ?? 'none'
    refused.set(code, (refused.get(code) ?? 0) + 1)
    if (!tolerated(this.user, code))
      faults.push({ what: 'a wrong answer', user: this.user, method, path, status, text })
    return new Refused(`${method} ${path}: ${status} ${text}`, requestId)
  }

  protected note(): { filename: string; bytes: Buffer } {
    const text = `# ${this.words(3)}\n\n${this.words(60 + Math.floor(this.random() * 400))}\n\n${this.random()}\n`
    const bytes = Buffer.from(text)
    this.ledger.sent.add(createHash('sha256').update(bytes).digest('hex'))
    return { filename: `${this.words(1)}.md`, bytes }
  }

  protected words(count: number): string {
    return Array.from({ length: count }, () => this.pick(nouns)).join(' ')
  }

  protected pick<T>(all: readonly T[]): T | undefined {
    return all[Math.floor(this.random() * all.length)]
  }
}
