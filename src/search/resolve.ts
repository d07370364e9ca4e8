/** From the words of a query to posting lists: exact terms, beginnings, and likely words for those that do not exist. */
import type { Db } from '../base/sqlite.ts'
import { termBytes } from './bytes.ts'
import { cursorText, findList, type PostingList, walkTerms } from './dictionary.ts'
import type { QueryPlan, WordGroup } from './query-plan.ts'
import type { SegmentHeader } from './segments.ts'
import { likelyTerm } from './typo.ts'

/** Past this many words a query is a text, and its rarest words say what it is about. */
const wordsMax = 128
/** Looked up at all: the rarest words are found by looking. */
const lookedUpMax = 512
/** A prefix stands for its most frequent words. */
const expansionsMax = 64
/** Terms walked through per segment for a prefix: two letters may begin a tenth of a dictionary. */
const walkedMax = 20_000
/** Each walks through a part of the dictionary. */
const correctionsMax = 4

/** A word with its lists. */
export interface ResolvedWord {
  readonly group: WordGroup
  readonly terms: readonly string[]
  /** By segment, in the order of the segments searched. */
  readonly lists: readonly (readonly PostingList[])[]
  /** Passages that have it, dead ones included: of its most frequent term, as Lucene counts synonyms. */
  readonly df: number
}

/** A word taken for another, because no passage has it. `to` is a term of the index, which may be a stem. */
export interface Correction {
  readonly from: string
  readonly to: string
}

export interface ResolvedQuery {
  readonly words: readonly ResolvedWord[]
  readonly corrections: readonly Correction[]
}

/** The rarest 64 words, rarest first (that order is also the order of summation); constraints all of them. */
export function resolveQuery(
  app: Db,
  plan: QueryPlan,
  segments: readonly SegmentHeader[],
): ResolvedQuery {
  const corrections: Correction[] = []
  const words = plan.groups.slice(0, lookedUpMax).map((group) => {
    const word = resolveWord(app, group, segments)
    if (word.df > 0 || !group.mayBeTypo || corrections.length >= correctionsMax) return word
    const to = likelyTerm(app, segments, group.terms)
    if (to === undefined) return word
    corrections.push({ from: group.text, to })
    return resolveWord(app, { ...group, terms: [to] }, segments)
  })
  const rarestFirst = words
    .map((word, at) => ({ word, at }))
    .sort((a, b) => a.word.df - b.word.df || a.at - b.at)
  const found = rarestFirst.map(({ word }) => word)
  const wanted = found.filter(({ group, df }) => group.role === 'should' && df > 0)
  const constraints = found.filter(({ group }) => group.role !== 'should')
  return { words: [...constraints.slice(0, wordsMax), ...wanted.slice(0, wordsMax)], corrections }
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
