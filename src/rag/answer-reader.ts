/** Reads an answer while it is written: which sentence cites what, and whether the cited page says it. */
import {
  type CitationLabel,
  type CitedPage,
  citedPage,
  verifyClaim,
  verifyQuote,
} from './citations.ts'
import { type AnswerPiece, MarkerParser } from './markers.ts'
import type { Source } from './retriever.ts'
import type { SentenceCutter } from './sentence-cutter.ts'

/** A citation as the API shows it. Places are in UTF-16 units. */
export interface CitationView {
  /** The source's number; null where the answer names none. */
  readonly n: number | null
  readonly kind: 'quote' | 'claim'
  readonly label: CitationLabel
  /** What was looked up, and where it stands in the answer. */
  readonly text: string
  readonly answer_start: number
  readonly answer_end: number
  readonly document_id: string | null
  readonly page: number | null
  readonly page_label: string | null
  /** In the page's text, for highlighting; null where it does not stand there. */
  readonly start: number | null
  readonly end: number | null
}

export type ReadPiece = { readonly delta: string } | { readonly citation: CitationView }

const quotations = /“([^“”]+)”|"([^"]+)"|«([^«»]+)»|„([^„“”]+)[“”]|「([^「」]+)」|『([^『』]+)』/gu
/** A marker speaks for the sentences right before it, not for a page of them. */
const sentencesPerMarker = 6
const unitsMin = 12
const wordsMin = 3
const order: readonly CitationLabel[] = ['verified', 'close', 'not_found']

export class AnswerReader {
  readonly #sources: readonly Source[]
  readonly #cutter: SentenceCutter
  readonly #parser: MarkerParser
  readonly #pages = new Map<string, CitedPage>()
  #answer = ''
  /** What no marker stands behind yet. */
  #openFrom = 0
  /** What the last markers stand behind: another one may follow. */
  #cited = { from: 0, to: 0 }

  constructor(sources: readonly Source[], cutter: SentenceCutter) {
    this.#sources = sources
    this.#cutter = cutter
    this.#parser = new MarkerParser(sources.length)
  }

  get answer(): string {
    return this.#answer
  }

  push(text: string): ReadPiece[] {
    return this.#parser.push(text).flatMap((piece) => this.#read(piece))
  }

  /** At the end of the answer: what was held back, and the sentences that no source stands behind. */
  end(): ReadPiece[] {
    const pieces = this.#parser.end().flatMap((piece) => this.#read(piece))
    return [...pieces, ...this.#unsupported(this.#answer.length)]
  }

  #read(piece: AnswerPiece): ReadPiece[] {
    const from = this.#answer.length
    this.#answer += piece.text
    const delta = { delta: piece.text }
    if (piece.kind === 'text') {
      const seam = Math.max(this.#openFrom, from - 1)
      const at = seam + this.#answer.slice(seam).lastIndexOf('\n\n')
      // A paragraph that ended without a marker has none.
      return at >= seam ? [delta, ...this.#unsupported(at)] : [delta]
    }
    const open = { from: this.#openFrom, to: from }
    const isNew = /[\p{L}\p{N}]/u.test(this.#answer.slice(open.from, open.to))
    if (isNew) this.#cited = open
    this.#openFrom = this.#answer.length
    const source = piece.kind === 'marker' ? this.#sources[piece.source - 1] : undefined
    const { from: start, to } = this.#cited
    return [delta, ...this.#check(start, to, piece.source, source)]
  }

  #unsupported(to: number): ReadPiece[] {
    const from = this.#openFrom
    this.#openFrom = Math.max(from, to)
    return this.#check(from, to, null, undefined)
  }

  /** Each sentence of a stretch: what it quotes, or itself. */
  #check(from: number, to: number, n: number | null, source: Source | undefined): ReadPiece[] {
    const stretch = this.#answer.slice(from, to)
    const sentences = this.#cutter.cut(stretch, 'und')
    const own = sentences.length - sentencesPerMarker
    return sentences.flatMap(({ start, end }, index) => {
      const isBehind = index < own
      const sentence = stretch.slice(start, end)
      const quotes = [...sentence.matchAll(quotations)].flatMap((found) => {
        const text = found.slice(1).find((group) => group !== undefined) ?? ''
        const at = from + start + found.index + 1
        return saysSomething(text) ? [{ kind: 'quote' as const, text, at }] : []
      })
      const claim = { kind: 'claim' as const, text: sentence, at: from + start }
      const isClaim = saysSomething(sentence) && !/[:?：？]\s*$/u.test(sentence)
      const things = quotes.length > 0 ? quotes : isClaim ? [claim] : []
      return things.map((thing) => {
        const citation = isBehind
          ? this.#lookUp(thing, null, undefined)
          : this.#lookUp(thing, n, source)
        return { citation }
      })
    })
  }

  #lookUp(
    thing: { kind: 'quote' | 'claim'; text: string; at: number },
    n: number | null,
    source: Source | undefined,
  ): CitationView {
    const { kind, text, at } = thing
    const view = { n, kind, text, answer_start: at, answer_end: at + text.length }
    const verify = kind === 'quote' ? verifyQuote : verifyClaim
    const [best] = (source?.pages ?? [])
      .map((page) => ({ page, verdict: verify(text, this.#pageOf(source, page)) }))
      .sort((a, b) => order.indexOf(a.verdict.label) - order.indexOf(b.verdict.label))
    const place = best && best.verdict.start !== null ? best : undefined
    const offset = place?.page.from ?? 0
    return {
      ...view,
      label: best?.verdict.label ?? 'not_found',
      document_id: source?.document_id ?? null,
      page: place?.page.page ?? source?.page ?? null,
      page_label: place ? place.page.label : (source?.page_label ?? null),
      start: place?.verdict.start != null ? place.verdict.start + offset : null,
      end: place?.verdict.end != null ? place.verdict.end + offset : null,
    }
  }

  #pageOf(source: Source | undefined, page: Source['pages'][number]): CitedPage {
    const key = `${source?.document_id} ${page.page} ${page.from}`
    const found = this.#pages.get(key) ?? citedPage(page.text)
    this.#pages.set(key, found)
    return found
  }
}

/** A word in quotation marks is irony, a heading is no claim. */
function saysSomething(text: string): boolean {
  const words = text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  const isUnspaced = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}]/u.test(text)
  return (
    (words.length >= wordsMin && text.length >= unitsMin) ||
    (isUnspaced && text.length >= unitsMin / 2)
  )
}
