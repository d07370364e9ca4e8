/** HTTP/1.1 on bare sockets: a client that takes as little of the processor as can be, for whoever shares the machine with the server. */
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'

export interface WireAnswer {
  readonly status: number
  /** As it came, to its empty line. */
  readonly head: string
  /** From the first byte of the request to the last of the answer. */
  readonly ms: number
}

export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly token: string
  readonly type?: string
  readonly body?: string | Buffer
}

/** Made once, sent often. */
export function wireBytes({ method, path, token, type, body }: WireRequest): Buffer {
  const bytes = body === undefined ? undefined : Buffer.from(body)
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    `Authorization: Bearer ${token}`,
    ...(bytes ? [`Content-Type: ${type ?? 'application/json'}`] : []),
    ...(bytes ? [`Content-Length: ${bytes.length}`] : []),
  ]
  return Buffer.concat([
    Buffer.from(`${lines.join('\r\n')}\r\n\r\n`),
    ...(bytes === undefined ? [] : [bytes]),
  ])
}

const headEnd = Buffer.from('\r\n\r\n')
const lastChunk = Buffer.from('\r\n0\r\n\r\n')
const bodiless: ReadonlySet<number> = new Set([204, 304])

/** One connection, one request at a time. */
class WireConnection {
  readonly #socket: Socket
  #kept: Buffer = Buffer.alloc(0)
  #waiting: (PromiseWithResolvers<WireAnswer> & { readonly sentMs: number }) | undefined
  isOpen = true

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
    socket.on('error', (error) => this.#ended(error))
    socket.on('close', () => this.#ended(new Error('the connection was closed')))
  }

  static async open(port: number): Promise<WireConnection> {
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new WireConnection(socket)
  }

  send(request: Buffer, sentMs: number): Promise<WireAnswer> {
    this.#waiting = { ...Promise.withResolvers<WireAnswer>(), sentMs }
    this.#socket.write(request)
    return this.#waiting.promise
  }

  close(): void {
    this.isOpen = false
    this.#socket.destroy()
  }

  #received(chunk: Buffer): void {
    this.#kept = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk])
    const end = this.#kept.indexOf(headEnd)
    if (end === -1) return
    const head = this.#kept.toString('latin1', 0, end)
    const status = Number(head.slice(9, 12))
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
    const isChunked = /\r\ntransfer-encoding: chunked/i.test(head)
    if (length === undefined && !isChunked && !bodiless.has(status)) {
      this.#ended(new Error('an answer without a length'))
      return
    }
    if (isChunked && !this.#kept.subarray(-lastChunk.length).equals(lastChunk)) return
    if (this.#kept.length < end + headEnd.length + Number(length ?? 0)) return
    this.#kept = Buffer.alloc(0)
    if (/\r\nconnection: close/i.test(head)) this.close()
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve({ status, head, ms: performance.now() - waiting.sentMs })
  }

  #ended(error: Error): void {
    this.close()
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}

/** As many connections as there are requests at once; each is used again. */
export class Wire {
  readonly #port: number
  readonly #idle: WireConnection[] = []

  constructor(url: string) {
    this.#port = Number(new URL(url).port)
  }

  /** @throws when the connection cannot be made or ends before the answer */
  async send(request: Buffer): Promise<WireAnswer> {
    const sentMs = performance.now()
    const connection = this.#take() ?? (await WireConnection.open(this.#port))
    const answer = await connection.send(request, sentMs)
    if (connection.isOpen) this.#idle.push(connection)
    return answer
  }

  close(): void {
    for (const connection of this.#idle.splice(0)) connection.close()
  }

  /** One that the server closed meanwhile is left out. */
  #take(): WireConnection | undefined {
    for (let found = this.#idle.pop(); found; found = this.#idle.pop())
      if (found.isOpen) return found
    return undefined
  }
}
