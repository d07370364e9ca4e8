/** Checks what a reader process says about one document against itself: order, sizes, and that every quote is verbatim. */
import type { ExtractBatch, ExtractSummary, PassageDraft, PassageSpan } from '../ingest/contract.ts'
import { tooManyPages, tooMuchText } from '../ingest/limits.ts'

/** Pages whose text is kept to check passages against: more than the pieces one passage is made of. */
const pagesKeptMax = 256
const charactersKeptMax = 4_000_000

export interface OutputLimits {
  readonly charactersMax: number
  readonly pagesMax: number
}

/** Thrown when a reader says what no extractor of ours would say: it must not be trusted any further. */
export class BrokenReader extends Error {}

/** The running check of one document. */
export class OutputCheck {
  readonly #limits: OutputLimits
  readonly #texts = new Map<number, string>()
  #charactersKept = 0
  #characters = 0
  #pages = 0
  #passages = 0

  constructor(limits: OutputLimits) {
    this.#limits = limits
  }

  /** @throws BrokenReader for contradictions, ExtractError where a limit is exceeded. */
  batch(batch: ExtractBatch): void {
    for (const page of batch.pages) {
      this.#pages++
      if (page.number !== this.#pages) throw new BrokenReader('Pages are out of order.')
      this.#characters += page.text.length
      this.#keep(page.number, page.text)
    }
    if (this.#pages > this.#limits.pagesMax) throw tooManyPages(this.#limits.pagesMax)
    if (this.#characters > this.#limits.charactersMax) throw tooMuchText(this.#limits.charactersMax)
    if (batch.pagesDone !== this.#pages) throw new BrokenReader('Pages are miscounted.')
    for (const passage of batch.passages) this.#check(passage)
    this.#trim()
    this.#passages += batch.passages.length
  }

  summary(summary: ExtractSummary): void {
    if (summary.pages !== this.#pages || summary.passages !== this.#passages)
      throw new BrokenReader('The summary counts something else than was sent.')
  }

  #keep(number: number, text: string): void {
    if (text.length === 0) return
    this.#texts.set(number, text)
    this.#charactersKept += text.length
  }

  /** After a batch, not within it: one of near-empty pages may have more of them than are kept. */
  #trim(): void {
    const newest = [...this.#texts.values()].at(-1)?.length ?? 0
    for (const [oldest, old] of this.#texts) {
      const isFull =
        this.#texts.size > pagesKeptMax || this.#charactersKept > charactersKeptMax + newest
      if (!isFull) break
      this.#texts.delete(oldest)
      this.#charactersKept -= old.length
    }
  }

  #check({ text, spans }: PassageDraft): void {
    let at = 0
    for (const span of spans) {
      const joiner = text.slice(at, span.at)
      if (span.at < at || (joiner !== '' && joiner.trim() !== ''))
        throw new BrokenReader('A passage has text of no page.')
      at = span.at + span.end - span.start
      if (text.slice(span.at, at) !== this.#slice(span))
        throw new BrokenReader('A passage is not verbatim.')
    }
    if (at !== text.length) throw new BrokenReader('A passage has text of no page.')
  }

  #slice({ page, start, end }: PassageSpan): string {
    const text = this.#texts.get(page)
    if (text === undefined || start >= end || end > text.length)
      throw new BrokenReader('A passage quotes what is on no page.')
    return text.slice(start, end)
  }
}
