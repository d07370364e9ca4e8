/** What the words say and what the meaning says of a query, and both as one ranking. */

import { isDamage } from '../base/sqlite.ts'
import { droppedSince, epochOf } from '../library/vector-changes.ts'
import { termsOfSpace } from '../search/embed/learnt-terms.ts'
import { isCurrent } from '../search/embed/refit.ts'
import type { ExplainedWord } from '../search/explain.ts'
import { type ArmShare, type FusionMethod, fuse } from '../search/fusion.ts'
import { normaliseRanges, type Range, subtractRanges } from '../search/id-runs.ts'
import {
  type KeywordResult,
  type KeywordSearchOptions,
  keywordSearch,
} from '../search/keyword-search.ts'
import { type ParsedQuery, wantedText } from '../search/query.ts'
import { defaultFeedback } from '../search/vectors/feedback.ts'
import { liveSpace } from '../search/vectors/spaces.ts'
import { vectorArm } from '../search/vectors/vector-arm.ts'
import type { VectorHit } from '../search/vectors/vector-search.ts'
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'
import { queryVector } from './embedding.ts'
import { isRemote } from './remote-spaces.ts'

/** Hits of each arm that are fused: fewer lose what the other arm ranks low, more change nothing. */
const candidates = 200
/** Of the vectors' candidates in a hybrid search: beyond them the words decide, and an estimate says enough. */
const exactCandidates = 100
/** Of a query with conditions that only the words can check, every hit that is worth ordering. */
const conditionalCandidates = 1_000
/**
 * A passage that the words do not find must be nearer to the question than chance: three standard deviations of the
 * cosine of unrelated directions, which is 1 / √dims.
 */
const deviationsMin = 3

export type SearchMode = 'keyword' | 'hybrid' | 'semantic'

export interface ArmsQuery {
  readonly query: ParsedQuery
  readonly mode: SearchMode
  readonly keyword: Omit<KeywordSearchOptions, 'limit'>
  /** How many hits the caller shows. */
  readonly limit: number
  /** The words' part, 0 … 1. */
  readonly keywordShare: number
  readonly fusion: FusionMethod
  /** The question as a remote embedder sees it, and in which space that is. */
  readonly vector?: GivenVector | undefined
}

export interface GivenVector {
  readonly fingerprint: string
  readonly values: Float32Array
}

/** A hit and why it is where it is: the shares of its arms add up to its score. */
export interface RankedHit {
  readonly id: number
  readonly score: number
  readonly arms: readonly ArmShare[]
  readonly words?: readonly ExplainedWord[] | undefined
}

export interface RankedHits {
  readonly hits: readonly RankedHit[]
  /** What was done: `keyword` as well when there are no vectors to ask yet. */
  readonly mode: SearchMode
  /** What to mark, and what was corrected. */
  readonly keyword: KeywordResult
  /** The remote embedder's space that is searched, when the question came without a vector of it. */
  readonly wants?: string | undefined
}

export function rank(context: ShardContext, store: Store, asked: ArmsQuery): RankedHits {
  if (asked.mode === 'keyword') return byWords(context, store, asked)
  const isConditional = hasConditions(asked.query)
  const limit = isConditional && asked.mode === 'semantic' ? conditionalCandidates : candidates
  const keyword = keywordSearch(store.app, asked.query, { ...asked.keyword, limit }, context)
  const semantic = byMeaning(context, store, asked, keyword, isConditional)
  if (!semantic) return byWords(context, store, asked)
  if ('wants' in semantic) return { ...byWords(context, store, asked), wants: semantic.wants }
  const words = new Map(keyword.hits.map((hit) => [hit.passageId, hit.explain]))
  const withWords = ({ id, score, arms }: Omit<RankedHit, 'words'>): RankedHit => ({
    id,
    score,
    arms,
    words: words.get(id),
  })
  if (asked.mode === 'semantic')
    return { hits: single('semantic', semantic.hits).map(withWords), mode: 'semantic', keyword }
  const share = asked.keywordShare
  const byKeyword = keyword.hits.map(({ passageId, score }) => ({ id: passageId, score }))
  const fused = fuse(
    [
      { name: 'keyword', weight: share, hits: byKeyword },
      { name: 'semantic', weight: 1 - share, hits: semantic.hits },
    ],
    asked.fusion,
  )
  const hits = fused.filter(({ arms: [byKeyword, byVector] }) => {
    return byKeyword?.rank !== null || (byVector?.score ?? 0) >= semantic.scoreMin
  })
  return { hits: hits.map(withWords), mode: 'hybrid', keyword }
}

function byWords(context: ShardContext, { app }: Store, asked: ArmsQuery): RankedHits {
  const options = { ...asked.keyword, limit: asked.limit }
  const keyword = keywordSearch(app, asked.query, options, context)
  const words = new Map(keyword.hits.map((hit) => [hit.passageId, hit.explain]))
  const found = keyword.hits.map(({ passageId, score }) => ({ id: passageId, score }))
  const hits = single('keyword', found).map((hit) => ({ ...hit, words: words.get(hit.id) }))
  return { hits, mode: 'keyword', keyword }
}

/** An arm alone: its own scores, not scaled. */
function single(
  arm: string,
  hits: readonly { readonly id: number; readonly score: number }[],
): RankedHit[] {
  return hits.map(({ id, score }, at) => ({
    id,
    score,
    arms: [{ arm, rank: at + 1, score, normalised: score, share: score }],
  }))
}

interface Nearest {
  readonly hits: readonly VectorHit[]
  /** A cosine below it says nothing. */
  readonly scoreMin: number
}

interface Wanting {
  readonly wants: string
}

/** @returns undefined when there are no vectors to ask: none yet, or a file that has to be made anew */
function byMeaning(
  context: ShardContext,
  store: Store,
  asked: ArmsQuery,
  keyword: KeywordResult,
  isConditional: boolean,
): Nearest | Wanting | undefined {
  try {
    return nearest(context, store, asked, keyword, isConditional)
  } catch (error) {
    if (!isDamage(error)) throw error
    context.damagedVectors.set(store.tenant, store.directory)
    return undefined
  }
}

function nearest(
  { counter, engine }: ShardContext,
  store: Store,
  { query, mode, vector: given, keyword: { filter, languages } }: ArmsQuery,
  { hits }: KeywordResult,
  isConditional: boolean,
): Nearest | Wanting | undefined {
  const { vecs } = store
  const space = liveSpace(vecs)
  if (!space) return undefined
  // Two spaces are never mixed: the question's vector is of the one that is searched, or there is none.
  const isGiven = isRemote(space)
  if (isGiven && given?.fingerprint !== space.fingerprint) return { wants: space.fingerprint }
  if (!isGiven && !isCurrent(space.fingerprint)) return undefined
  const vector = isGiven
    ? given?.values
    : queryVector(counter, wantedText(query), languages, termsOfSpace(vecs, space))
  const scoreMin = deviationsMin / Math.sqrt(space.dims)
  if (!vector) return { hits: [], scoreMin }
  const seeds = hits.map(({ passageId, score }) => ({ id: passageId, score }))
  const found = vectorArm(engine, vecs, space, {
    vector,
    limit: candidates,
    exact: mode === 'hybrid' ? exactCandidates : undefined,
    within: searchable(store, filter),
    // Nothing is asked of the words in a search by meaning alone, but that their conditions hold.
    seeds: mode === 'semantic' ? [] : seeds,
    feedback: defaultFeedback,
    only: isConditional ? seeds.map(({ id }) => id) : undefined,
  })
  return { hits: found, scoreMin }
}

/** Without what was deleted a moment ago and has its vectors still. */
function searchable(
  { app, vecs }: Store,
  filter: readonly Range[] | undefined,
): readonly Range[] | undefined {
  const epoch = epochOf(vecs)
  if (epoch === epochOf(app)) return filter
  const dropped = normaliseRanges(droppedSince(app, epoch))
  return dropped.length === 0 ? filter : subtractRanges(filter ?? everyPassage, dropped)
}

const everyPassage: readonly Range[] = [{ first: 0, last: Number.MAX_SAFE_INTEGER }]

/** Conditions that vectors cannot tell: phrases, titles, words that must not stand. */
function hasConditions({ clauses }: ParsedQuery): boolean {
  return clauses.some(
    ({ kind, field, isNegated }) => kind === 'phrase' || field === 'title' || isNegated,
  )
}
