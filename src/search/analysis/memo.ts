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
  #texts: TermTexts | undefined

  constructor(terms: readonly Term[], parts: readonly Term[]) {
    this.terms = terms
    this.parts = parts
    this.only = terms.length === 1 && parts.length === 0 ? terms[0] : undefined
  }

  /** The same object each time: a text that is shown has its words looked at one by one. */
  get texts(): TermTexts {
    this.#texts ??= { terms: this.terms.map(textOf), parts: this.parts.map(textOf) }
    return this.#texts
  }
}

export interface TermTexts {
  readonly terms: readonly string[]
  readonly parts: readonly string[]
}

function textOf({ text }: Term): string {
  return text
}

type Generation = Map<string, Map<string, MemoEntry>>

export class WordMemo {
  #young: Generation = new Map()
  #old: Generation = new Map()
  #terms = new Map<string, Term>()
  #size = 0
  /** The young words of the language asked for last: nearly always the next one too. */
  #code = ''
  #words = new Map<string, MemoEntry>()

  get(word: string, language: Language): MemoEntry {
    if (language.code !== this.#code) this.#enter(language.code)
    return this.#words.get(word) ?? this.#add(word, language)
  }

  #enter(code: string): void {
    this.#code = code
    this.#words = this.#young.get(code) ?? new Map()
    this.#young.set(code, this.#words)
  }

  #add(word: string, language: Language): MemoEntry {
    if (this.#size >= wordsMax) {
      this.#old = this.#young
      this.#young = new Map()
      this.#terms = new Map()
      this.#size = 0
      this.#enter(language.code)
    }
    const own = ownCopy(word.slice(0, wordUnitsMax))
    const entry = this.#old.get(language.code)?.get(own) ?? this.#analyse(own, language)
    this.#words.set(own, entry)
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

/** A piece cut from a text keeps the whole text in memory (V8's sliced strings); what is remembered must not. */
function ownCopy(word: string): string {
  return word.length < 13 ? word : Buffer.from(word, 'utf16le').toString('utf16le')
}
