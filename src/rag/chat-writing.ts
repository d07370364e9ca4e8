/** What is written of an answer: events for whoever reads, and what is kept of it. */
import type { CitationView, ReadPiece } from './answer-reader.ts'
import type { ChatRun, Done, PassageView } from './chat-run.ts'
import type { QuotedSentence } from './extract-answer.ts'
import type { Source } from './retriever.ts'

export interface Written extends Pick<Done, 'mode' | 'usage' | 'notice'> {
  readonly answer: string
  readonly citations: readonly CitationView[]
}

/** Words that come faster than this are sent together: no eye sees the difference, and every event is a write. */
const gatherMs = 40

/** Turns what is read of an answer into events, and keeps the citations. */
export class Writing implements Disposable {
  readonly #run: ChatRun
  readonly #citations: CitationView[] = []
  #gathered = ''
  #sentAtMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(run: ChatRun) {
    this.#run = run
  }

  add(pieces: readonly ReadPiece[]): void {
    for (const piece of pieces) {
      if ('delta' in piece) this.#gathered += piece.delta
      else this.#cite(piece.citation)
    }
    if (this.#gathered === '') return
    const waitMs = this.#sentAtMs + gatherMs - performance.now()
    if (waitMs <= 0) this.#send()
    else this.#timer ??= setTimeout(() => this.#send(), waitMs)
  }

  /** All that was added is sent by then. */
  result(answer: string): Pick<Written, 'answer' | 'citations'> {
    this.#send()
    return { answer, citations: this.#citations }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }

  /** What a citation stands behind comes before it. */
  #cite(citation: CitationView): void {
    this.#send()
    this.#citations.push(citation)
    this.#run.add({ event: 'citation', data: citation })
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#gathered === '') return
    const text = this.#gathered
    this.#gathered = ''
    this.#sentAtMs = performance.now()
    this.#run.add({ event: 'delta', data: { text } })
  }
}

/** @param at where the quotation's words begin in the answer */
export function citationOf(quote: QuotedSentence, at: number): CitationView {
  const text = oneLine(quote.text)
  return {
    n: quote.source.n,
    kind: 'quote',
    label: 'verified',
    text,
    answer_start: at,
    answer_end: at + text.length,
    document_id: quote.source.document_id,
    page: quote.page,
    page_label: quote.page_label,
    start: quote.start,
    end: quote.end,
  }
}

export function passageView(source: Source): PassageView {
  const { n, passage_id, document_id, title, page, page_label, section, text, snippet } = source
  return { n, passage_id, document_id, title, page, page_label, section, text, snippet }
}

/** Line ends of a page mean nothing in an answer. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
