/** What a mistyped ending hides: the terms of all words that are one fault in the later letters away. */
import { languageOf } from './analysis/registry.ts'
import { wordTerms } from './analysis/words.ts'

/** Letters taken to be right; terms that begin with them are looked through. */
const rightLetters = 3
const lengthMin = 6
const lengthMax = 24
const plain = /^[a-z]+$/
const letters = [...'abcdefghijklmnopqrstuvwxyz']

export interface NearTerms {
  /** What all of them begin with; empty where there are none. */
  readonly beginning: string
  /** @param mayBe rules out words whose terms nobody would find, before they are reduced to terms, which takes longest */
  terms(mayBe: (word: string) => boolean): ReadonlySet<string>
}

/** None for words with other letters than a to z, and for very short and very long ones. */
export function nearTermsOf(text: string, language: string): NearTerms {
  const word = text.toLowerCase()
  if (word.length < lengthMin || word.length > lengthMax || !plain.test(word)) return noTerms
  return {
    beginning: word.slice(0, rightLetters),
    terms: (mayBe) => {
      const known = languageOf(language)
      const terms = new Set<string>()
      for (const near of nearWords(word))
        if (mayBe(near)) for (const term of wordTerms(near, known).terms) terms.add(term)
      return terms
    },
  }
}

const noTerms: NearTerms = { beginning: '', terms: () => new Set() }

function* nearWords(word: string): Generator<string> {
  for (let at = rightLetters; at <= word.length; at++) {
    const before = word.slice(0, at)
    const rest = word.slice(at)
    yield before + rest.slice(1)
    if (rest.length > 1) yield before + rest[1] + rest[0] + rest.slice(2)
    for (const letter of letters) {
      yield before + letter + rest
      if (rest !== '') yield before + letter + rest.slice(1)
    }
  }
}
