/** One question being answered: its events, kept so that a client who was cut off can go on where it was. */

import type { Problem, ProblemData } from '../base/problem.ts'
import type { CitationView } from './answer-reader.ts'
import type { ChatUsage } from './chat-event.ts'

/** A source as the API shows it. */
export interface PassageView {
  readonly n: number
  readonly passage_id: string
  readonly document_id: string
  readonly title: string
  readonly page: number
  readonly page_label: string | null
  readonly section: readonly string[]
  readonly text: string
  /** HTML-escaped, with `<mark>`. */
  readonly snippet: string
}

export interface Done {
  readonly conversation_id: string
  readonly message_id: string
  /** `extractive`: quotes chosen without a model; `none`: nothing was found. */
  readonly mode: 'model' | 'extractive' | 'none'
  readonly model: string | null
  readonly usage: ChatUsage | null
  /** A sentence about the answer: no model, a model that failed, an answer cut at its length. */
  readonly notice: string | null
  readonly took_ms: number
}

export type ChatEvent =
  | {
      readonly event: 'passages'
      readonly data: {
        readonly conversation_id: string
        readonly message_id: string
        readonly passages: readonly PassageView[]
      }
    }
  | { readonly event: 'delta'; readonly data: { readonly text: string } }
  | { readonly event: 'citation'; readonly data: CitationView }
  | { readonly event: 'done'; readonly data: Done }
  | { readonly event: 'error'; readonly data: ProblemData }

export class ChatRun {
  readonly id: string
  readonly #controller = new AbortController()
  readonly #events: ChatEvent[] = []
  readonly #leaveMs: number
  #readers = 0
  #leaving: NodeJS.Timeout | undefined
  #isEnded = false
  #characters = 0
  #changed = Promise.withResolvers<void>()

  /** @param leaveMs how long an answer goes on that nobody reads */
  constructor(id: string, leaveMs: number) {
    this.id = id
    this.#leaveMs = leaveMs
    this.#wait()
  }

  /** Aborts when nobody wants the answer any more. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** About what it holds in memory, in UTF-16 units. */
  get size(): number {
    return this.#characters + 1
  }

  add(event: ChatEvent): void {
    this.#events.push(event)
    this.#characters += 64 + unitsOf(event.data)
    this.#wake()
  }

  end(): void {
    this.#isEnded = true
    clearTimeout(this.#leaving)
    this.#wake()
  }

  abort(reason: Problem): void {
    this.#controller.abort(reason)
  }

  /**
   * The events from a place on, as they come; ends with the run or the signal.
   * @param after how many events the reader has
   */
  async *read(
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<{ at: number; event: ChatEvent }, void, undefined> {
    const left = Promise.withResolvers<void>()
    const onAbort = (): void => left.resolve()
    signal.addEventListener('abort', onAbort)
    this.#enter()
    try {
      for (let at = after; !signal.aborted; ) {
        const event = this.#events[at]
        if (event) yield { at: ++at, event }
        else if (this.#isEnded) return
        else await Promise.race([this.#changed.promise, left.promise])
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#leave()
    }
  }

  #enter(): void {
    this.#readers++
    clearTimeout(this.#leaving)
    this.#leaving = undefined
  }

  #leave(): void {
    this.#readers--
    if (this.#readers === 0 && !this.#isEnded) this.#wait()
  }

  #wait(): void {
    this.#leaving = setTimeout(() => this.#controller.abort(), this.#leaveMs)
    this.#leaving.unref()
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

/** About as long as its JSON, which is not made for that: an answer's passages are long. */
function unitsOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 8
  let units = 2
  for (const [name, one] of Object.entries(value)) units += name.length + 4 + unitsOf(one)
  return units
}
