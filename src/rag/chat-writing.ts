/** What is written of an answer: events for whoever reads, and what is kept of it. */
import type { CitationView, ReadPiece } from './answer-reader.ts'
import type { ChatRun, Done, PassageView } from './chat-run.ts'
import type { QuotedSentence } from './extract-answer.ts'
import type { Source } from './retriever.ts'

export interface Written extends Pick<Done, 'mode' | 'usage' | 'notice'> {
  readonly answer: string
  readonly citations: readonly CitationView[]
}

/** Turns what is read of an answer into events, and keeps the citations. */
export class Writing {
  readonly #run: ChatRun
  readonly #citations: CitationView[] = []

  constructor(run: ChatRun) {
    this.#run = run
  }

  /** Text that comes at once is one event. */
  add(pieces: readonly ReadPiece[]): void {
    let text = ''
    for (const piece of pieces) {
      if ('delta' in piece) {
        text += piece.delta
        continue
      }
      // What a citation stands behind comes before it.
      this.#say(text)
      text = ''
      this.#citations.push(piece.citation)
      this.#run.add({ event: 'citation', data: piece.citation })
    }
    this.#say(text)
  }

  result(answer: string): Pick<Written, 'answer' | 'citations'> {
    return { answer, citations: this.#citations }
  }

  #say(text: string): void {
    if (text !== '') this.#run.add({ event: 'delta', data: { text } })
  }
}

const nothingFound = 'Nothing in your library answers this question.'

/** An answer of quotations: a paragraph each, in quotation marks, with the number of its source; a sentence where there are none. */
export function writeQuotes(
  run: ChatRun,
  quotes: readonly QuotedSentence[],
  notice: string | null,
): Written {
  const writing = new Writing(run)
  if (quotes.length === 0) {
    writing.add([{ delta: nothingFound }])
    return { ...writing.result(nothingFound), mode: 'none', usage: null, notice: null }
  }
  let answer = ''
  for (const quote of quotes) {
    const line = `${answer === '' ? '' : '\n\n'}“${oneLine(quote.text)}” [${quote.source.n}]`
    const at = answer.length + line.indexOf('“') + 1
    answer += line
    writing.add([{ delta: line }, { citation: citationOf(quote, at) }])
  }
  return { ...writing.result(answer), mode: 'extractive', usage: null, notice }
}

/** @param at where the quotation's words begin in the answer */
function citationOf(quote: QuotedSentence, at: number): CitationView {
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
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
