/** Passages and queries as vectors of a space of the built-in embedder. */
import type { PassageToEmbed } from '../library/passages.ts'
import { embedTerms, type LearntTerms } from '../search/embed/builtin.ts'
import type { TermCounter } from '../search/embed/text-terms.ts'

/** What a passage says, for a fit and for its vector alike: a passage is found by the title of its document as well. */
export function passageTerms(
  counter: TermCounter,
  { title, text, language }: Omit<PassageToEmbed, 'id'>,
): Map<string, number> {
  return counter.count(`${title}\n\n${text}`, language)
}

/** @returns undefined for a query that says nothing an embedder could read */
export function queryVector(
  counter: TermCounter,
  text: string,
  languages: readonly string[],
  learnt: LearntTerms | undefined,
): Float32Array | undefined {
  if (text.trim() === '') return undefined
  const vector = embedTerms(counter.countQuery(text, languages), text, learnt)
  // Signed hashes of very few pieces can cancel out.
  return vector.some((value) => value !== 0) ? vector : undefined
}
