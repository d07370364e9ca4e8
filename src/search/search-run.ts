/** One search over the live segments: scores, constraints and filters, segment by segment, and the best passages. */
import type { Db } from '../base/sqlite.ts'
import { type ExplainedWord, explainWord } from './explain.ts'
import { type IdRun, ordinalsOf, type Range, subtractRanges } from './id-runs.ts'
import { lengthFactors } from './norms.ts'
import { type ResolvedWord, wordWeight } from './resolve.ts'
import {
  dropUnmarked,
  excludedMark,
  type FieldWeights,
  inverseDocumentFrequency,
  markConstraint,
  type SearchScratch,
  SegmentScorer,
} from './scoring.ts'
import { type SegmentHeader, segmentIds, tombstonesOf } from './segments.ts'
import { type FoundPassage, TopHits } from './top-hits.ts'

export interface Ranking {
  /** Saturation of a word's count. */
  readonly k1: number
  /** How much a passage's length counts, 0 … 1. */
  readonly b: number
  readonly weights: FieldWeights
}

export class SearchRun {
  readonly #app: Db
  readonly #segments: readonly SegmentHeader[]
  readonly #words: readonly ResolvedWord[]
  readonly #ranking: Ranking
  readonly #scratch: SearchScratch
  readonly #factors: Float64Array
  readonly #passages: number
  readonly #isConstrained: boolean

  constructor(
    app: Db,
    segments: readonly SegmentHeader[],
    words: readonly ResolvedWord[],
    ranking: Ranking,
    scratch: SearchScratch,
  ) {
    this.#app = app
    this.#segments = segments
    this.#words = words
    this.#ranking = ranking
    this.#scratch = scratch
    this.#isConstrained = words.some(({ group }) => group.role !== 'should')
    this.#passages = segments.reduce((sum, segment) => sum + segment.passages, 0)
    const length = segments.reduce((sum, segment) => sum + segment.length, 0)
    this.#factors = lengthFactors(length / Math.max(this.#passages, 1), ranking.k1, ranking.b)
  }

  /** The best passages that satisfy all constraints, best first. */
  best(limit: number, filter: readonly Range[] | undefined): FoundPassage[] {
    const top = new TopHits(limit)
    for (const at of this.#segments.keys()) this.#searchSegment(at, filter, top)
    return top.take()
  }

  #searchSegment(at: number, filter: readonly Range[] | undefined, top: TopHits): void {
    const segment = this.#segments[at]
    if (!segment || !this.#words.some(({ lists }) => (lists[at]?.length ?? 0) > 0)) return
    let ids: IdRun[] | undefined
    const runs = (): IdRun[] => {
      ids ??= segmentIds(this.#app, segment.id)
      return ids
    }
    const eligible = this.#eligible(segment, filter, runs)
    if (eligible.length === 0) return
    const scratch = this.#scratch
    scratch.fit(segment.passages)
    try {
      this.#score(segment, at)
      this.#constrain(segment, at)
      for (const range of eligible) top.offer(scratch.scores, range, at, runs)
    } finally {
      scratch.clear(segment.passages, this.#isConstrained)
    }
  }

  /** Ordinals that are alive and pass the filter. */
  #eligible(
    segment: SegmentHeader,
    filter: readonly Range[] | undefined,
    runs: () => IdRun[],
  ): Range[] {
    const all = filter ? ordinalsOf(runs(), filter) : [{ first: 0, last: segment.passages - 1 }]
    return segment.dead > 0 ? subtractRanges(all, tombstonesOf(this.#app, segment.id)) : all
  }

  #score(segment: SegmentHeader, at: number): void {
    const norms = this.#scratch.norms(this.#app, segment.id)
    const scorer = this.#scorer(norms, this.#ranking.weights)
    let titleScorer: SegmentScorer | undefined
    for (const word of this.#words) {
      const lists = word.lists[at] ?? []
      if (lists.length === 0 || word.group.role === 'not') continue
      if (word.group.field === 'title') titleScorer ??= this.#scorer(norms, this.#titleWeights)
      const used = word.group.field === 'title' ? (titleScorer ?? scorer) : scorer
      used.addWord(this.#scratch, wordWeight(word, this.#passages), lists)
    }
  }

  #constrain(segment: SegmentHeader, at: number): void {
    const { scores, marks } = this.#scratch
    const required = this.#words.filter(({ group }) => group.role === 'must')
    const excluded = this.#words.filter(({ group }) => group.role === 'not')
    if (!this.#isConstrained) return
    for (const [constraint, { lists, group }] of required.entries())
      markConstraint(marks, lists[at] ?? [], constraint, group.field)
    for (const { lists, group } of excluded)
      markConstraint(marks, lists[at] ?? [], excludedMark, group.field)
    dropUnmarked(scores, marks, segment.passages, required.length)
  }

  /** Why a passage has its score, word by word; only for passages that are returned. */
  explain({ segment, ordinal }: FoundPassage): ExplainedWord[] {
    const header = this.#segments[segment]
    if (!header) return []
    const norm = this.#scratch.norms(this.#app, header.id)[ordinal] ?? 0
    return this.#words.flatMap((word) => {
      if (word.group.role === 'not') return []
      const weights = word.group.field === 'title' ? this.#titleWeights : this.#ranking.weights
      const factor = this.#factors[norm] ?? 0
      const idf = inverseDocumentFrequency(this.#passages, word.df)
      return explainWord(word, word.lists[segment] ?? [], ordinal, { weights, idf, factor })
    })
  }

  get #titleWeights(): FieldWeights {
    return { body: 0, title: this.#ranking.weights.title, section: 0 }
  }

  #scorer(norms: Uint8Array, weights: FieldWeights): SegmentScorer {
    return new SegmentScorer(norms, this.#factors, weights)
  }
}
