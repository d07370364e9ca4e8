/** From the words of a query to posting lists: exact terms, beginnings, and likely words for those that do not exist. */
import type { Db } from '../base/sqlite.ts'
import { termBytes } from './bytes.ts'
import { cursorText, findList, type PostingList, walkTerms } from './dictionary.ts'
import type { QueryPlan, WordGroup } from './query-plan.ts'
import { inverseDocumentFrequency } from './scoring.ts'
import type { SegmentHeader } from './segments.ts'
import { likelyEnding, likelyTerm } from './typo.ts'

/** Past this many words a query is a text, and its rarest words say what it is about. */
const wordsMax = 400
/** Looked up at all: which words are rare is found by looking. */
const lookedUpMax = 384
/** A prefix stands for its most frequent words. */
const expansionsMax = 64
/** Terms walked through per segment for a prefix: two letters may begin a tenth of a dictionary. */
const walkedMax = 20_000
/** Words tried, whether or not something close is found: each walks through a part of the dictionary. */
const correctionsMax = 6

/** A word with its lists. */
export interface ResolvedWord {
  readonly group: WordGroup
  readonly terms: readonly string[]
  /** By segment, in the order of the segments searched. */
  readonly lists: readonly (readonly PostingList[])[]
  /** Passages that have it, dead ones included: of its most frequent term, as Lucene counts synonyms. */
  readonly df: number
}

/** A word taken for another, because no passage has it. */
export interface Correction {
  readonly from: string
  readonly to: string
}

export interface ResolvedQuery {
  readonly words: readonly ResolvedWord[]
  readonly corrections: readonly Correction[]
}

/** At most 400 words, rarest first (which is also the order of summation), and all constraints before them. */
export function resolveQuery(
  app: Db,
  plan: QueryPlan,
  segments: readonly SegmentHeader[],
): ResolvedQuery {
  const corrections: Correction[] = []
  let tries = 0
  const words = plan.groups.slice(0, lookedUpMax).map((group) => {
    const word = resolveWord(app, group, segments)
    if (word.df > 0 || !group.nearTerms || tries >= correctionsMax) return word
    tries++
    const to =
      likelyTerm(app, segments, group.terms) ?? likelyEnding(app, segments, group.nearTerms)
    if (to === undefined) return word
    corrections.push({ from: group.text, to })
    return resolveWord(app, { ...group, terms: [to] }, segments)
  })
  const passages = segments.reduce((sum, segment) => sum + segment.passages, 0)
  const constraints = words.filter(({ group }) => group.role !== 'should')
  const wanted = words.filter(({ group, df }) => group.role === 'should' && df > 0)
  const worth = new Map(wanted.map((word) => [word, wordWeight(word, passages)]))
  const best = wanted.sort((a, b) => (worth.get(b) ?? 0) - (worth.get(a) ?? 0)).slice(0, wordsMax)
  best.sort((a, b) => a.df - b.df)
  return { words: [...constraints.slice(0, wordsMax), ...best], corrections }
}

/** What a word counts in this query: its rarity, as often as the query says it (as in Lucene). */
export function wordWeight({ df, group }: ResolvedWord, passages: number): number {
  return group.occurrences * inverseDocumentFrequency(passages, df)
}

function resolveWord(app: Db, group: WordGroup, segments: readonly SegmentHeader[]): ResolvedWord {
  const expanded = group.prefix === undefined ? [] : expandPrefix(app, group.prefix, segments)
  const terms = [...new Set([...group.terms, ...expanded])]
  const counts = terms.map(() => 0)
  const keys = terms.map(termBytes)
  const lists = segments.map(({ id }) =>
    keys.flatMap((key, at) => {
      const list = findList(app, id, key)
      if (!list) return []
      counts[at] = (counts[at] ?? 0) + list.df
      return [list]
    }),
  )
  return { group, terms, lists, df: Math.max(0, ...counts) }
}

/** The most frequent terms that begin with the prefix. */
function expandPrefix(app: Db, prefix: string, segments: readonly SegmentHeader[]): string[] {
  const counts = new Map<string, number>()
  const key = termBytes(prefix)
  for (const { id } of segments) {
    let walked = 0
    walkTerms(app, id, key, (cursor) => {
      const text = cursorText(cursor)
      counts.set(text, (counts.get(text) ?? 0) + cursor.df)
      return ++walked < walkedMax
    })
  }
  return [...counts]
    .sort(([a, aCount], [b, bCount]) => bCount - aCount || (a < b ? -1 : 1))
    .slice(0, expansionsMax)
    .map(([text]) => text)
}
