/** Why a passage was found: what each word of the query gave to its score. */
import type { PostingList } from './dictionary.ts'
import { PostingReader } from './postings.ts'
import type { ResolvedWord } from './resolve.ts'
import { type FieldWeights, saturate, weightedCount } from './scoring.ts'

export interface ExplainedWord {
  /** As typed. */
  readonly word: string
  /** How often it stands in each field, of its most frequent term. */
  readonly body: number
  readonly title: number
  readonly section: number
  /** Passages of the library that have it. */
  readonly df: number
  /** What its rarity is worth; it counts as often as the query says the word. */
  readonly idf: number
  /** Its part of the score. */
  readonly score: number
}

/** @returns nothing when the passage does not have the word */
export function explainWord(
  word: ResolvedWord,
  lists: readonly PostingList[],
  ordinal: number,
  { weights, idf, factor }: { weights: FieldWeights; idf: number; factor: number },
): ExplainedWord[] {
  let best: ExplainedWord | undefined
  for (const { bytes, start, end } of lists) {
    const reader = new PostingReader(bytes, start, end)
    while (reader.ordinal < ordinal && reader.next());
    const score = saturate(idf * word.group.occurrences, weightedCount(reader, weights), factor)
    if (reader.ordinal !== ordinal || score <= (best?.score ?? 0)) continue
    const { body, title, section } = reader
    best = { word: word.group.text, body, title, section, df: word.df, idf, score }
  }
  return best ? [best] : []
}
