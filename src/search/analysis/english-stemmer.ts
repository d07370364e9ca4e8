/**
 * The Snowball stemmer for English ("Porter2", snowballstem.org/algorithms/english). Our own because the package's
 * is the older Porter algorithm with a fault: it takes "sion" and "tion" off where only "ion" goes (adoption, adopt).
 */

const vowels = 'aeiouy'
const special: Readonly<Record<string, string>> = {
  skis: 'ski',
  skies: 'sky',
  dying: 'die',
  lying: 'lie',
  tying: 'tie',
  idly: 'idl',
  gently: 'gentl',
  ugly: 'ugli',
  early: 'earli',
  only: 'onli',
  singly: 'singl',
}
const unchanged = new Set(['sky', 'news', 'howe', 'atlas', 'cosmos', 'bias', 'andes'])
const unchangedAfterPlural = new Set(
  'inning outing canning herring earring proceed exceed succeed'.split(' '),
)
/** Beginnings after which the first region starts at once, so that "general" and "generation" stay apart. */
const prefixes = ['gener', 'commun', 'arsen', 'past', 'univers', 'later', 'emerg', 'organ']
const doubles = new Set(['bb', 'dd', 'ff', 'gg', 'mm', 'nn', 'pp', 'rr', 'tt'])

/** Suffix and what replaces it, longest first within a step. */
type Rule = readonly [suffix: string, replacement: string]
/** By the last letter of the suffix: most words end in a letter that few suffixes have. */
type Rules = ReadonlyMap<string, readonly Rule[]>
const secondStep = byLastLetter([
  ['ational', 'ate'],
  ['fulness', 'ful'],
  ['iveness', 'ive'],
  ['ization', 'ize'],
  ['ousness', 'ous'],
  ['biliti', 'ble'],
  ['lessli', 'less'],
  ['tional', 'tion'],
  ['alism', 'al'],
  ['aliti', 'al'],
  ['ation', 'ate'],
  ['entli', 'ent'],
  ['fulli', 'ful'],
  ['iviti', 'ive'],
  ['ousli', 'ous'],
  ['abli', 'able'],
  ['alli', 'al'],
  ['anci', 'ance'],
  ['ator', 'ate'],
  ['enci', 'ence'],
  ['izer', 'ize'],
  ['bli', 'ble'],
  ['ogi', 'og'],
  ['li', ''],
])
const thirdStep = byLastLetter([
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['alize', 'al'],
  ['ative', ''],
  ['icate', 'ic'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ness', ''],
  ['ful', ''],
])
const fourthStep = byLastLetter(
  'ement able ance ence ible ment ant ate ent ion ism iti ive ize ous al er ic'
    .split(' ')
    .map((suffix): Rule => [suffix, '']),
)

function byLastLetter(rules: readonly Rule[]): Rules {
  return Map.groupBy(rules, ([suffix]) => suffix.at(-1) ?? '')
}

/** @param word in lower case; anything but a to z is a consonant */
export function stemEnglish(word: string): string {
  if (word.length < 3 || unchanged.has(word)) return word
  const known = Object.hasOwn(special, word) ? special[word] : undefined
  if (known !== undefined) return known
  const marked = markConsonantY(word)
  const first = firstRegion(marked)
  const second = regionAfter(marked, first)
  let stem = plural(marked)
  if (unchangedAfterPlural.has(stem)) return stem
  stem = finalY(pastAndGerund(stem, first))
  stem = replaceSuffix(stem, secondStep, first, second)
  stem = replaceSuffix(stem, thirdStep, first, second)
  stem = finalLetter(dropSuffix(stem, second), first, second)
  return stem.includes('Y') ? stem.toLowerCase() : stem
}

/** A y at the start or after a vowel is a consonant, written Y until the end. */
function markConsonantY(word: string): string {
  if (!word.includes('y')) return word
  let marked = ''
  for (let i = 0; i < word.length; i++) {
    const isConsonant = word[i] === 'y' && (i === 0 || isVowel(marked, i - 1))
    marked += isConsonant ? 'Y' : word[i]
  }
  return marked
}

function isVowel(word: string, at: number): boolean {
  return at >= 0 && at < word.length && vowels.includes(word[at] as string)
}

function hasVowel(word: string, end: number): boolean {
  for (let i = 0; i < end; i++) if (isVowel(word, i)) return true
  return false
}

/** What follows the first consonant after a vowel. */
function regionAfter(word: string, from: number): number {
  for (let i = from + 1; i < word.length; i++)
    if (!isVowel(word, i) && isVowel(word, i - 1) && i - 1 >= from) return i + 1
  return word.length
}

function firstRegion(word: string): number {
  const prefix = prefixes.find(
    (start) => word.charCodeAt(0) === start.charCodeAt(0) && word.startsWith(start),
  )
  return prefix ? prefix.length : regionAfter(word, 0)
}

function plural(word: string): string {
  if (word.endsWith('sses')) return word.slice(0, -2)
  if (word.endsWith('ied') || word.endsWith('ies')) return word.slice(0, word.length > 4 ? -2 : -1)
  if (!word.endsWith('s') || word.endsWith('us') || word.endsWith('ss')) return word
  return hasVowel(word, word.length - 2) ? word.slice(0, -1) : word
}

function pastAndGerund(word: string, first: number): string {
  if (!'dgy'.includes(word[word.length - 1] ?? ' ')) return word
  for (const suffix of ['eedly', 'eed'])
    if (word.endsWith(suffix))
      return word.length - suffix.length >= first
        ? `${word.slice(0, word.length - suffix.length)}ee`
        : word
  for (const suffix of ['ingly', 'edly', 'ing', 'ed'])
    if (word.endsWith(suffix)) {
      const stem = word.slice(0, word.length - suffix.length)
      return hasVowel(stem, stem.length) ? repairEnd(stem, first) : word
    }
  return word
}

/** After "ed" or "ing" went: hop(ping) loses a letter, hop(ing) gains an e. */
function repairEnd(stem: string, first: number): string {
  const end = stem.slice(-2)
  if (end === 'at' || end === 'bl' || end === 'iz') return `${stem}e`
  if (doubles.has(end)) return stem.slice(0, -1)
  return first >= stem.length && endsShort(stem, stem.length) ? `${stem}e` : stem
}

/** Ends in a short syllable: consonant, vowel, consonant other than w, x, Y; or a vowel and a consonant alone. */
function endsShort(word: string, end: number): boolean {
  if (end === 2) return isVowel(word, 0) && !isVowel(word, 1)
  return (
    end > 2 &&
    !isVowel(word, end - 3) &&
    isVowel(word, end - 2) &&
    !isVowel(word, end - 1) &&
    !'wxY'.includes(word[end - 1] as string)
  )
}

function finalY(word: string): string {
  const last = word.length - 1
  const isFinalY = word[last] === 'y' || word[last] === 'Y'
  return isFinalY && last > 1 && !isVowel(word, last - 1) ? `${word.slice(0, last)}i` : word
}

function replaceSuffix(word: string, rules: Rules, first: number, second: number): string {
  for (const [suffix, replacement] of rules.get(word[word.length - 1] ?? '') ?? []) {
    if (!word.endsWith(suffix)) continue
    const start = word.length - suffix.length
    const before = word[start - 1] ?? ''
    const applies =
      start >= first &&
      (suffix !== 'ogi' || before === 'l') &&
      (suffix !== 'li' || 'cdeghkmnrt'.includes(before)) &&
      (suffix !== 'ative' || start >= second)
    return applies && before !== '' ? word.slice(0, start) + replacement : word
  }
  return word
}

function dropSuffix(word: string, second: number): string {
  for (const [suffix] of fourthStep.get(word[word.length - 1] ?? '') ?? []) {
    if (!word.endsWith(suffix)) continue
    const start = word.length - suffix.length
    const applies = start >= second && (suffix !== 'ion' || 'st'.includes(word[start - 1] ?? '-'))
    return applies ? word.slice(0, start) : word
  }
  return word
}

function finalLetter(word: string, first: number, second: number): string {
  const last = word.length - 1
  if (word.endsWith('e'))
    return last >= second || (last >= first && !endsShort(word, last)) ? word.slice(0, last) : word
  return word.endsWith('ll') && last >= second ? word.slice(0, last) : word
}
