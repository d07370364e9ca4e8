/** A client that numbers its requests, so that the journal says which were answered, and makes up what it sends. */
import { createHash } from 'node:crypto'
import { signToken } from '../lib/client.ts'
import type { Ledger } from './powercut-ledger.ts'

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

let requests = 0

/** Thrown where the server is no more: the end of a life, not a fault. */
export class Gone extends Error {}

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
        ...(body !== undefined && { body: isJson ? JSON.stringify(body) : (body as FormData) }),
      })
      text = await response.text()
    } catch {
      throw new Gone()
    }
    if (response.status !== status)
      throw new Error(`${method} ${path}: ${response.status} instead of ${status}: ${text}`)
    return {
      status,
      headers: response.headers,
      body: text ? JSON.parse(text) : undefined,
      requestId,
    }
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
