/** Connections of the server: so many, a silent one makes room, and who comes beyond that is told so before it is closed. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { refuse } from './door.ts'

/** Taken beyond the most there may be, only to be answered. */
export const refusedMax = 16
/** Whoever means a request has sent of it by then; only asked where there is no room for another. */
const silentMsMax = 1_000

export class Connections {
  readonly #max: number
  /** Since when (monotonic milliseconds), the oldest first. */
  readonly #open = new Map<Socket, number>()
  readonly #beyond = new WeakSet<Socket>()

  constructor(max: number) {
    this.#max = max
  }

  watch(server: Server): void {
    server.maxConnections = this.#max + refusedMax
    server.on('connection', (socket: Socket) => {
      this.#open.set(socket, performance.now())
      socket.once('close', () => this.#open.delete(socket))
      if (this.#open.size > this.#max && !this.#makeRoom(socket)) this.#beyond.add(socket)
    })
    // Not taken, but the next one is.
    server.on('drop', () => this.#makeRoom())
  }

  /** @returns false for a connection beyond the most there may be, as long as none of the others has gone */
  hasRoomFor(socket: Socket): boolean {
    return this.#open.size <= this.#max || !this.#beyond.has(socket)
  }

  /** @returns whether there was one that had never said anything */
  #makeRoom(coming?: Socket): boolean {
    const beforeMs = performance.now() - silentMsMax
    for (const [socket, sinceMs] of this.#open) {
      if (sinceMs > beforeMs) return false
      if (socket === coming || socket.bytesRead > 0) continue
      this.#open.delete(socket)
      socket.destroy()
      return true
    }
    return false
  }
}

/** Without the application, which a crowd must not keep busy: no line in the log, no count, no body is read. */
export function refuseConnection(request: IncomingMessage, response: ServerResponse): void {
  const detail = 'The server has as many connections as it can hold: try again in a moment.'
  refuse(request, response, { detail, isLast: true })
}
