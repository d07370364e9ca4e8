/** One streaming request to a chat endpoint: bytes as they come, with every limit, and nothing left behind. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EndpointFault, fault, unavailable } from './endpoint-fault.ts'
import { type Endpoint, whoIs } from './endpoint-url.ts'

export interface ChatTimes {
  /** Until the connection stands. */
  readonly connectMs: number
  /** From there to the first byte of the answer's body: a model is loaded and reads its prompt first. */
  readonly firstMs: number
  /** Between two pieces. */
  readonly idleMs: number
  /** All of it. */
  readonly totalMs: number
}

type Phase = 'connect' | 'first' | 'idle' | 'total'

/** Ends the request when one of its times is over or the caller leaves. */
export class ChatTransport implements Disposable {
  readonly #endpoint: Endpoint
  readonly #times: ChatTimes
  readonly #controller = new AbortController()
  readonly #total: NodeJS.Timeout
  readonly #caller: AbortSignal | undefined
  #phase: NodeJS.Timeout
  #ended: Phase | undefined
  readonly #onAbort = (): void => this.#controller.abort()

  constructor(endpoint: Endpoint, times: ChatTimes, caller: AbortSignal | undefined) {
    this.#endpoint = endpoint
    this.#times = times
    this.#caller = caller
    this.#total = setTimeout(() => this.#end('total'), times.totalMs)
    this.#phase = setTimeout(() => this.#end('connect'), times.connectMs)
    caller?.addEventListener('abort', this.#onAbort)
  }

  /** @throws whatever the connection does; `faultOf` names it */
  open(body: string): Promise<IncomingMessage> {
    const { url, apiKey } = this.#endpoint
    const ask = url.startsWith('https:') ? httpsRequest : httpRequest
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const request = ask(url, {
      method: 'POST',
      // A connection of its own: an answer that is given up takes it along.
      agent: false,
      signal: this.#controller.signal,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        accept: 'text/event-stream, application/json',
        'accept-encoding': 'identity',
        ...(apiKey && { authorization: `Bearer ${apiKey}` }),
      },
    })
    request.on('socket', (socket) => {
      const event = url.startsWith('https:') ? 'secureConnect' : 'connect'
      socket.once(event, () => this.#wait('first', this.#times.firstMs))
    })
    request.on('response', resolve)
    request.on('error', reject)
    request.end(body)
    return promise
  }

  /**
   * The body's pieces. Whoever stops taking them makes the server wait.
   * @param gatherMs after each: what comes meanwhile is one piece, so that a fast model costs no more than a slow one
   */
  async *pieces(
    response: IncomingMessage,
    gatherMs: number,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = this.#controller
    for await (const piece of response) {
      this.#wait('idle', this.#times.idleMs)
      yield piece as Uint8Array
      if (gatherMs > 0) await sleep(gatherMs, undefined, { signal })
    }
    if (!response.complete) throw new Error('cut off')
  }

  /** What the error was. @throws the caller's reason when it was the caller */
  faultOf(error: unknown): EndpointFault {
    this.#caller?.throwIfAborted()
    const who = whoIs(this.#endpoint)
    if (this.#ended) return fault('timeout', `${who} ${sentences[this.#ended](this.#times)}`)
    const code = codeOf(error)
    const reason = neverConnected[code]
    if (reason) return unavailable(`${who} ${reason}.`)
    if (/CERT|SSL|TLS|SIGNED|ALTNAME/.test(code))
      return unavailable(`${who} has a certificate that is not trusted (${code}).`)
    return unavailable(`${who} closed the connection before its answer was whole (${code}).`)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#total)
    clearTimeout(this.#phase)
    this.#caller?.removeEventListener('abort', this.#onAbort)
    this.#controller.abort()
  }

  #wait(phase: Phase, ms: number): void {
    clearTimeout(this.#phase)
    if (!this.#controller.signal.aborted) this.#phase = setTimeout(() => this.#end(phase), ms)
  }

  #end(phase: Phase): void {
    this.#ended ??= phase
    this.#controller.abort()
  }
}

const sentences: Readonly<Record<Phase, (times: ChatTimes) => string>> = {
  connect: ({ connectMs }) =>
    `does not take the connection within ${connectMs} ms: check host, port and firewall.`,
  first: ({ firstMs }) =>
    `took the question and said nothing for ${firstMs} ms: the model is too slow, or it hangs.`,
  idle: ({ idleMs }) => `began to answer and then fell silent for ${idleMs} ms.`,
  total: ({ totalMs }) => `did not come to an end within ${totalMs} ms: the answer was cut off.`,
}

const neverConnected: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'does not listen: start it, or check host and port',
  ENOTFOUND: 'has a host name that nobody knows: check it',
  EAI_AGAIN: 'has a host name that could not be looked up: check the name and the network',
  EHOSTUNREACH: 'cannot be reached: check the network',
  ENETUNREACH: 'cannot be reached: check the network',
  ETIMEDOUT: 'does not take the connection: check host, port and firewall',
}

function codeOf(error: unknown): string {
  const { errors, code } = error as { errors?: readonly { code?: unknown }[]; code?: unknown }
  // Several addresses of one name fail together as an AggregateError.
  const found = code ?? errors?.[0]?.code
  return typeof found === 'string' ? found : 'connection lost'
}
