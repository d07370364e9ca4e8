/** The client of an OpenAI-compatible `/v1/chat/completions`: an answer piece by piece, or the fault with a sentence that helps. */
import type { IncomingMessage } from 'node:http'
import { Breaker, type BreakerLimits } from './breaker.ts'
import { eventsOf, readAll, TooLarge } from './chat-body.ts'
import { type ChatUsage, readEvent } from './chat-event.ts'
import { type ChatTimes, ChatTransport } from './chat-transport.ts'
import { type Clock, systemClock } from './clock.ts'
import {
  type EndpointFault,
  fault,
  faultOfStatus,
  readRetryAfter,
  unavailable,
} from './endpoint-fault.ts'
import { type Endpoint, endpointUrl, faultOfSettings, whoIs } from './endpoint-url.ts'
import { errorMessageOf, isMarkup, quotable } from './error-message.ts'

export interface ChatLimits extends ChatTimes {
  /** Everything that the endpoint sends for one answer. */
  readonly bytesMax: number
  /** Text of one answer, in UTF-16 units, for those that do not heed `answerTokensMax`. */
  readonly answerUnitsMax: number
  /** Tokens that an answer may have. */
  readonly answerTokensMax: number
  /** Answers at once; one more is told that the model is busy. */
  readonly concurrencyMax: number
  readonly breaker: BreakerLimits
}

export const chatLimits: ChatLimits = {
  connectMs: 5_000,
  // A model on a laptop is loaded from disk and reads four thousand tokens.
  firstMs: 120_000,
  idleMs: 60_000,
  totalMs: 600_000,
  bytesMax: 8 * 2 ** 20,
  answerUnitsMax: 64_000,
  answerTokensMax: 2_048,
  concurrencyMax: 64,
  breaker: { failuresMax: 3, restMs: 5_000, restMsMax: 60_000 },
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** How an answer ended. */
export type ChatEnd =
  | { readonly usage: ChatUsage | null; readonly isCut: boolean }
  | { readonly fault: EndpointFault }

export interface ChatModelOptions {
  /** `http://host:11434`, `…/v1` or `…/chat/completions`. */
  readonly url: string
  readonly model: string
  readonly apiKey?: string | undefined
  readonly limits?: Partial<ChatLimits>
  readonly clock?: Clock
  readonly random?: () => number
}

const errorBytesMax = 16 * 1024

export class ChatModel {
  readonly name: string
  readonly #options: ChatModelOptions
  readonly #endpoint: Endpoint
  readonly #limits: ChatLimits
  readonly #breaker: Breaker
  #running = 0
  /** What was wrong at the last try, for whoever looks whether the server is ready. */
  #lastFault: EndpointFault | undefined

  constructor(options: ChatModelOptions) {
    this.name = options.model
    this.#options = options
    this.#limits = { ...chatLimits, ...options.limits }
    const url = endpointUrl(options.url, 'chat/completions', '/v1/chat/completions')
    this.#endpoint = { name: 'chat endpoint', url, apiKey: options.apiKey }
    const clock = options.clock ?? systemClock
    this.#breaker = new Breaker(this.#limits.breaker, clock, options.random ?? Math.random)
  }

  /** The same endpoint by another key. What is wrong with that says nothing about this one, nor the other way round. */
  with(other: Pick<ChatModelOptions, 'apiKey' | 'model'>): ChatModel {
    return new ChatModel({ ...this.#options, ...other })
  }

  /** `ok`, or what was wrong at the last try. */
  get state(): string {
    return this.#lastFault?.sentence ?? 'ok'
  }

  get running(): number {
    return this.#running
  }

  /**
   * Asks once. Yields the answer's text as it comes; returns how it ended.
   * @param tokensMax that this answer may have
   * @throws the signal's reason when the caller aborted
   */
  async *stream(
    messages: readonly ChatMessage[],
    signal?: AbortSignal,
    tokensMax = this.#limits.answerTokensMax,
  ): AsyncGenerator<string, ChatEnd, undefined> {
    signal?.throwIfAborted()
    const wrong = faultOfSettings(this.#endpoint)
    if (wrong) return this.#ended({ fault: wrong })
    if (this.#running >= this.#limits.concurrencyMax)
      return {
        fault: unavailable(
          'The chat model has more to answer than it can: try again in a moment.',
          false,
          1_000,
        ),
      }
    const entry = this.#breaker.enter()
    if (entry.waitMs > 0)
      return {
        fault: unavailable(`${this.state} It is left alone for a moment.`, false, entry.waitMs),
      }
    let outcome: 'success' | 'failure' | 'unknown' = 'unknown'
    this.#running++
    try {
      const end = yield* this.#exchange(messages, signal, tokensMax)
      outcome = 'fault' in end && isOfEndpoint(end.fault) ? 'failure' : 'success'
      return this.#ended(end)
    } finally {
      this.#running--
      this.#breaker.leave(entry, outcome)
    }
  }

  #ended(end: ChatEnd): ChatEnd {
    this.#lastFault = 'fault' in end ? end.fault : undefined
    return end
  }

  async *#exchange(
    messages: readonly ChatMessage[],
    signal: AbortSignal | undefined,
    max_tokens: number,
  ): AsyncGenerator<string, ChatEnd, undefined> {
    using transport = new ChatTransport(this.#endpoint, this.#limits, signal)
    const body = JSON.stringify({
      model: this.name,
      messages,
      stream: true,
      stream_options: { include_usage: true },
      max_tokens,
    })
    try {
      const response = await transport.open(body)
      const texts = messages.map(({ content }) => content)
      const refused = await this.#refusal(response, transport, texts)
      if (refused) return { fault: refused }
      if (!/event-stream/i.test(response.headers['content-type'] ?? ''))
        return yield* this.#whole(response, transport, texts)
      return yield* this.#events(response, transport, texts)
    } catch (error) {
      if (error instanceof TooLarge)
        return this.#bad('sent more than an answer may have: it was cut off')
      return { fault: transport.faultOf(error) }
    }
  }

  async #refusal(
    response: IncomingMessage,
    transport: ChatTransport,
    texts: readonly string[],
  ): Promise<EndpointFault | undefined> {
    const who = whoIs(this.#endpoint)
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return undefined
    if (status >= 300 && status < 400)
      return fault(
        'refused',
        `${who} redirects elsewhere (${status}): set the address that it points to.`,
      )
    const text = await readAll(response, transport, errorBytesMax)
    const message = errorMessageOf(text)
    if (status === 404 && /model/i.test(message)) return this.#missing()
    const headers = new Headers({ 'retry-after': response.headers['retry-after'] ?? '' })
    return faultOfStatus({
      who,
      status,
      message,
      quotable: this.#quotable(message, texts),
      retryAfterMs: readRetryAfter(headers, Date.now()),
    })
  }

  #missing(): EndpointFault {
    return fault(
      'refused',
      `${whoIs(this.#endpoint)} has no model “${this.name}”: run \`ollama pull ${this.name}\`, or set CHAT_MODEL to one that it has.`,
    )
  }

  #quotable(message: string, texts: readonly string[]): string {
    return quotable(message, [this.#endpoint.apiKey ?? ''], texts)
  }

  /** A server that does not stream answers in one piece. */
  async *#whole(
    response: IncomingMessage,
    transport: ChatTransport,
    texts: readonly string[],
  ): AsyncGenerator<string, ChatEnd, undefined> {
    const text = await readAll(response, transport, this.#limits.bytesMax)
    if (isMarkup(text))
      return this.#bad(
        'answered with a web page: the address leads to a site, a proxy or a login, not to the model',
      )
    const event = readEvent(text)
    if (!event) return this.#bad('answered with something that is not JSON')
    if (event.error !== undefined) return this.#inside(event.error, texts)
    if (event.text === '') return this.#bad('answered without a message')
    if (event.text.length > this.#limits.answerUnitsMax) throw new TooLarge()
    yield event.text
    return { usage: event.usage, isCut: event.isCut }
  }

  async *#events(
    response: IncomingMessage,
    transport: ChatTransport,
    texts: readonly string[],
  ): AsyncGenerator<string, ChatEnd, undefined> {
    const state: Progress = { usage: null, isCut: false, isDone: false, units: 0 }
    for await (const all of eventsOf(response, transport, this.#limits.bytesMax)) {
      let [text, end]: [string, ChatEnd | undefined] = ['', undefined]
      for (const data of all) {
        const taken = this.#take(data, state, texts)
        if (typeof taken === 'string') text += taken
        else end = taken
        if (end) break
      }
      state.units += text.length
      if (state.units > this.#limits.answerUnitsMax) throw new TooLarge()
      if (text !== '') yield text
      if (end) return end
    }
    if (!state.isDone) return this.#bad('stopped in the middle of its answer')
    return { usage: state.usage, isCut: state.isCut }
  }

  /** @returns the text of an event, or the end of the answer */
  #take(data: string, state: Progress, texts: readonly string[]): string | ChatEnd {
    if (data.trim() === '[DONE]') return { usage: state.usage, isCut: state.isCut }
    const event = readEvent(data)
    if (!event) return this.#bad('sent something that is not JSON')
    if (event.error !== undefined) return this.#inside(event.error, texts)
    state.usage = event.usage ?? state.usage
    state.isDone ||= event.isDone
    state.isCut ||= event.isCut
    return event.text
  }

  #inside(message: string, texts: readonly string[]): ChatEnd {
    if (/model.*not found|no such model/i.test(message)) return { fault: this.#missing() }
    const said = this.#quotable(message, texts)
    return this.#bad(`answered with an error inside${said === '' ? '' : `: ${said}`}`)
  }

  #bad(what: string): ChatEnd {
    return { fault: fault('bad_answer', `${whoIs(this.#endpoint)} ${what}.`) }
  }
}

/** A long question is the question's fault; everything else says something about the endpoint. */
function isOfEndpoint({ kind }: EndpointFault): boolean {
  return kind === 'unavailable' || kind === 'timeout'
}

interface Progress {
  usage: ChatUsage | null
  isCut: boolean
  /** The model said that it is at the end. */
  isDone: boolean
  /** Of text so far. */
  units: number
}
