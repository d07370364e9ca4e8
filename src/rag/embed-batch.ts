/** Takes one batch apart until each text has a vector or a reason: bisects, shortens, tells a bad text from a sick endpoint. */
import type { EmbeddingAnswer } from './embedding-answer.ts'
import { type EndpointFault, fault } from './endpoint-fault.ts'

export interface EmbeddedVector {
  /** Of length 1. */
  readonly vector: Float32Array
  /** The text was longer than the model takes: this is the vector of its beginning. */
  readonly isTruncated: boolean
}

export interface NotEmbedded {
  readonly vector?: undefined
  readonly fault: EndpointFault
  /** The endpoint is well and does not take this text; otherwise the endpoint is to blame, and asking later helps. */
  readonly isRefused: boolean
}

export type EmbeddedText = EmbeddedVector | NotEmbedded

export interface BatchPort {
  /** One request. `isFirst`: worth trying again; a part of a batch that failed is asked once. */
  ask(texts: readonly string[], isFirst: boolean): Promise<EmbeddingAnswer>
  /** Whether a short text that always worked works now. */
  isHealthy(): Promise<boolean>
  /** Told when so many texts at once were too many, though each of them was fine. */
  onTooMany(count: number): void
  /** A text is never cut below this. */
  readonly charactersMin: number
}

/** @returns one result a text, in order. Never throws for what the endpoint does. */
export async function embedBatch(
  texts: readonly string[],
  port: BatchPort,
): Promise<EmbeddedText[]> {
  return await new Dissection(port).start(texts)
}

/** One batch being taken apart; the endpoint's health is asked at most once. */
class Dissection {
  readonly #port: BatchPort
  #health: Promise<boolean> | undefined

  constructor(port: BatchPort) {
    this.#port = port
  }

  async start(texts: readonly string[]): Promise<EmbeddedText[]> {
    return await this.#settle(texts, await this.#port.ask(texts, true))
  }

  async #again(texts: readonly string[]): Promise<EmbeddedText[]> {
    return await this.#settle(texts, await this.#port.ask(texts, false))
  }

  async #settle(texts: readonly string[], answer: EmbeddingAnswer): Promise<EmbeddedText[]> {
    if ('vectors' in answer) return await this.#sift(texts, answer.vectors, answer.badVector)
    const { fault: reason } = answer
    if (!reason.mayBeInput || !(await this.#isHealthy())) return all(texts, reason, false)
    if (texts.length > 1) return await this.#divide(texts)
    return reason.kind === 'too_long' ? [await this.#shorten(texts)] : all(texts, reason, true)
  }

  /** Keeps the good vectors and asks again for the rest. */
  async #sift(
    texts: readonly string[],
    vectors: readonly (Float32Array | undefined)[],
    badVector: EndpointFault | undefined,
  ): Promise<EmbeddedText[]> {
    const results = vectors.map((vector) => (vector ? embedded(vector, false) : undefined))
    const spoilt = texts.filter((_, at) => !vectors[at])
    if (spoilt.length === 0 || !badVector) return results.filter((result) => result !== undefined)
    const rest = await this.#resolveSpoilt(spoilt, texts.length, badVector)
    return results.map((result) => result ?? (rest.shift() as EmbeddedText))
  }

  async #resolveSpoilt(
    spoilt: readonly string[],
    of: number,
    badVector: EndpointFault,
  ): Promise<EmbeddedText[]> {
    if (!(await this.#isHealthy())) return all(spoilt, badVector, false)
    if (of === 1) return all(spoilt, badVector, true)
    return spoilt.length < of ? await this.#again(spoilt) : await this.#divide(spoilt)
  }

  async #divide(texts: readonly string[]): Promise<EmbeddedText[]> {
    const middle = Math.ceil(texts.length / 2)
    const left = await this.#again(texts.slice(0, middle))
    const right = await this.#again(texts.slice(middle))
    const results = [...left, ...right]
    if (results.every((result) => result.vector && !result.isTruncated))
      this.#port.onTooMany(texts.length)
    return results
  }

  /** Halves one text until it fits: its beginning says best what it is about. */
  async #shorten(texts: readonly string[]): Promise<EmbeddedText> {
    let text = texts[0] ?? ''
    let refusal = fault(
      'too_long',
      'The text stays too long for the model however it is cut.',
      true,
    )
    while (text.length > this.#port.charactersMin) {
      const characters = Math.max(this.#port.charactersMin, Math.floor(text.length / 2))
      // A cut between the halves of a surrogate pair would send half a character.
      text = text
        .slice(0, characters)
        .toWellFormed()
        .replace(/\ufffd$/, '')
      const answer = await this.#port.ask([text], false)
      if ('vectors' in answer) {
        const [vector] = answer.vectors
        if (vector) return embedded(vector, true)
        refusal = answer.badVector ?? refusal
        break
      }
      refusal = answer.fault
      if (refusal.kind !== 'too_long') break
    }
    return { fault: refusal, isRefused: refusal.mayBeInput }
  }

  #isHealthy(): Promise<boolean> {
    this.#health ??= this.#port.isHealthy()
    return this.#health
  }
}

function embedded(vector: Float32Array, isTruncated: boolean): EmbeddedVector {
  return { vector, isTruncated }
}

function all(texts: readonly string[], reason: EndpointFault, isRefused: boolean): NotEmbedded[] {
  return texts.map(() => ({ fault: reason, isRefused }))
}
