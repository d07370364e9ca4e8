/**
 * A light stemmer for Bulgarian after Nakov's rules (article, plural, final vowels). Our own because the package's
 * assigns to characters of a string and throws on the words where it would have to.
 */

/** Longest first; the least length a word must have, in letters, and what replaces the ending. */
type Rule = readonly [ending: string, lengthMin: number, replacement: string]
const articles: readonly Rule[] = [
  ['ият', 7, ''],
  ['ът', 6, ''],
  ['то', 6, ''],
  ['те', 6, ''],
  ['та', 6, ''],
  ['ия', 6, ''],
  ['ят', 5, ''],
]
const plurals: readonly Rule[] = [
  ['овци', 7, 'о'],
  ['ове', 7, ''],
  ['еве', 7, 'й'],
  ['ища', 6, ''],
  ['та', 6, ''],
  ['ци', 6, 'к'],
  ['зи', 6, 'г'],
  ['си', 5, 'х'],
  ['и', 5, ''],
]

/** @param word in lower case */
export function stemBulgarian(word: string): string {
  if (word.length < 4) return word
  if (word.length > 5 && word.endsWith('ища')) return word.slice(0, -3)
  let stem = replaceEnding(replaceEnding(word, articles), plurals)
  if (stem.length > 3) stem = stem.replace(/я$/, '').replace(/[аое]$/, '')
  if (stem.length > 4) stem = stem.replace(/ен$/, 'н')
  return stem.length > 5 ? stem.replace(/ъ(.)$/, '$1') : stem
}

function replaceEnding(word: string, rules: readonly Rule[]): string {
  for (const [ending, lengthMin, replacement] of rules)
    if (word.length >= lengthMin && word.endsWith(ending))
      return word.slice(0, -ending.length) + replacement
  return word
}
