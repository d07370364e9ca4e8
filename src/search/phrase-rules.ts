/** Which passages obey the phrases of a query: as they were typed, or in other forms of their words. */
import type { Analyser } from './analysis/analyser.ts'
import type { PassageText } from './passage-texts.ts'
import { PhraseMatcher, phraseMatcher } from './phrase.ts'
import type { PhraseRule } from './query-plan.ts'

export class PhraseRules {
  readonly #rules: readonly PhraseRule[]
  readonly #analyser: Analyser
  readonly #typed: readonly PhraseMatcher[]
  /** By the language of the passage: it decides what a form of a word is. */
  readonly #inForms = new Map<string, readonly PhraseMatcher[]>()

  constructor(rules: readonly PhraseRule[], analyser: Analyser) {
    this.#rules = rules
    this.#analyser = analyser
    this.#typed = rules.map(({ words }) => new PhraseMatcher(words, analyser.classes))
  }

  areObeyed(passage: PassageText): boolean {
    return this.#rules.every((rule, at) => isIn(passage, rule, this.#typed[at]) !== rule.isNegated)
  }

  /** What must not stand is only what was typed. */
  areObeyedInForms(passage: PassageText): boolean {
    const inForms = this.#matchersIn(passage.language)
    return this.#rules.every((rule, at) =>
      rule.isNegated ? !isIn(passage, rule, this.#typed[at]) : isIn(passage, rule, inForms[at]),
    )
  }

  #matchersIn(language: string): readonly PhraseMatcher[] {
    let matchers = this.#inForms.get(language)
    if (!matchers) {
      matchers = this.#rules.map(({ words }) => phraseMatcher(words, language, this.#analyser))
      this.#inForms.set(language, matchers)
    }
    return matchers
  }
}

function isIn(
  { text, title, section }: PassageText,
  { field }: PhraseRule,
  matcher: PhraseMatcher | undefined,
): boolean {
  const fields = field === 'title' ? [title] : [text, title, ...section]
  return fields.some((one) => matcher?.isIn(one))
}
