/** A search, the shard's side: filter, rank, then read and mark only the passages that are shown. */
import { type Facets, facetsOf } from '../library/facets.ts'
import { filteredRanges } from '../library/filter.ts'
import {
  type PassageRow,
  pageAt,
  pageLabel,
  passagePlace,
  passageRow,
  publishedPassages,
  stretchOnPage,
} from '../library/passages.ts'
import { diverse, type ShownHit } from '../search/diversity.ts'
import type { ExplainedWord } from '../search/explain.ts'
import type { Range } from '../search/id-runs.ts'
import type { KeywordResult } from '../search/keyword-search.ts'
import { parseQuery } from '../search/query.ts'
import type { Correction } from '../search/resolve.ts'
import { snippet } from '../search/snippet.ts'
import { chooseSources } from '../search/sources.ts'
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'
import {
  type GivenVector,
  type RankedHit,
  type RankedHits,
  rank,
  type SearchMode,
} from './search-arms.ts'

/** In a search by words alone: as many as a hybrid one has of each arm. Facets count over them. */
const candidatesMax = 200
/** Of each hit shown so many are looked at, so that some can stand for their neighbours or give way. */
const candidatesPerHit = 4
/** Ranks are fused as they were published: both arms alike. */
const equalShare = 0.5

export interface SearchArgs {
  readonly query: string
  readonly mode: SearchMode
  readonly limit: number
  /** Values of one field are alternatives; all fields must fit. */
  readonly filter: {
    readonly document_ids?: readonly string[] | undefined
    readonly tags?: readonly string[] | undefined
    readonly media_types?: readonly string[] | undefined
    readonly languages?: readonly string[] | undefined
  }
  /** The words' part of a hybrid search, 0 … 1; the server's setting without it. */
  readonly alpha?: number | undefined
  /** How the arms of a hybrid search become one ranking; by their scores without it. */
  readonly fusion?: 'weighted' | 'rrf' | undefined
  readonly explain: boolean
  readonly facets?: boolean | undefined
  /** False shows the plain ranking: neighbours that share text, and any number of hits of one document. */
  readonly diversity?: boolean | undefined
  /** Hits of one document at most. */
  readonly per_document_max?: number | undefined
  /** Of the hits only those are given that an answer is drawn from, at most so many. */
  readonly sourcesMax?: number | undefined
  /** The question's vector, of a remote embedder. */
  readonly vector?: GivenVector | undefined
}

/** Why a hit is where it is. */
export interface ExplainView {
  /** Their shares add up to the score. */
  readonly arms: readonly {
    readonly arm: string
    /** From 1; null where the arm did not have the passage among its candidates. */
    readonly rank: number | null
    /** On the arm's own scale: BM25, cosine. */
    readonly raw: number | null
    /** 0 … 1 over the arm's candidates; as it is where only one arm was asked. */
    readonly normalised: number
    readonly share: number
  }[]
  /** What each word gave to the raw score of the keyword arm. */
  readonly words: readonly ExplainedWord[]
}

/** A hit as the API shows it. */
export interface HitView {
  readonly passage_id: string
  readonly document_id: string
  readonly title: string
  /** Of the words that matched, so that a passage over two pages cites the right one. */
  readonly page: number
  readonly page_label: string | null
  /** What the snippet shows of that page: offsets into the page's text, in UTF-16 units. */
  readonly start: number
  readonly end: number
  /** Everything the passage was cut from, in reading order, for highlighting it as a whole. */
  readonly spans: readonly { readonly page: number; readonly start: number; readonly end: number }[]
  readonly section: readonly string[]
  readonly text: string
  /** HTML-escaped, with `<mark>`. */
  readonly snippet: string
  readonly score: number
  /** Passages beside it that share text with it and were found as well: this hit stands for them. */
  readonly more: readonly string[]
  readonly explain?: ExplainView
}

/** In passages. */
export interface FilterView {
  readonly searched: number
  /** What the filter left out before anything was ranked. */
  readonly removed: number
}

export interface SearchView {
  readonly hits: readonly HitView[]
  /** What was done, which is `keyword` while there are no vectors yet. */
  readonly mode: SearchMode
  /** Words the library does not have, and what was looked for in their place. */
  readonly corrected: readonly Correction[]
  readonly facets?: Facets
  /** With `explain`: how much of the library was searched. */
  readonly filtered?: FilterView
  /** The remote embedder's space that is searched: ask again with the question's vector of it. */
  readonly wants?: string | undefined
}

export function search(context: ShardContext, store: Store, args: SearchArgs): SearchView {
  const { app } = store
  const { ranked, shown, within } = findHits(context, store, args)
  return {
    hits: toView(app, shown, args.sourcesMax).map((hit) =>
      view(context, app, hit, ranked.keyword, args.explain),
    ),
    mode: ranked.mode,
    corrected: ranked.keyword.corrected,
    ...(ranked.wants !== undefined && { wants: ranked.wants }),
    ...(args.explain && { filtered: filterView(app, within) }),
    ...(args.facets && {
      facets: facetsOf(
        app,
        ranked.hits.map(({ id }) => id),
      ),
    }),
  }
}

/** For whoever sends it as it is: without what is meant for the asking server alone. */
export function searchAsText(context: ShardContext, store: Store, args: SearchArgs): string {
  return JSON.stringify({ ...search(context, store, args), wants: undefined })
}

function filterView(app: Store['app'], within: readonly Range[] | undefined): FilterView {
  const total = publishedPassages(app)
  const allowed = within?.reduce((sum, { first, last }) => sum + last - first + 1, 0) ?? total
  // While a document is being read again, a filter by page counts its new passages beside the old.
  const searched = Math.min(allowed, total)
  return { searched, removed: total - searched }
}

export interface FoundHits {
  readonly ranked: RankedHits
  readonly shown: readonly ShownHit<RankedHit>[]
  /** What the filter allows; everything without it. */
  readonly within: readonly Range[] | undefined
}

/** A search without its snippets: all that was ranked, and what of it is shown. */
export function findHits(context: ShardContext, store: Store, args: SearchArgs): FoundHits {
  const { app } = store
  const query = parseQuery(args.query)
  const { k1, b, titleWeight, sectionWeight, keywordShare } = context.ranking
  const within = filteredRanges(app, {
    ...args.filter,
    allTags: query.tags,
    noTags: query.excludedTags,
    pages: query.pages,
  })
  const ranked = rank(context, store, {
    query,
    mode: args.mode,
    limit: candidatesOf(args),
    keywordShare: args.alpha ?? (args.fusion === 'rrf' ? equalShare : keywordShare),
    fusion: args.fusion === 'rrf' ? 'rrf' : 'min-max',
    vector: args.vector,
    keyword: {
      languages: context.languages.of(app),
      filter: within,
      k1,
      b,
      weights: { body: 1, title: titleWeight, section: sectionWeight },
      explain: args.explain,
    },
  })
  const shown = diverse(ranked.hits, {
    limit: args.limit,
    placeOf: ({ id }) => passagePlace(app, id),
    perDocumentMax: args.per_document_max,
    isDiverse: args.diversity !== false,
  })
  return { ranked, shown, within }
}

function candidatesOf({ limit, facets, diversity, per_document_max }: SearchArgs): number {
  if (facets || per_document_max !== undefined) return Math.max(limit, candidatesMax)
  if (diversity === false) return limit
  return Math.max(limit, Math.min(limit * candidatesPerHit, candidatesMax))
}

interface ReadHit extends ShownHit<RankedHit> {
  readonly passage: PassageRow
  readonly document_id: string
  readonly text: string
  readonly score: number
}

/** Chosen before they are marked: a snippet costs more than all else of a hit. */
function toView(
  app: Store['app'],
  shown: readonly ShownHit<RankedHit>[],
  sourcesMax: number | undefined,
): readonly ReadHit[] {
  const hits = readHits(app, shown)
  return sourcesMax === undefined ? [...hits] : chooseSources(hits, sourcesMax)
}

/** Nothing for a passage that is gone: an index may outlive its rows by a crash, a row is never shown twice. */
function* readHits(
  app: Store['app'],
  shown: readonly ShownHit<RankedHit>[],
): Generator<ReadHit, void> {
  for (const one of shown) {
    const passage = passageRow(app, one.hit.id)
    if (!passage) continue
    const { document_id, text } = passage
    yield { ...one, passage, document_id, text, score: one.hit.score }
  }
}

function view(
  { analyser }: ShardContext,
  app: Store['app'],
  { hit, more, passage }: ReadHit,
  keyword: KeywordResult,
  isExplained: boolean,
): HitView {
  const marked = snippet(passage.text, keyword, passage.language, analyser)
  const page = pageAt(passage.spans, marked.matchAt)
  const revision = { documentSeq: passage.document_seq, revision: passage.revision }
  return {
    passage_id: String(hit.id),
    document_id: passage.document_id,
    title: passage.title,
    page,
    page_label: pageLabel(app, revision, page),
    ...stretchOnPage(passage.spans, marked.matchAt, marked),
    spans: passage.spans.map(({ page: number, start, end }) => ({ page: number, start, end })),
    section: passage.section,
    text: passage.text,
    snippet: marked.html,
    score: hit.score,
    more: more.map(({ id }) => String(id)),
    ...(isExplained && { explain: explained(hit) }),
  }
}

function explained({ arms, words = [] }: RankedHit): ExplainView {
  return {
    arms: arms.map(({ arm, rank, score, normalised, share }) => {
      return { arm, rank, raw: score, normalised, share }
    }),
    words,
  }
}
