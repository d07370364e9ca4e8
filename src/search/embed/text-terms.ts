/** The terms of a text as the embedder counts them: those of the keyword index without the words that say nothing. */
import type { Analyser, TermSink } from '../analysis/analyser.ts'
import { languageOf, stopWordsOf } from '../analysis/registry.ts'

/** Counts terms; made once a thread, it remembers the stop words of languages and nothing of a library. */
export class TermCounter {
  readonly #analyser: Analyser
  readonly #stopTerms = new Map<string, ReadonlySet<string>>()

  constructor(analyser: Analyser) {
    this.#analyser = analyser
  }

  /** @param language as the text is indexed */
  count(text: string, language: string): Map<string, number> {
    const counts = new Map<string, number>()
    const stopTerms = this.#stopTermsOf(language)
    const sink: TermSink = {
      term: ({ text: term }) => {
        if (!stopTerms.has(term)) counts.set(term, (counts.get(term) ?? 0) + 1)
      },
    }
    this.#analyser.index(text, language, sink)
    return counts
  }

  /** A query as each of the languages reads it: a term counts as often as the one that sees it most says. */
  countQuery(text: string, languages: readonly string[]): Map<string, number> {
    const counts = new Map<string, number>()
    for (const language of languages)
      for (const [term, count] of this.count(text, language))
        counts.set(term, Math.max(count, counts.get(term) ?? 0))
    return counts
  }

  #stopTermsOf(code: string): ReadonlySet<string> {
    const language = languageOf(code)
    let terms = this.#stopTerms.get(language.code)
    if (!terms) {
      const words = [...stopWordsOf(language)]
      terms = new Set(words.flatMap((word) => this.#analyser.terms(word, language.code)))
      this.#stopTerms.set(language.code, terms)
    }
    return terms
  }
}
