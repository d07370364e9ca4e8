/** A search, the shard's side: filter, rank, then read and mark only the passages that are shown. */
import { type Facets, facetsOf } from '../library/facets.ts'
import { filteredRanges } from '../library/filter.ts'
import { pageAt, pageLabel, passageRow, stretchOnPage } from '../library/passages.ts'
import type { ExplainedWord } from '../search/explain.ts'
import type { KeywordResult } from '../search/keyword-search.ts'
import { parseQuery } from '../search/query.ts'
import type { Correction } from '../search/resolve.ts'
import { snippet } from '../search/snippet.ts'
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'
import { type RankedHit, rank, type SearchMode } from './search-arms.ts'

/** Facets count over as many hits in a search by words alone as a hybrid one has of each arm. */
const facetCandidates = 200

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
  readonly explain: boolean
  readonly facets?: boolean | undefined
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
  readonly explain?: ExplainView
}

export interface SearchView {
  readonly hits: readonly HitView[]
  /** What was done, which is `keyword` while there are no vectors yet. */
  readonly mode: SearchMode
  /** Words the library does not have, and what was looked for in their place. */
  readonly corrected: readonly Correction[]
  readonly facets?: Facets
}

export function search(context: ShardContext, store: Store, args: SearchArgs): SearchView {
  const { app } = store
  const query = parseQuery(args.query)
  const { k1, b, titleWeight, sectionWeight, keywordShare } = context.ranking
  const { hits, mode, keyword } = rank(context, store, {
    query,
    mode: args.mode,
    limit: args.facets ? Math.max(args.limit, facetCandidates) : args.limit,
    keywordShare: args.alpha ?? keywordShare,
    keyword: {
      languages: context.languages.of(app),
      filter: filteredRanges(app, {
        ...args.filter,
        allTags: query.tags,
        noTags: query.excludedTags,
        pages: query.pages,
      }),
      k1,
      b,
      weights: { body: 1, title: titleWeight, section: sectionWeight },
      explain: args.explain,
    },
  })
  const shown: HitView[] = []
  for (const hit of hits) {
    if (shown.length >= args.limit) break
    const found = view(context, app, hit, keyword, args.explain)
    if (found) shown.push(found)
  }
  return {
    hits: shown,
    mode,
    corrected: keyword.corrected,
    ...(args.facets && {
      facets: facetsOf(
        app,
        hits.map(({ id }) => id),
      ),
    }),
  }
}

/** Nothing for a passage that is gone: an index may outlive its rows by a crash, a row is never shown twice. */
function view(
  { analyser }: ShardContext,
  app: Store['app'],
  hit: RankedHit,
  keyword: KeywordResult,
  isExplained: boolean,
): HitView | undefined {
  const passage = passageRow(app, hit.id)
  if (!passage) return undefined
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
