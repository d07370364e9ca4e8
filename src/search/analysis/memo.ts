/** A bounded memory of words and their terms, so that a word is stemmed once and not at every occurrence. */
import type { Language } from './language.ts'
import { wordTerms, wordUnitsMax } from './words.ts'

/** Two generations of this many words, all languages together: about twenty megabytes a thread at most. */
const wordsMax = 60_000

/** A term, the same object wherever the memory still knows it, so that a writer can leave a note on it. */
export class Term {
  readonly text: string
  /** The writer's own note: the mark of the batch that numbered it, and its number there. */
  batch: object | undefined = undefined
  slot = 0

  constructor(text: string) {
    this.text = text
  }
}

export class MemoEntry {
  readonly terms: readonly Term[]
  readonly parts: readonly Term[]
  /** The usual word has one term and nothing else: this one, else undefined. */
  readonly only: Term | undefined

  constructor(terms: readonly Term[], parts: readonly Term[]) {
    this.terms = terms
    this.parts = parts
    this.only = terms.length === 1 && parts.length === 0 ? terms[0] : undefined
  }
}

type Generation = Map<string, Map<string, MemoEntry>>

export class WordMemo {
  #young: Generation = new Map()
  #old: Generation = new Map()
  #terms = new Map<string, Term>()
  #size = 0

  get(word: string, language: Language): MemoEntry {
    return this.#young.get(language.code)?.get(word) ?? this.#add(word, language)
  }

  #add(word: string, language: Language): MemoEntry {
    if (this.#size >= wordsMax) {
      this.#old = this.#young
      this.#young = new Map()
      this.#terms = new Map()
      this.#size = 0
    }
    let words = this.#young.get(language.code)
    if (!words) {
      words = new Map()
      this.#young.set(language.code, words)
    }
    const entry = this.#old.get(language.code)?.get(word) ?? this.#analyse(word, language)
    // Cut, so that a key never keeps a whole document alive or is as long as one.
    words.set(word.length > wordUnitsMax ? word.slice(0, wordUnitsMax) : word, entry)
    this.#size++
    return entry
  }

  #analyse(word: string, language: Language): MemoEntry {
    const { terms, parts } = wordTerms(word, language)
    return new MemoEntry(terms.map(this.#term), parts.map(this.#term))
  }

  readonly #term = (text: string): Term => {
    let term = this.#terms.get(text)
    if (!term) {
      term = new Term(text)
      this.#terms.set(text, term)
    }
    return term
  }
}
