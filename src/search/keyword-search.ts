/** A keyword search over a tenant's live segments: BM25 with constraints, filters and phrases, best passages first. */
import type { Db } from '../base/sqlite.ts'
import type { Analyser } from './analysis/analyser.ts'
import type { ExplainedWord } from './explain.ts'
import type { Range } from './id-runs.ts'
import { type PassageText, passageText } from './passage-texts.ts'
import { PhraseRules } from './phrase-rules.ts'
import type { ParsedQuery } from './query.ts'
import { type PhraseRule, planQuery, type QueryPlan } from './query-plan.ts'
import { readConsistently } from './read-transaction.ts'
import { type Correction, resolveQuery } from './resolve.ts'
import { type FieldWeights, SearchScratch } from './scoring.ts'
import { type Ranking, SearchRun } from './search-run.ts'
import { liveSegments } from './segments.ts'
import type { FoundPassage } from './top-hits.ts'

/** Only passages in these id ranges are hits: ascending, apart. An empty list is a filter that nothing passes. */
export type PassageFilter = readonly Range[]

/** The stored text of a passage, undefined when it is gone. */
export type TextOf = (passageId: number) => PassageText | undefined

export interface KeywordSearchOptions {
  /** At most so many hits. */
  readonly limit: number
  /** Of the passages searched, the most common first; the first six count. */
  readonly languages: readonly string[]
  readonly filter?: PassageFilter | undefined
  /** Saturation of a word's count, 1.2 unless told. */
  readonly k1?: number | undefined
  /** How much a passage's length counts, 0 … 1, 0.75 unless told. */
  readonly b?: number | undefined
  readonly weights?: FieldWeights | undefined
  readonly explain?: boolean | undefined
  /** Where phrases are verified; the tables unless told. */
  readonly textOf?: TextOf | undefined
}

export interface SearchTools {
  readonly analyser: Analyser
  readonly scratch: SearchScratch
}

export interface KeywordHit {
  readonly passageId: number
  readonly score: number
  readonly explain?: readonly ExplainedWord[]
}

export interface KeywordResult {
  readonly hits: readonly KeywordHit[]
  readonly corrected: readonly Correction[]
  /** What to mark in a snippet. */
  readonly terms: ReadonlySet<string>
  readonly phrases: readonly (readonly string[])[]
}

/** Standard BM25. A title counts somewhat more than the text: every passage of a document has it. */
const standard: Ranking = { k1: 1.2, b: 0.75, weights: { body: 1, title: 1.5, section: 1.25 } }
/**
 * Passages read to verify phrases. Candidates have every word of the phrase and come best first; for a phrase of common
 * words in a large library this bounds the time to some tens of milliseconds.
 */
const verifiedMax = 2_000

/** Hits read to show how a word that was put right is spelled. */
const spellingsRead = 3

export function createScratch(): SearchScratch {
  return new SearchScratch()
}

/** Never throws for anything typed; a query without a word to look for has no hits. */
export function keywordSearch(
  app: Db,
  query: ParsedQuery,
  options: KeywordSearchOptions,
  tools: SearchTools,
): KeywordResult {
  const plan = planQuery(query, options.languages, tools.analyser)
  return readConsistently(app, () => runPlan(app, plan, options, tools))
}

function runPlan(
  app: Db,
  plan: QueryPlan,
  options: KeywordSearchOptions,
  { analyser, scratch }: SearchTools,
): KeywordResult {
  const { limit, filter, explain = false } = options
  const segments = plan.groups.length > 0 && limit > 0 ? liveSegments(app) : []
  const { words, corrections } = resolveQuery(app, plan, segments)
  const run = new SearchRun(app, segments, words, rankingOf(options), scratch)
  const isVerified = plan.phrases.length > 0
  const candidates = run.best(isVerified ? Math.max(limit, verifiedMax) : limit, filter)
  const textOf = options.textOf ?? ((id: number) => passageText(app, id))
  const found = isVerified
    ? verify(candidates, plan.phrases, { analyser, limit, textOf })
    : candidates
  return {
    hits: found.map((hit) => ({
      passageId: hit.passageId,
      score: hit.score,
      ...(explain ? { explain: run.explain(hit) } : {}),
    })),
    corrected: corrections.map((correction) => ({
      ...correction,
      to:
        spelledOut(correction.to, found.slice(0, spellingsRead), textOf, analyser) ?? correction.to,
    })),
    terms: new Set(words.flatMap(({ group, terms }) => (group.role === 'not' ? [] : terms))),
    phrases: plan.phrases.filter((rule) => !rule.isNegated).map((rule) => rule.words),
  }
}

/** A term of the index is a stem; people are shown the word as a passage found spells it. */
function spelledOut(
  term: string,
  hits: readonly FoundPassage[],
  textOf: TextOf,
  analyser: Analyser,
): string | undefined {
  for (const { passageId } of hits) {
    const passage = textOf(passageId)
    if (!passage) continue
    const { text, language } = passage
    const token = analyser.tokens(text, language).find(({ terms }) => terms.includes(term))
    if (token) return text.slice(token.start, token.end).toLowerCase()
  }
  return undefined
}

function rankingOf({ k1, b, weights }: KeywordSearchOptions): Ranking {
  return {
    k1: k1 ?? standard.k1,
    b: b ?? standard.b,
    weights: weights ?? standard.weights,
  }
}

/**
 * Reads candidates, best first, until enough of them have the phrases that must stand and none that must not. Where no
 * passage has them as they were typed, those that have them in other forms of the words are found: a question quotes a
 * title as its own grammar wants it.
 */
function verify(
  candidates: readonly FoundPassage[],
  phrases: readonly PhraseRule[],
  { analyser, limit, textOf }: { analyser: Analyser; limit: number; textOf: TextOf },
): FoundPassage[] {
  const rules = new PhraseRules(phrases, analyser)
  const typed: FoundPassage[] = []
  const inOtherForms: FoundPassage[] = []
  for (const candidate of candidates) {
    if (typed.length >= limit) break
    const passage = textOf(candidate.passageId)
    if (!passage) continue
    if (rules.areObeyed(passage)) typed.push(candidate)
    else if (typed.length === 0 && rules.areObeyedInForms(passage)) inOtherForms.push(candidate)
  }
  return typed.length > 0 ? typed : inOtherForms.slice(0, limit)
}
