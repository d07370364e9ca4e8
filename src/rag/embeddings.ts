/** The client of an OpenAI-compatible embeddings endpoint: texts in, unit vectors or reasons out, and which space they are in. */
import { BatchSize, batchesOf } from './batches.ts'
import { Breaker, type BreakerLimits } from './breaker.ts'
import { type Clock, systemClock } from './clock.ts'
import { type EmbeddedText, embedBatch } from './embed-batch.ts'
import { type EmbeddingAnswer, readEmbeddingAnswer } from './embedding-answer.ts'
import { EmbeddingLane, type LaneLimits } from './embedding-lane.ts'
import { type EndpointFault, fault } from './endpoint-fault.ts'
import { endpointUrl, whoIs } from './endpoint-url.ts'
import { probeText } from './fingerprint.ts'
import { postJson } from './http-json.ts'
import { type Prefixes, prefixesOf } from './model-prefixes.ts'
import { type Measured, type Space, SpaceMeter } from './space-meter.ts'

const name = 'embeddings endpoint'

export interface EmbeddingsLimits {
  /** Texts a request; text-embeddings-inference takes 32 unless told otherwise. */
  readonly batchMax: number
  /** UTF-16 units a request, so that a request is seconds of work and not minutes. */
  readonly batchCharactersMax: number
  /** One request, from connecting to the last byte: a small machine embeds a few texts a second. */
  readonly timeoutMs: number
  readonly idleMs: number
  /** 32 texts of 4096 dimensions are 3 MB of JSON. */
  readonly answerBytesMax: number
  /** A text that is too long is cut in halves, but not below this. */
  readonly charactersMin: number
  /** The space is measured again when the last measurement is older: so long may other weights go unnoticed. */
  readonly spaceMs: number
  /** Another space is believed when it is found for so long. */
  readonly changeMs: number
  readonly breaker: BreakerLimits
  readonly document: LaneLimits
  /** Apart from the documents', so that a question never waits behind a library. */
  readonly query: LaneLimits
}

export const embeddingsLimits: EmbeddingsLimits = {
  batchMax: 32,
  batchCharactersMax: 64_000,
  timeoutMs: 120_000,
  idleMs: 30_000,
  answerBytesMax: 16 * 1024 * 1024,
  charactersMin: 200,
  spaceMs: 30_000,
  changeMs: 60_000,
  breaker: { failuresMax: 5, restMs: 5_000, restMsMax: 60_000 },
  document: {
    concurrencyMax: 4,
    triesMax: 3,
    retryMs: 500,
    retryMsMax: 30_000,
  },
  query: {
    concurrencyMax: 4,
    triesMax: 2,
    retryMs: 50,
    retryMsMax: 500,
  },
}

export interface EmbeddingsOptions {
  /** `http://host:11434`, `…/v1` or `…/v1/embeddings`. */
  readonly url: string
  readonly model: string
  readonly apiKey?: string | undefined
  /** What the model wants to read before a text; by the model's family when not given. */
  readonly prefixes?: Prefixes | undefined
  readonly limits?: Partial<EmbeddingsLimits>
  /** Names of spaces that are stored somewhere: a measurement that means one of them takes its name. */
  readonly known?: readonly string[]
  readonly clock?: Clock
  /** 0 to 1, for jitter. */
  readonly random?: () => number
}

export type TextKind = 'query' | 'document'

export interface Embeddings {
  /**
   * One result a text, in order; batches, retries, bisecting and shortening included.
   * @throws the signal's reason when the caller aborts, or an AbortError after `close`
   */
  embed(
    texts: readonly string[],
    kind: TextKind,
    signal?: AbortSignal,
  ): Promise<readonly EmbeddedText[]>
  /** The space as last measured, without asking; undefined before that, and while it seems to be another. */
  readonly current: Space | undefined
  /** The space, measured now unless that was done a moment ago and nothing failed since. */
  space(): Promise<Measured>
  /** Measures the space now; doubles as the question whether the endpoint is well. */
  probe(): Promise<Measured>
  /** Ends every request. */
  close(): void
}

/** @returns a client; nothing is asked before it is used */
export function createEmbeddings(options: EmbeddingsOptions): Embeddings {
  return new Client(options)
}

class Client implements Embeddings {
  readonly #options: EmbeddingsOptions
  readonly #limits: EmbeddingsLimits
  readonly #prefixes: Prefixes
  readonly #clock: Clock
  readonly #lanes: Record<TextKind, EmbeddingLane>
  readonly #batchSize: BatchSize
  readonly #closing = new AbortController()
  readonly #url: string
  readonly #who: string
  readonly #meter: SpaceMeter

  constructor(options: EmbeddingsOptions) {
    this.#options = options
    this.#limits = { ...embeddingsLimits, ...options.limits }
    this.#prefixes = options.prefixes ?? prefixesOf(options.model)
    this.#clock = options.clock ?? systemClock
    this.#url = endpointUrl(options.url, 'embeddings', '/v1/embeddings')
    this.#who = whoIs({ name, url: this.#url })
    this.#batchSize = new BatchSize(this.#limits.batchMax, this.#clock)
    const random = options.random ?? Math.random
    const breaker = new Breaker(this.#limits.breaker, this.#clock, random)
    const lane = (limits: LaneLimits): EmbeddingLane =>
      new EmbeddingLane({
        limits,
        clock: this.#clock,
        random,
        breaker,
        post: (texts, signal) => this.#post(texts, signal),
      })
    const { model, known = [] } = options
    const { spaceMs, changeMs } = this.#limits
    this.#meter = new SpaceMeter({
      who: this.#who,
      model,
      prefixes: this.#prefixes,
      known,
      spaceMs,
      changeMs,
      clock: this.#clock,
      embedProbe: () => this.#embedProbe(),
    })
    this.#lanes = { query: lane(this.#limits.query), document: lane(this.#limits.document) }
  }

  get current(): Space | undefined {
    return this.#meter.current
  }

  async embed(
    texts: readonly string[],
    kind: TextKind,
    caller?: AbortSignal,
  ): Promise<readonly EmbeddedText[]> {
    const signal = this.#signal(caller)
    const batches = batchesOf(texts, this.#batchSize.now, this.#limits.batchCharactersMax)
    const settled = await Promise.allSettled(
      batches.map((batch) => this.#embedBatch(batch, kind, signal)),
    )
    return settled.flatMap((result) => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
  }

  space(): Promise<Measured> {
    return this.#meter.fresh()
  }

  probe(): Promise<Measured> {
    return this.#meter.measure()
  }

  close(): void {
    this.#closing.abort()
  }

  async #embedBatch(
    texts: readonly string[],
    kind: TextKind,
    signal: AbortSignal,
  ): Promise<EmbeddedText[]> {
    const prefix = this.#prefixes[kind]
    return await embedBatch(texts, {
      ask: (part, isFirst) =>
        this.#lanes[kind].ask(
          // A lone surrogate is an escape that strict JSON parsers refuse, and the whole batch with it.
          part.map((text) => prefix + text.toWellFormed()),
          isFirst,
          signal,
        ),
      isHealthy: async () => !('fault' in (await this.probe())),
      onTooMany: (count) => this.#batchSize.tooMany(count),
      charactersMin: this.#limits.charactersMin,
    })
  }

  /** By the questions' lane: a search may be waiting for it. */
  async #embedProbe(): Promise<Float32Array | { readonly fault: EndpointFault }> {
    const text = this.#prefixes.document + probeText
    const answer = await this.#lanes.query.ask([text], true, this.#closing.signal)
    if ('fault' in answer) return answer
    const none = fault('bad_answer', `${this.#who} answered no vector.`)
    return answer.vectors[0] ?? { fault: answer.badVector ?? none }
  }

  async #post(texts: readonly string[], signal: AbortSignal): Promise<EmbeddingAnswer> {
    const { model, apiKey } = this.#options
    const isProbe = texts.length === 1 && texts[0]?.endsWith(probeText)
    const posted = await postJson({
      name,
      url: this.#url,
      apiKey,
      // Ollama ignores base64 and answers numbers, gateways in front of it disagree about that: always numbers.
      body: { model, input: texts, encoding_format: 'float' },
      timeoutMs: this.#limits.timeoutMs,
      idleMs: this.#limits.idleMs,
      answerBytesMax: this.#limits.answerBytesMax,
      texts,
      signal,
    })
    const answer =
      'fault' in posted
        ? posted
        : readEmbeddingAnswer(posted.value, {
            who: this.#who,
            count: texts.length,
            dimensions: isProbe ? undefined : this.#meter.dimensions,
          })
    if ('fault' in answer && !isStillThere(answer.fault)) this.#meter.forget()
    return answer
  }

  #signal(caller: AbortSignal | undefined): AbortSignal {
    return caller ? AbortSignal.any([caller, this.#closing.signal]) : this.#closing.signal
  }
}

function isStillThere({ kind }: EndpointFault): boolean {
  return kind === 'too_long' || kind === 'rate_limited'
}
