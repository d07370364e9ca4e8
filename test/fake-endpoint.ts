/** A model endpoint for tests and benchmarks: a real HTTP server on loopback with deterministic vectors and scripted faults. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { cut, drip, type Fault, type LengthStyle, lengthStyles, spoil } from './fake-faults.ts'
import { fakeVector } from './fake-vector.ts'

export interface Recorded {
  readonly url: string
  readonly authorization: string | undefined
  readonly texts: readonly string[]
  readonly body: Readonly<Record<string, unknown>>
}

/** What the server always does; may be changed while it runs. */
export interface Manners {
  dimensions: number
  /** Other weights behind the same name. */
  weights: string
  /** The models it serves, each with vectors of its own; any when not given. */
  models: readonly string[] | undefined
  /** Whole requests with a longer text are refused in this style. */
  charactersMax: number
  batchMax: number
  lengthStyle: LengthStyle
  /** A request with such a text fails with 500, as Ollama does when a model computes NaN. */
  poison: RegExp | undefined
  /** Happens to every request that no scripted fault is for. */
  fault: Fault | undefined
  /** `texts` for text-embeddings-inference, which refuses `documents`. */
  rerankShape: 'documents' | 'texts'
  /** Milliseconds before each answer. */
  delayMs: number
}

export class FakeEndpoint {
  readonly manners: Manners = {
    dimensions: 16,
    weights: 'first',
    models: undefined,
    charactersMax: Number.POSITIVE_INFINITY,
    batchMax: Number.POSITIVE_INFINITY,
    lengthStyle: 'llamacpp',
    poison: undefined,
    fault: undefined,
    rerankShape: 'documents',
    delayMs: 0,
  }
  readonly requests: Recorded[] = []
  /** How often each text was answered with a vector. */
  readonly embedded = new Map<string, number>()
  /** The same for each model. */
  readonly embeddedBy = new Map<string, Map<string, number>>()
  /** Requests being answered now, and the most there ever were. */
  busy = 0
  busyMax = 0
  /** Bytes of answers handed to the network. */
  bytesSent = 0
  readonly #script: Fault[] = []
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0

  static async start(manners: Partial<Manners> = {}): Promise<FakeEndpoint> {
    const endpoint = new FakeEndpoint()
    Object.assign(endpoint.manners, manners)
    await endpoint.up()
    return endpoint
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get sockets(): number {
    return this.#sockets.size
  }

  /** One fault a request, in order, before the manners count again. */
  script(...faults: readonly Fault[]): void {
    this.#script.push(...faults)
  }

  /** Listens, at the same port as before. */
  async up(): Promise<void> {
    this.#server = createServer((request, response) => void this.#handle(request, response))
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => undefined)
    })
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.listen(this.#port, '127.0.0.1', resolve)
    await promise
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Connections are refused from now on, and those there are end. */
  async down(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (this.#server) this.#server.close(() => resolve())
    else resolve()
    for (const socket of this.#sockets) socket.destroy()
    await promise
    this.#server = undefined
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.busy++
    this.busyMax = Math.max(this.busyMax, this.busy)
    response.on('close', () => {
      this.busy--
    })
    const recorded = await record(request)
    if (!recorded) return
    this.requests.push(recorded)
    const fault = this.#script.shift() ?? this.manners.fault
    if (this.manners.delayMs > 0) await setTimeout(this.manners.delayMs)
    if (fault && (await this.#misbehave(fault, recorded, response))) return
    if (recorded.url.endsWith('/rerank')) this.#rerank(recorded, response)
    else this.#embed(recorded, response, fault)
  }

  /** @returns false for a fault that is only a detail of a good answer */
  async #misbehave(fault: Fault, recorded: Recorded, response: ServerResponse): Promise<boolean> {
    const json = { 'content-type': 'application/json' }
    if (fault.kind === 'hang') return true
    if (fault.kind === 'reset') response.socket?.destroy()
    else if (fault.kind === 'html')
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Sign in')
    else if (fault.kind === 'status')
      response.writeHead(fault.status, { ...json, ...fault.headers }).end(fault.body ?? '{}')
    else if (fault.kind === 'error_inside')
      response.writeHead(200, json).end('{"error":{"message":"no model"}}')
    else if (fault.kind === 'no_data') response.writeHead(200, json).end('{"ok":true}')
    else if (fault.kind === 'stall') response.writeHead(200, json).write('{"data":[')
    else if (fault.kind === 'drip') drip(response.writeHead(200, json), fault.everyMs)
    else if (fault.kind === 'gigabyte') await this.#gigabyte(response.writeHead(200, json))
    else if (fault.kind === 'half' || fault.kind === 'truncated')
      cut(response, this.#good(recorded), fault.kind)
    else return false
    return true
  }

  async #gigabyte(response: ServerResponse): Promise<void> {
    const piece = Buffer.alloc(65_536, '1,')
    response.write('{"data":[{"embedding":[')
    for (let left = 2 ** 30; left > 0 && !response.destroyed; left -= piece.length) {
      const { promise, resolve } = Promise.withResolvers<void>()
      // The write calls back when the socket is destroyed, too.
      response.write(piece, () => resolve())
      this.bytesSent += piece.length
      await promise
    }
    response.end()
  }

  #embed(recorded: Recorded, response: ServerResponse, fault: Fault | undefined): void {
    const { texts } = recorded
    const { models, charactersMax, batchMax, lengthStyle, poison } = this.manners
    const answer = ([status, body]: readonly [number, string]): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    }
    if (models && !models.includes(String(recorded.body['model'])))
      answer([404, '{"error":{"message":"model not found"}}'])
    else if (texts.length > batchMax) answer(lengthStyles.teiBatch)
    else if (texts.some((text) => text.length > charactersMax)) answer(lengthStyles[lengthStyle])
    else if (texts.some((text) => poison?.test(text)))
      answer([500, '{"error":"failed to encode response: json: unsupported value: NaN"}'])
    else answer([200, this.#good(recorded, fault)])
  }

  #good({ texts, body }: Recorded, fault?: Fault): string {
    const model = String(body['model'])
    const counts = this.embeddedBy.get(model) ?? new Map<string, number>()
    this.embeddedBy.set(model, counts)
    const dimensions = fault?.kind === 'dimension' ? fault.dimensions : this.manners.dimensions
    const data = texts.map((text, index) => {
      const isSpoilt = fault?.kind === 'numbers' && (!fault.of || fault.of.test(text))
      if (!isSpoilt) {
        this.embedded.set(text, (this.embedded.get(text) ?? 0) + 1)
        counts.set(text, (counts.get(text) ?? 0) + 1)
      }
      const embedding = spoil(
        fakeVector(text, dimensions, `${this.manners.weights}:${model}`),
        isSpoilt ? fault : undefined,
      )
      return { object: 'embedding', index, embedding } as Record<string, unknown>
    })
    if (fault?.kind === 'shuffled') data.reverse()
    if (fault?.kind === 'count') data.length = Math.min(fault.count, data.length)
    for (const item of data) {
      if (fault?.kind === 'unnumbered') delete item['index']
      if (fault?.kind === 'numbered_twice') item['index'] = 0
      if (fault?.kind === 'base64')
        item['embedding'] = Buffer.from(
          Float32Array.from(item['embedding'] as number[]).buffer,
        ).toString('base64')
    }
    return JSON.stringify({ object: 'list', data }).replaceAll('"NaN"', 'NaN')
  }

  /** More shared words score higher. */
  #rerank({ body, texts }: Recorded, response: ServerResponse): void {
    const { rerankShape } = this.manners
    if (!Array.isArray(body[rerankShape])) {
      response
        .writeHead(422, { 'content-type': 'text/plain' })
        .end(`Failed to deserialize the JSON body: missing field \`${rerankShape}\``)
      return
    }
    const words = new Set(String(body['query']).split(' '))
    const scores = texts.map((text) => text.split(' ').filter((word) => words.has(word)).length)
    const answer =
      rerankShape === 'texts'
        ? scores.map((score, index) => ({ index, score }))
        : { results: scores.map((score, index) => ({ index, relevance_score: score })) }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  }
}

/** Undefined when the client went away before its request was whole. */
async function record(request: IncomingMessage): Promise<Recorded | undefined> {
  const pieces: Buffer[] = []
  try {
    for await (const piece of request) pieces.push(piece as Buffer)
  } catch {
    return undefined
  }
  const body = JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>
  const given = body['input'] ?? body['documents'] ?? body['texts']
  return {
    url: request.url ?? '',
    authorization: request.headers.authorization,
    texts: (Array.isArray(given) ? given : [given]) as string[],
    body,
  }
}
