/** A client of Carrel's API: every route typed, uploads with progress, answers and changes as they happen. */
import createClient, { type Client } from 'openapi-fetch'
import { CarrelError, errorOf } from './problem.ts'
import type { paths } from './schema.ts'
import { EventParser } from './sse.ts'
import { type Uploaded, type UploadOptions, uploadFile } from './upload.ts'

export type Question = NonNullable<
  paths['/v1/chat']['post']['requestBody']
>['content']['application/json']
type Reply = paths['/v1/chat']['post']['responses'][200]['content']['application/json']

export type ChatEvent =
  | {
      readonly event: 'passages'
      readonly data: Pick<Reply, 'conversation_id' | 'message_id' | 'passages'>
    }
  | { readonly event: 'delta'; readonly data: { readonly text: string } }
  | { readonly event: 'citation'; readonly data: Reply['citations'][number] }
  | { readonly event: 'done'; readonly data: Omit<Reply, 'answer' | 'passages' | 'citations'> }

export interface DocumentEvent {
  readonly id: string
  readonly status: 'queued' | 'processing' | 'ready' | 'failed' | 'deleted'
  readonly progress: paths['/v1/documents/{id}']['get']['responses'][200]['content']['application/json']['progress']
}

export interface CarrelOptions {
  /** Such as `https://carrel.example`. */
  readonly url: string
  /** A user's token or an API key; none in local mode. */
  readonly token?: string | undefined
  readonly fetch?: typeof fetch
}

export class Carrel {
  /** Every route: `carrel.api.GET('/v1/documents', { params: { query: { limit: 10 } } })`. */
  readonly api: Client<paths>
  readonly #options: CarrelOptions

  constructor(options: CarrelOptions) {
    this.#options = options
    this.api = createClient<paths>({
      baseUrl: options.url,
      headers: this.#headers(),
      ...(options.fetch && { fetch: (request: Request) => this.#fetch(request) }),
    })
  }

  /** Sends a file in pieces and waits until the server has it. @throws CarrelError */
  upload(file: Blob, options: UploadOptions): Promise<Uploaded> {
    return uploadFile((path, init) => this.#send(path, init), file, options)
  }

  /** Asks, and gives the answer as it is written. @throws CarrelError, also in the middle */
  async *ask(question: Question, signal?: AbortSignal): AsyncGenerator<ChatEvent, void, undefined> {
    const response = await this.#send('/v1/chat', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...question, stream: true }),
      signal: signal ?? null,
    })
    for await (const { type, data } of eventsOf(response)) {
      const told = JSON.parse(data) as { code?: string; detail?: string }
      if (type === 'error') throw new CarrelError(200, told.code ?? '', told.detail ?? '')
      yield { event: type, data: told } as ChatEvent
    }
  }

  /** What happens to documents, until the signal or the server ends it; `reset` when some of it was missed. */
  async *changes(signal?: AbortSignal): AsyncGenerator<DocumentEvent | 'reset', void, undefined> {
    const response = await this.#send('/v1/events', { signal: signal ?? null })
    for await (const { type, data } of eventsOf(response)) {
      if (type === 'reset') yield 'reset'
      else if (type === 'document') yield JSON.parse(data) as DocumentEvent
    }
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const headers = { ...this.#headers(), ...(init.headers as Record<string, string>) }
    return this.#fetch(new URL(path, this.#options.url), { ...init, headers })
  }

  #fetch(input: URL | Request, init?: RequestInit): Promise<Response> {
    return (this.#options.fetch ?? fetch)(input, init)
  }

  #headers(): Record<string, string> {
    const { token } = this.#options
    return token === undefined ? {} : { Authorization: `Bearer ${token}` }
  }
}

async function* eventsOf(response: Response) {
  if (!response.ok || !response.body) throw await errorOf(response)
  const parser = new EventParser()
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield* parser.push(value)
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
