/** A search, the shard's side: filter, rank, then read and mark only the passages that are shown. */
import { libraryLanguages } from '../library/documents.ts'
import { filteredRanges } from '../library/filter.ts'
import { pageAt, pageLabel, passageRow } from '../library/passages.ts'
import type { ExplainedWord } from '../search/explain.ts'
import { type KeywordResult, keywordSearch } from '../search/keyword-search.ts'
import { parseQuery } from '../search/query.ts'
import type { Correction } from '../search/resolve.ts'
import { snippet } from '../search/snippet.ts'
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'

/** A query is analysed once for each; the rest of a library's languages share their words with these or are rare. */
const languagesMax = 6

export interface SearchArgs {
  readonly query: string
  readonly mode: 'keyword' | 'hybrid' | 'semantic'
  readonly limit: number
  /** Values of one field are alternatives; all fields must fit. */
  readonly filter: {
    readonly document_ids?: readonly string[] | undefined
    readonly tags?: readonly string[] | undefined
    readonly media_types?: readonly string[] | undefined
    readonly languages?: readonly string[] | undefined
  }
  readonly explain: boolean
}

/** A hit as the API shows it. */
export interface HitView {
  readonly passage_id: string
  readonly document_id: string
  readonly title: string
  /** Of the words that matched, so that a passage over two pages cites the right one. */
  readonly page: number
  readonly page_label: string | null
  readonly section: readonly string[]
  readonly text: string
  /** HTML-escaped, with `<mark>`. */
  readonly snippet: string
  readonly score: number
  readonly explain?: readonly ExplainedWord[]
}

export interface SearchView {
  readonly hits: readonly HitView[]
  readonly mode: 'keyword'
  /** Words the library does not have, and what was looked for in their place. */
  readonly corrected: readonly Correction[]
}

export function search(context: ShardContext, { app }: Store, args: SearchArgs): SearchView {
  const query = parseQuery(args.query)
  const { k1, b, titleWeight, sectionWeight } = context.ranking
  const result = keywordSearch(
    app,
    query,
    {
      limit: args.limit,
      languages: libraryLanguages(app, languagesMax),
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
    context,
  )
  const hits = result.hits.flatMap((hit) => view(context, app, hit, result))
  return { hits, mode: 'keyword', corrected: result.corrected }
}

/** Nothing for a passage that is gone: an index may outlive its rows by a crash, a row is never shown twice. */
function view(
  { analyser }: ShardContext,
  app: Store['app'],
  { passageId, score, explain }: KeywordResult['hits'][number],
  result: KeywordResult,
): HitView[] {
  const passage = passageRow(app, passageId)
  if (!passage) return []
  const marked = snippet(passage.text, result, passage.language, analyser)
  const page = pageAt(passage.spans, marked.matchAt)
  return [
    {
      passage_id: String(passageId),
      document_id: passage.document_id,
      title: passage.title,
      page,
      page_label: pageLabel(
        app,
        { documentSeq: passage.document_seq, revision: passage.revision },
        page,
      ),
      section: passage.section,
      text: passage.text,
      snippet: marked.html,
      score,
      ...(explain && { explain }),
    },
  ]
}
