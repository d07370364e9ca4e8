/** Looks up in a page what an answer says it took from there: word for word, nearly, or not at all. */
import { bestAlignment, type Words, wordsOf } from './alignment.ts'
import { coveredBy } from './coverage.ts'
import { type NormalText, normalText } from './normal-text.ts'
import { findWhole } from './whole-words.ts'

/** `verified`: the words stand there; `close`: most of them do, no number differs; `not_found`: they do not. */
export type CitationLabel = 'verified' | 'close' | 'not_found'

export interface Verdict {
  readonly label: CitationLabel
  /** Where in the page, in UTF-16 units: of the place that is meant, also where a number there is another; null without one. */
  readonly start: number | null
  readonly end: number | null
}

/** A page that many things are looked up in: levelled and cut into words once. */
export interface CitedPage {
  readonly text: string
  readonly normal: NormalText
  readonly words: Words
}

/** A quotation may differ by so much of its words and still mean that place. */
const quoteSimilarityMin = 0.75
/** With fewer words than these nothing is close: it stands there or it does not. */
const closeWordsMin = 4
/** Quotations longer than this are looked up by their beginning. In UTF-16 units. */
const quoteUnitsMax = 4_000
const notFound: Verdict = { label: 'not_found', start: null, end: null }
const elision = /\s*(?:\[\s*(?:\.{3}|…)\s*\]|\(\s*(?:\.{3}|…)\s*\)|\.{3,}|…)\s*/u
/** Sentence marks and quotation marks around a quotation are the writer's. */
const edges = /^[\s'",;:.!?…()[\]。，、；：！？]+|[\s'",;:.!?…()[\]。，、；：！？]+$/gu
const wordUnit = /[\p{L}\p{M}\p{N}]/u

export function citedPage(text: string): CitedPage {
  const normal = normalText(text)
  return { text, normal, words: wordsOf(normal.text) }
}

/** Looks up words that are said to stand in the page as they are. */
export function verifyQuote(quoted: string, page: CitedPage): Verdict {
  const quote = quoted.slice(0, quoteUnitsMax)
  const exact = quote.trim()
  if (!wordUnit.test(exact)) return notFound
  const at = findWhole(page.text, exact)
  if (at >= 0) return { label: 'verified', start: at, end: at + exact.length }
  const normal = trimmed(normalText(quote).text)
  const found = lookUp(normal, page)
  if (found) return { label: 'verified', ...found }
  return elided(quote, page) ?? aligned(wordsOf(normal), page)
}

/** Looks up a sentence in the answer's own words: at best it is `close`, unless it is the page's own. */
export function verifyClaim(claim: string, page: CitedPage): Verdict {
  const verdict = verifyQuote(claim, page)
  if (verdict.label !== 'not_found' || verdict.start !== null) return verdict
  const words = wordsOf(normalText(claim.slice(0, quoteUnitsMax)).text)
  const place = coveredBy(words, page.words)
  if (!place) return notFound
  return { label: 'close', ...placeOf(page, place.from, place.to) }
}

/** Left-out words can turn a sentence round: all its parts in their order are close, never verified. */
function elided(quote: string, page: CitedPage): Verdict | undefined {
  const parts = quote
    .split(elision)
    .map((part) => trimmed(normalText(part).text))
    .filter((part) => wordUnit.test(part))
  if (parts.length < 2) return undefined
  let from = 0
  let start: number | undefined
  for (const part of parts) {
    const at = findWhole(page.normal.text, part, from)
    if (at < 0) return undefined
    start ??= at
    from = at + part.length
  }
  return { label: 'close', ...unitsOf(page, start ?? 0, from) }
}

function aligned(quote: Words, page: CitedPage): Verdict {
  if (quote.texts.length < closeWordsMin) return notFound
  const best = bestAlignment(quote, page.words)
  if (!best || best.similarity < quoteSimilarityMin) return notFound
  const place = placeOf(page, best.from, best.to)
  return { label: best.numbersDiffer ? 'not_found' : 'close', ...place }
}

function lookUp(normal: string, page: CitedPage): { start: number; end: number } | undefined {
  if (!wordUnit.test(normal)) return undefined
  const at = findWhole(page.normal.text, normal)
  return at < 0 ? undefined : unitsOf(page, at, at + normal.length)
}

function trimmed(normal: string): string {
  return normal.replace(edges, '')
}

function placeOf(page: CitedPage, from: number, to: number): { start: number; end: number } {
  return unitsOf(page, page.words.starts[from] ?? 0, page.words.ends[to - 1] ?? 0)
}

function unitsOf({ normal }: CitedPage, from: number, to: number): { start: number; end: number } {
  return { start: normal.starts[from] ?? 0, end: normal.ends[to - 1] ?? 0 }
}
