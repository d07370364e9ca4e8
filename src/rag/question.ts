/** A conversation condensed into one search, by its words: what is asked, and what it goes on from. */
import type { Analyser } from '../search/analysis/analyser.ts'

/** A question with fewer words of its own goes on from the one before. */
const ownWordsMin = 3
const carriedWordsMax = 12
const queryUnitsMax = 2_000
/** Words, with the marks that stand inside of them. What a search box would take for an operator is none in a question. */
const word = /[\p{L}\p{M}\p{N}]+(?:['’.\-/:][\p{L}\p{M}\p{N}]+)*/gu
/** Left in front of a colon it would be a field. */
const field = /^(?:title|tag|page):/i

/**
 * @param message what is asked now
 * @param asked what was asked before, the latest last
 * @param condensed what a model makes of it: its words are added, so that one that is wrong takes nothing away
 * @param languages whose stop words do not count, ISO 639-1
 */
export function searchOf(
  message: string,
  asked: readonly string[],
  analyser: Analyser,
  condensed = '',
  languages: readonly string[] = ['en'],
): string {
  const own = wordsOf(message)
  const isStop = (one: string): boolean => languages.some((code) => analyser.isStopWord(one, code))
  const telling = own.filter((one) => !isStop(one))
  const query = [...own]
  const seen = new Set(own.map((one) => one.toLowerCase()))
  const carry = (text: string): void => {
    const carried = wordsOf(text).filter((one) => !isStop(one) && !seen.has(one.toLowerCase()))
    query.push(...carried.slice(0, carriedWordsMax))
  }
  if (condensed !== '') carry(condensed)
  else if (!isLong(telling)) carry(asked.at(-1) ?? '')
  return query.join(' ').slice(0, queryUnitsMax)
}

function wordsOf(text: string): string[] {
  return [...text.matchAll(word)].map(([found]) => found.replace(field, ''))
}

/** Scripts without spaces give one long word for many. */
function isLong(words: readonly string[]): boolean {
  const units = words.reduce(
    (sum, one) => sum + (/[^\0-\u0dff\uac00-\ud7a3]/.test(one) ? one.length / 2 : 1),
    0,
  )
  return units >= ownWordsMin
}
