/** Posts JSON to an endpoint that the operator configured, with every limit, and names each fault. */
import {
  type EndpointFault,
  fault,
  faultOfStatus,
  readRetryAfter,
  unavailable,
} from './endpoint-fault.ts'
import { type Endpoint, faultOfSettings, whoIs } from './endpoint-url.ts'
import { errorMessageOf, isMarkup, quotable } from './error-message.ts'

/** An error answer is a sentence; the rest of it is not read. */
const errorBytesMax = 16 * 1024

export interface PostOptions extends Endpoint {
  readonly body: unknown
  /** From the call to the last byte. */
  readonly timeoutMs: number
  /** Between two pieces of the answer, once it has begun. */
  readonly idleMs: number
  /** Counted after decompression, while it arrives. */
  readonly answerBytesMax: number
  /** The texts inside the body: no sentence may repeat them. */
  readonly texts: readonly string[]
  readonly signal?: AbortSignal | undefined
  /** Unix milliseconds, for a `Retry-After` that is a date. */
  readonly nowMs?: number
}

export type Posted = { readonly value: unknown } | { readonly fault: EndpointFault }

/**
 * One request, one try. Nothing of it is left behind: no timer, no listener, no half-read socket.
 * @returns the parsed answer of a 2xx, or the fault; faults are values, never exceptions
 * @throws the signal's reason when the caller aborted
 */
export async function postJson(options: PostOptions): Promise<Posted> {
  options.signal?.throwIfAborted()
  const wrong = faultOfSettings(options)
  if (wrong) return { fault: wrong }
  const who = whoIs(options)
  const watch = new Watch(options)
  try {
    return await exchange(options, who, watch)
  } catch (error) {
    options.signal?.throwIfAborted()
    return { fault: watch.fault(who) ?? faultOfTransport(error, who) }
  } finally {
    watch.stop()
  }
}

async function exchange(options: PostOptions, who: string, watch: Watch): Promise<Posted> {
  const response = await fetch(options.url, {
    method: 'POST',
    redirect: 'manual',
    signal: watch.signal,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(options.apiKey && { authorization: `Bearer ${options.apiKey}` }),
    },
    body: JSON.stringify(options.body),
  })
  watch.begin()
  if (response.status >= 300 && response.status < 400)
    return {
      fault: fault(
        'refused',
        `${who} redirects elsewhere (${response.status}): set the address that it points to.`,
      ),
    }
  if (!response.ok) {
    const body = await read(response, errorBytesMax, watch)
    const message = errorMessageOf(body.text)
    return {
      fault: faultOfStatus({
        who,
        status: response.status,
        message,
        quotable: quotable(message, [options.apiKey ?? ''], options.texts),
        retryAfterMs: readRetryAfter(response.headers, options.nowMs ?? Date.now()),
      }),
    }
  }
  const wrongType = faultOfType(response, who)
  if (wrongType) return { fault: wrongType }
  const body = await read(response, options.answerBytesMax, watch)
  if (body.isCut)
    return {
      fault: fault(
        'bad_answer',
        `${who} answered with more than ${options.answerBytesMax} bytes: it was cut off. Check the model and the batch size.`,
      ),
    }
  return parse(body.text, who)
}

function faultOfType(response: Response, who: string): EndpointFault | undefined {
  const type = (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase()
  // Some servers say text/plain, or nothing, and send JSON.
  if (!type || /json$/.test(type) || type === 'text/plain') return undefined
  if (type === 'text/html' || type === 'application/xhtml+xml')
    return fault(
      'bad_answer',
      `${who} answered with a web page: the address leads to a site, a proxy or a login, not to the model.`,
    )
  return fault(
    'bad_answer',
    `${who} answered with ${quotable(type, [], [])} where JSON was expected.`,
  )
}

function parse(text: string, who: string): Posted {
  try {
    return { value: JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text) }
  } catch {
    if (isMarkup(text))
      return { fault: fault('bad_answer', `${who} answered with a web page: check its address.`) }
    // Python writes NaN where JSON has no word for it: one text's vector spoils the answer of all.
    if (/[[,:]\s*-?(NaN|Infinity|nan|inf)\b/.test(text))
      return {
        fault: fault('bad_answer', `${who} answered with numbers that are not finite.`, true),
      }
    return {
      fault: fault(
        'bad_answer',
        `${who} answered with something that is not JSON, or only with half of it.`,
      ),
    }
  }
}

/** Takes the body piece by piece, up to the limit; what is over is not waited for. */
async function read(
  response: Response,
  bytesMax: number,
  watch: Watch,
): Promise<{ text: string; isCut: boolean }> {
  if (Number(response.headers.get('content-length')) > bytesMax && response.ok)
    return { text: '', isCut: true }
  const pieces: Uint8Array[] = []
  let bytes = 0
  const reader = response.body?.getReader()
  while (reader) {
    const { done, value } = await reader.read()
    if (done) break
    watch.touch()
    bytes += value.byteLength
    if (bytes > bytesMax) return { text: Buffer.concat(pieces).toString(), isCut: true }
    pieces.push(value)
  }
  watch.finish()
  return { text: Buffer.concat(pieces).toString(), isCut: false }
}

/** The codes of a connection that never came to be: the text cannot be the reason. */
const neverConnected: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'does not listen: start it, or check host and port',
  ENOTFOUND: 'has a host name that nobody knows: check it',
  EAI_AGAIN: 'has a host name that could not be looked up: check the name and the network',
  EHOSTUNREACH: 'cannot be reached: check the network',
  ENETUNREACH: 'cannot be reached: check the network',
  UND_ERR_CONNECT_TIMEOUT: 'does not take the connection: check host, port and firewall',
  ETIMEDOUT: 'does not take the connection: check host, port and firewall',
}

function faultOfTransport(error: unknown, who: string): EndpointFault {
  const code = codeOf(error)
  const reason = neverConnected[code]
  if (reason) return unavailable(`${who} ${reason}.`)
  if (/CERT|SSL|TLS|SIGNED|ALTNAME/.test(code))
    return unavailable(`${who} has a certificate that is not trusted (${code}).`)
  // A server that dies over one text looks like this too.
  return unavailable(`${who} closed the connection before its answer was whole (${code}).`, true)
}

function codeOf(error: unknown): string {
  const cause = (error as { cause?: unknown } | undefined)?.cause
  // Several addresses of one name fail together as an AggregateError.
  const first = (cause as { errors?: readonly unknown[] } | undefined)?.errors?.[0] ?? cause
  const code = (first as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : 'connection lost'
}

/** The clocks of one request, and the one controller that ends it. */
class Watch {
  readonly #options: PostOptions
  readonly #controller = new AbortController()
  readonly #total: NodeJS.Timeout
  #idle: NodeJS.Timeout | undefined
  #ended: 'timeout' | 'idle' | undefined
  #isFinished = false
  readonly #onAbort = (): void => this.#controller.abort()

  constructor(options: PostOptions) {
    this.#options = options
    this.#total = setTimeout(() => this.#end('timeout'), options.timeoutMs)
    options.signal?.addEventListener('abort', this.#onAbort)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  begin(): void {
    this.#idle = setTimeout(() => this.#end('idle'), this.#options.idleMs)
  }

  touch(): void {
    this.#idle?.refresh()
  }

  finish(): void {
    this.#isFinished = true
  }

  fault(who: string): EndpointFault | undefined {
    if (this.#ended === 'timeout')
      return fault(
        'timeout',
        `${who} did not answer within ${this.#options.timeoutMs} ms: it hangs, or it is too slow for that much text.`,
        true,
      )
    if (this.#ended === 'idle')
      return fault(
        'timeout',
        `${who} began to answer and then fell silent for ${this.#options.idleMs} ms.`,
        true,
      )
    return undefined
  }

  /** Clears what waits; an answer that was not read to its end takes its connection with it. */
  stop(): void {
    clearTimeout(this.#total)
    clearTimeout(this.#idle)
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    if (!this.#isFinished) this.#controller.abort()
  }

  #end(why: 'timeout' | 'idle'): void {
    this.#ended = why
    this.#controller.abort()
  }
}
