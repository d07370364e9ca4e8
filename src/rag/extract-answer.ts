/** An answer without a model: the sentences of the sources that say most about the question, quoted with their pages. */
import type { Analyser } from '../search/analysis/analyser.ts'
import type { Source } from './retriever.ts'
import type { SentenceCutter } from './sentence-cutter.ts'
import type { Steps } from './turns.ts'

/** A sentence as it stands in its page. */
export interface QuotedSentence {
  readonly source: Source
  readonly page: number
  readonly page_label: string | null
  /** Of the page, in UTF-16 units. */
  readonly start: number
  readonly end: number
  readonly text: string
  readonly score: number
}

const sentencesMax = 4
/** Of the page's sentences, how far one may stay behind the best and still be said. */
const scoreShareMin = 0.45
/** What a sentence takes over from those beside it: an answer often follows the sentence with the question's words. */
const neighbourShare = 0.35
/** Words of the question near each other say more than the same words far apart. */
const proximityWeight = 0.25
/** How much the passage's own rank decides; the first sentences of a passage say what it is about. */
const passageWeight = 0.6
const positionWeight = 0.03
/** A sentence without one number, name or letter of its own is a heading more often than not. In UTF-16 units. */
const unitsMin = 12

interface Candidate {
  readonly source: Source
  readonly page: number
  readonly page_label: string | null
  readonly start: number
  readonly end: number
  readonly text: string
  /** Terms of the question, with the first word that has them. */
  readonly found: ReadonlyMap<string, number>
  readonly words: number
  /** Of its stretch, from 0. */
  readonly position: number
}

export interface ExtractTools {
  readonly analyser: Analyser
  readonly cutter: SentenceCutter
}

/**
 * A step is a sentence that was looked at.
 * @param question as it was asked
 * @param sources in any order
 * @returns the best first; empty when no sentence has a word of the question
 */
export function* extractAnswer(
  question: string,
  sources: readonly Source[],
  tools: ExtractTools,
): Steps<QuotedSentence[]> {
  const languages = [...new Set(sources.map((source) => source.language))]
  const terms = questionTerms(question, languages, tools.analyser)
  const candidates: Candidate[] = []
  for (const source of sources)
    for (const candidate of candidatesOf(source, terms, tools)) {
      candidates.push(candidate)
      yield
    }
  const idf = idfOf(candidates)
  const own = candidates.map((candidate) => ownScore(candidate, idf, terms))
  const scored = candidates.map((candidate, at) => {
    const beside = Math.max(besideOf(candidates, own, at, -1), besideOf(candidates, own, at, 1))
    const words = (own[at] ?? 0) + neighbourShare * beside
    const position = positionWeight / (1 + candidate.position)
    const isSaid = (own[at] ?? 0) > 0
    const score = isSaid ? words + passageWeight * candidate.source.score + position : 0
    return { candidate, score }
  })
  return choose(scored)
}

/** Each spelling with the word it stands for, so that a word counts once whatever language it is taken for. */
function questionTerms(
  question: string,
  languages: readonly string[],
  analyser: Analyser,
): ReadonlyMap<string, number> {
  const all = new Map<string, number>()
  const telling = new Map<string, number>()
  for (const language of languages)
    for (const token of analyser.tokens(question, language)) {
      const isStop = analyser.isStopWord(question.slice(token.start, token.end), language)
      for (const term of [...token.terms, ...token.parts]) {
        all.set(term, token.start)
        if (!isStop) telling.set(term, token.start)
      }
    }
  return telling.size > 0 ? telling : all
}

function* candidatesOf(
  source: Source,
  terms: ReadonlyMap<string, number>,
  { analyser, cutter }: ExtractTools,
): Generator<Candidate> {
  for (const { page, label, from, text, start, end } of source.pages) {
    const stretch = text.slice(start - from, end - from)
    let position = 0
    for (const sentence of cutter.sentences(stretch, source.language)) {
      const words = stretch.slice(sentence.start, sentence.end)
      yield {
        source,
        page,
        page_label: label,
        start: start + sentence.start,
        end: start + sentence.end,
        text: words,
        ...analyser.firstPlaces(words, source.language, terms),
        position: position++,
      }
    }
  }
}

/** How rare each word of the question is among the sentences there are. */
function idfOf(candidates: readonly Candidate[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { found } of candidates)
    for (const term of found.keys()) counts.set(term, (counts.get(term) ?? 0) + 1)
  const all = candidates.length
  return new Map(
    [...counts].map(([term, count]) => [term, Math.log(1 + (all - count + 0.5) / (count + 0.5))]),
  )
}

/** The share of the question's weight that the sentence has, 0 … 1, and more when it has it close together. */
function ownScore(
  { found, text, words }: Candidate,
  idf: ReadonlyMap<string, number>,
  terms: ReadonlyMap<string, number>,
): number {
  if (found.size === 0 || text.length < unitsMin) return 0
  const weightOf = (list: Iterable<string>): number => {
    const byWord = new Map<number, number>()
    for (const term of list) {
      const word = terms.get(term) ?? 0
      byWord.set(word, Math.max(byWord.get(word) ?? 0, idf.get(term) ?? 0))
    }
    return byWord.values().reduce((sum, weight) => sum + weight, 0)
  }
  const whole = weightOf(terms.keys())
  if (whole === 0) return 0
  const places = [...found.values()]
  const span = Math.max(...places) - Math.min(...places) + 1
  const near = found.size > 1 ? found.size / Math.max(span, found.size) : 0
  const share = weightOf(found.keys()) / whole
  // A long list of everything has every word and answers nothing.
  const length = words > 60 ? Math.sqrt(60 / words) : 1
  return share * length * (1 + proximityWeight * near)
}

function besideOf(
  candidates: readonly Candidate[],
  own: readonly number[],
  at: number,
  step: 1 | -1,
): number {
  const [one, other] = [candidates[at], candidates[at + step]]
  return one && other && one.source === other.source ? (own[at + step] ?? 0) : 0
}

function choose(scored: readonly { candidate: Candidate; score: number }[]): QuotedSentence[] {
  const ranked = scored.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score)
  const best = ranked[0]?.score ?? 0
  const chosen: QuotedSentence[] = []
  const said = new Set<string>()
  for (const { candidate, score } of ranked) {
    if (chosen.length >= sentencesMax || score < best * scoreShareMin) break
    const key = candidate.text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    if (said.has(key)) continue
    said.add(key)
    const { source, page, page_label, start, end, text } = candidate
    chosen.push({ source, page, page_label, start, end, text, score })
  }
  return chosen
}
