/** A small client of the HTTP API, as an app builder would write it. */
import { SignJWT } from 'jose'

const pollMs = 25

export interface DocumentAnswer {
  readonly id: string
  readonly title: string
  readonly filename: string
  readonly status: 'queued' | 'processing' | 'ready' | 'failed'
  readonly progress: {
    readonly phase: string
    readonly pages_done: number
    readonly pages_total: number | null
    readonly fraction: number | null
    readonly seconds_left: number | null
  } | null
  readonly pages: number | null
  readonly passages: number
  readonly sha256: string
  readonly error: { readonly code: string; readonly detail: string } | null
}

export interface HitAnswer {
  readonly passage_id: string
  readonly document_id: string
  readonly title: string
  readonly page: number
  readonly page_label: string | null
  readonly start: number
  readonly end: number
  readonly section: readonly string[]
  readonly text: string
  readonly snippet: string
  readonly score: number
}

export interface Answer<T> {
  readonly status: number
  readonly body: T
}

/** A token as an identity provider would give it. */
export async function signToken(
  secret: string,
  user: string,
  claims: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(new TextEncoder().encode(secret))
}

export class Client {
  readonly #url: string
  readonly #token: string | undefined

  constructor(url: string, token?: string) {
    this.#url = url
    this.#token = token
  }

  async request<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<T>> {
    const isForm = body instanceof FormData
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        ...(this.#token && { authorization: `Bearer ${this.#token}` }),
        ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: (text ? JSON.parse(text) : null) as T }
  }

  async upload(filename: string, bytes: Uint8Array): Promise<DocumentAnswer> {
    const form = new FormData()
    form.append('file', new Blob([new Uint8Array(bytes)]), filename)
    const answer = await this.request<{ documents: DocumentAnswer[] }>(
      'POST',
      '/v1/documents',
      form,
    )
    const [document] = answer.body.documents ?? []
    if (answer.status !== 202 || !document)
      throw new Error(`upload of ${filename}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return document
  }

  async document(id: string): Promise<DocumentAnswer> {
    return (await this.request<DocumentAnswer>('GET', `/v1/documents/${id}`)).body
  }

  /** Every document, page by page. */
  async documents(): Promise<DocumentAnswer[]> {
    const all: DocumentAnswer[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''
      const { body }: Answer<{ items: DocumentAnswer[]; next_cursor: string | null }> =
        await this.request('GET', `/v1/documents?limit=100${query}`)
      all.push(...body.items)
      cursor = body.next_cursor
    }
    return all
  }

  /** By words alone unless told: the same from the moment a document is ready, while vectors follow a little later. */
  async search(query: string, limit = 10, mode = 'keyword'): Promise<HitAnswer[]> {
    const { status, body } = await this.request<{ hits: HitAnswer[] }>('POST', '/v1/search', {
      query,
      limit,
      mode,
    })
    if (status !== 200) throw new Error(`search for ${query}: ${status} ${JSON.stringify(body)}`)
    return body.hits
  }

  /** Waits until the document is ready or failed. @param onProgress told of each look at it */
  async settled(
    id: string,
    onProgress?: (document: DocumentAnswer) => void,
  ): Promise<DocumentAnswer> {
    for (;;) {
      const document = await this.document(id)
      onProgress?.(document)
      if (document.status === 'ready' || document.status === 'failed') return document
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }
}
