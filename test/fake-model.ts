/** A chat model for tests and benchmarks: a real HTTP server on loopback that speaks the protocol, and every fault. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'

export interface AskedModel {
  readonly url: string
  readonly authorization: string | undefined
  readonly body: {
    readonly model: string
    readonly stream?: boolean
    readonly messages: readonly { readonly role: string; readonly content: string }[]
  } & Readonly<Record<string, unknown>>
}

export type ModelFault =
  | { readonly kind: 'hang' | 'html' | 'invalid_json' | 'not_json' | 'error_inside' | 'reset' }
  /** Begins, then closes, says nothing more, or never ends. */
  | { readonly kind: 'stops' | 'stalls' | 'endless' | 'error_later' }
  | { readonly kind: 'status'; readonly status: number; readonly body?: string }

export class FakeModel {
  /** What it answers, or how from the question. */
  answer: string | ((asked: AskedModel) => string) = 'It is so [1].'
  /** Characters a piece. */
  pieceLength = 5
  fault: ModelFault | undefined
  isStreaming = true
  /** Milliseconds between two pieces. */
  paceMs = 0
  readonly asked: AskedModel[] = []
  bytesSent = 0
  /** Resolves when the next request has come. */
  #onAsked: (() => void) | undefined
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  readonly url: string

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(): Promise<FakeModel> {
    const server = createServer()
    const { promise, resolve } = Promise.withResolvers<void>()
    server.listen(0, '127.0.0.1', resolve)
    await promise
    const model = new FakeModel(server)
    server.on('request', (request, response) => void model.#handle(request, response))
    server.on('connection', (socket) => {
      model.#sockets.add(socket)
      socket.on('close', () => model.#sockets.delete(socket))
      socket.on('error', () => undefined)
    })
    return model
  }

  get sockets(): number {
    return this.#sockets.size
  }

  /** Resolves when no connection is left. */
  async quiet(): Promise<void> {
    while (this.#sockets.size > 0) await setImmediate()
  }

  nextAsked(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onAsked = resolve
    return promise
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    for (const socket of this.#sockets) socket.destroy()
    await promise
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = []
    try {
      for await (const piece of request) pieces.push(piece as Buffer)
    } catch {
      return
    }
    // Whether it is there, as the doctor asks.
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[]}')
      return
    }
    const body = JSON.parse(Buffer.concat(pieces).toString()) as AskedModel['body']
    const asked = { url: request.url ?? '', authorization: request.headers.authorization, body }
    this.asked.push(asked)
    this.#onAsked?.()
    const text = typeof this.answer === 'string' ? this.answer : this.answer(asked)
    if (this.fault) return this.#misbehave(this.fault, response)
    if (!this.isStreaming) {
      const choices = [
        { index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' },
      ]
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ id: 'c', object: 'chat.completion', choices, usage }))
      return
    }
    begin(response)
    for (let at = 0; at < text.length; at += this.pieceLength) {
      if (this.paceMs > 0) await setTimeout(this.paceMs)
      if (response.destroyed) return
      response.write(event(text.slice(at, at + this.pieceLength)))
    }
    response.write(
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`,
    )
    response.write(`data: ${JSON.stringify({ choices: [], usage })}\n\n`)
    response.end('data: [DONE]\n\n')
  }

  async #misbehave(fault: ModelFault, response: ServerResponse): Promise<void> {
    switch (fault.kind) {
      case 'hang':
        return
      case 'reset':
        response.socket?.destroy()
        return
      case 'html':
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Sign in')
        return
      case 'not_json':
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices": [')
        return
      case 'invalid_json':
        begin(response).end('data: {"choices": [\n\n')
        return
      case 'error_inside':
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end('{"error":{"message":"out of memory"}}')
        return
      case 'error_later':
        begin(response).write(event('It is'))
        response.end('data: {"error":{"message":"out of memory"}}\n\n')
        return
      case 'status':
        response
          .writeHead(fault.status, { 'content-type': 'application/json' })
          .end(fault.body ?? '{}')
        return
      case 'stops':
        begin(response).write(event('It is'), () => response.end())
        return
      case 'stalls':
        begin(response).write(event('It is'))
        return
      case 'endless':
        return this.#endless(begin(response))
    }
  }

  async #endless(response: ServerResponse): Promise<void> {
    const piece = event('and so on '.repeat(400))
    while (!response.destroyed) {
      const { promise, resolve } = Promise.withResolvers<void>()
      // The write calls back when the socket is destroyed, too.
      response.write(piece, () => resolve())
      this.bytesSent += piece.length
      await promise
    }
  }
}

const usage = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 }

function begin(response: ServerResponse): ServerResponse {
  return response.writeHead(200, { 'content-type': 'text/event-stream' })
}

function event(content: string): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`
}
