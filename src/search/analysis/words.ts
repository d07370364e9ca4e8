/** From one word to the terms it is indexed under. */
import { cleanWord, foldWord } from './folding.ts'
import type { Language } from './language.ts'

/** Longer words are cut: hashes and encoded data, not something to look for by its end. In UTF-16 units. */
export const wordUnitsMax = 64
const hangul = /^[\uac00-\ud7a3]{3,}$/
const nonAscii = /[^\0-\x7f]/

export interface WordTerms {
  /**
   * Spellings of the word; usually one. A word with diacritics may have two: its stem, and the stem of the word as
   * somebody types it who leaves them out (université, universite).
   */
  readonly terms: readonly string[]
  /** Pieces found beside the word: pairs of Korean syllables, because endings are glued to Korean words. */
  readonly parts: readonly string[]
}

/** @param word as it stands in a text, without spaces */
export function wordTerms(word: string, language: Language): WordTerms {
  const [first, ...others] = cleanWord(word.slice(0, wordUnitsMax), language.locale)
  if (first === undefined) return { terms: [], parts: [] }
  const terms = stems(leanWord(first, language), language)
  const rest = others.flatMap((other) => stems(leanWord(other, language), language))
  return { terms, parts: [...rest, ...terms.flatMap(syllablePairs)] }
}

/** The word as people compare it: folded, whole, apostrophes gone. Stop words are looked up by it. */
export function plainWord(word: string, language: Language): string {
  const [first = ''] = cleanWord(word.slice(0, wordUnitsMax), language.locale)
  return foldWord(leanWord(first, language))
}

/** Without what the language glues on by apostrophe. */
function leanWord(word: string, language: Language): string {
  if (!word.includes("'")) return word
  let lean = word
  const start = lean.indexOf("'")
  if (language.elided?.has(lean.slice(0, start)) && start < lean.length - 1)
    lean = lean.slice(start + 1)
  const end = lean.lastIndexOf("'")
  if (end > 0 && language.endsAtApostrophe?.(lean.slice(end + 1))) lean = lean.slice(0, end)
  return lean.replaceAll("'", '')
}

function stems(word: string, language: Language): string[] {
  const spelled = foldWord(stemSafely(word, language))
  if (!nonAscii.test(word) || !language.stem) return spelled === '' ? [] : [spelled]
  const bare = foldWord(word)
  const typed = bare === word ? spelled : foldWord(stemSafely(bare, language))
  return [...new Set([spelled, typed])].filter((term) => term !== '')
}

/** A stemmer meets whatever a file contains; where it fails or takes everything away, the word stays. */
function stemSafely(word: string, language: Language): string {
  if (!language.stem) return word
  try {
    return language.stem(word) || word
  } catch {
    return word
  }
}

function syllablePairs(word: string): string[] {
  if (!hangul.test(word)) return []
  return Array.from({ length: word.length - 1 }, (_, i) => word.slice(i, i + 2))
}
