/** From what was typed to what is looked up: every word once per language of the library, its spellings as synonyms. */
import type { Analyser, Token } from './analysis/analyser.ts'
import { type NearTerms, nearTermsOf } from './near-terms.ts'
import { expressionWordsMax, type ParsedQuery, type QueryClause, type QueryField } from './query.ts'

/** One word of the query with everything that counts as it. */
export interface WordGroup {
  /** As typed. */
  readonly text: string
  /** Index terms; whichever a passage has, it is the same word, and counts once. */
  readonly terms: readonly string[]
  /** Terms that begin with this belong too, besides `terms`. */
  readonly prefix: string | undefined
  readonly field: QueryField
  /** `should` raises the score; a passage without a `must` or with a `not` is no hit. */
  readonly role: 'should' | 'must' | 'not'
  /** How often the query says it. */
  readonly occurrences: number
  /**
   * For a word that may be taken for another when the library has none of its terms: what one fault in its later letters
   * would have made of terms. (Faults at its beginning show in the term itself; those in an ending hide the stem.)
   */
  readonly nearTerms: NearTerms | undefined
}

/** Words that must stand (or must not stand) next to each other. */
export interface PhraseRule {
  /** Folded, without stemming; characters in scripts without spaces. */
  readonly words: readonly string[]
  readonly field: QueryField
  readonly isNegated: boolean
}

export interface QueryPlan {
  readonly groups: readonly WordGroup[]
  readonly phrases: readonly PhraseRule[]
}

/** Further languages of a library are rare in it, and each costs a look-up per word. */
const languagesMax = 6
const hyphenated = /^[\p{L}\p{N}]+(?:[-\u2010\u2011][\p{L}\p{N}]+){1,3}$/u
const hasDigit = /\p{N}/u
const han = /\p{sc=Han}/u
const unspaced = /[\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Mymr}\p{sc=Han}]/u

/** @param languages of the passages searched, the most common first; the first six count */
export function planQuery(
  { clauses }: ParsedQuery,
  languages: readonly string[],
  analyser: Analyser,
): QueryPlan {
  const known = languages.length > 0 ? languages.slice(0, languagesMax) : ['und']
  const isText = clauses.length > expressionWordsMax
  const planner = new Planner([...new Set(known)], analyser, isText)
  for (const clause of clauses) planner.add(clause)

  return planner.plan()
}

/** A token with its terms in all languages. */
interface Word {
  readonly text: string
  readonly terms: Set<string>
  readonly parts: Set<string>
  readonly isExtra: boolean
}

interface Candidate {
  readonly group: WordGroup
  /** For the decision about stop words: the token as typed, in a clause that is merely a word. */
  readonly plainText: string | undefined
}

class Planner {
  readonly #languages: readonly string[]
  readonly #analyser: Analyser
  /** A pasted text has words enough; those that the library does not have are no typing errors. */
  readonly #isText: boolean
  readonly #candidates: Candidate[] = []
  readonly #phrases: PhraseRule[] = []

  constructor(languages: readonly string[], analyser: Analyser, isText: boolean) {
    this.#isText = isText
    this.#languages = languages
    this.#analyser = analyser
  }

  add(clause: QueryClause): void {
    if (clause.kind === 'phrase') this.#phrase(clause)
    else if (clause.kind === 'prefix') this.#prefix(clause)
    else if (clause.isNegated) this.#negatedWord(clause)
    else this.#word(clause)
  }

  plan(): QueryPlan {
    const groups = new Map<string, WordGroup>()
    const required = new Set<string>()
    for (const group of this.#withoutStopWords()) {
      const key = `${group.field} ${group.prefix ?? ''} ${[...group.terms].sort().join(' ')}`
      if (group.role === 'must') required.add(key)
      const found = groups.get(`${group.role} ${key}`)
      const occurrences = (found?.occurrences ?? 0) + 1
      groups.set(`${group.role} ${key}`, { ...(found ?? group), occurrences })
    }
    // What must be there raises the score as well: the same word as an alternative would count twice.
    for (const key of required) groups.delete(`should ${key}`)
    return { groups: [...groups.values()], phrases: this.#phrases }
  }

  #word({ text, field }: QueryClause): void {
    for (const word of this.#words(text)) {
      const isWhole = !word.isExtra
      this.#push(word.text, [...word.terms], field, isWhole ? word.text : undefined)
      for (const part of word.parts) this.#push(part, [part], field, undefined)
    }
    if (hyphenated.test(text)) this.#joined(text, field)
  }

  /** e-mail is also looked for as email; one of the two is what the library writes. */
  #joined(text: string, field: QueryField): void {
    const [word] = this.#words(text.replace(/[-\u2010\u2011]/g, ''))
    if (word && field === 'any') this.#push(text, [...word.terms], field, undefined)
  }

  #push(text: string, terms: string[], field: QueryField, plainText: string | undefined): void {
    if (terms.length === 0) return
    const role = field === 'title' ? 'must' : 'should'
    const mayBeTypo =
      !this.#isText &&
      plainText !== undefined &&
      field === 'any' &&
      !hasDigit.test(text) &&
      !unspaced.test(text)
    const [language = 'und'] = this.#languages
    const nearTerms = mayBeTypo ? nearTermsOf(text, language) : undefined
    this.#candidates.push({
      group: { text, terms, prefix: undefined, field, role, occurrences: 1, nearTerms },
      plainText: field === 'any' ? plainText : undefined,
    })
  }

  #negatedWord(clause: QueryClause): void {
    const words = this.#words(clause.text).filter((word) => !word.isExtra)
    const [only] = words
    if (only && words.length === 1) this.#constrain(only.text, [...only.terms], clause.field, 'not')
    else this.#phrase(clause)
  }

  #phrase({ text, field, isNegated }: QueryClause): void {
    const words = this.#analyser.plainWords(text)
    if (words.length === 0) return
    this.#phrases.push({ words, field, isNegated })
    if (isNegated) return
    for (const word of this.#words(text)) {
      // Where the segmenter decides what a word is, it may decide otherwise in the sentence: only pairs are certain.
      const isCertain = unspaced.test(word.text)
        ? han.test(word.text) && [...word.text].length === 2 && !/[^\p{sc=Han}]/u.test(word.text)
        : !word.isExtra
      this.#constrain(word.text, [...word.terms], 'any', isCertain ? 'must' : 'should')
    }
  }

  #prefix({ text, field, isNegated }: QueryClause): void {
    const words = this.#analyser.plainWords(text)
    const [prefix] = words
    if (prefix === undefined || words.length > 1) {
      this.add({ kind: 'word', text, field, isNegated })
      return
    }
    const terms = [...(this.#words(text)[0]?.terms ?? [])]
    const role = isNegated ? 'not' : field === 'title' ? 'must' : 'should'
    this.#candidates.push({
      group: { text: `${text}*`, terms, prefix, field, role, occurrences: 1, nearTerms: undefined },
      plainText: undefined,
    })
  }

  #constrain(text: string, terms: string[], field: QueryField, role: WordGroup['role']): void {
    if (terms.length > 0)
      this.#candidates.push({
        group: {
          text,
          terms,
          prefix: undefined,
          field,
          role,
          occurrences: 1,
          nearTerms: undefined,
        },
        plainText: undefined,
      })
  }

  /** Tokens of the text, each with its terms in every language. */
  #words(text: string): Word[] {
    const words = new Map<string, Word>()
    for (const language of this.#languages)
      for (const token of this.#analyser.tokens(text, language)) {
        const key = `${token.start} ${token.end}`
        const word = words.get(key) ?? newWord(text, token)
        for (const term of token.terms) word.terms.add(term)
        for (const part of token.parts) word.parts.add(part)
        words.set(key, word)
      }
    return [...words.values()]
  }

  /** Stop words go, unless there is nothing else. */
  #withoutStopWords(): WordGroup[] {
    const typed = this.#candidates.map((candidate) => candidate.plainText ?? '').filter(Boolean)
    const stopWords = new Set<string>()
    for (const language of this.#stopLanguages(typed))
      for (const text of typed) if (this.#analyser.isStopWord(text, language)) stopWords.add(text)
    const kept = this.#candidates.filter(({ plainText }) => !stopWords.has(plainText ?? ''))
    const isSearch = kept.some(({ group }) => group.role !== 'not')
    return (isSearch ? kept : this.#candidates).map(({ group }) => group)
  }

  /** The main language's; another's only where the query reads more like that one ("die" alone is English too). */
  #stopLanguages(typed: readonly string[]): string[] {
    const count = (language: string): number =>
      typed.filter((text) => this.#analyser.isStopWord(text, language)).length
    const [main = 'und', ...others] = this.#languages
    const least = Math.max(count(main) + 1, 2)
    return [main, ...others.filter((language) => count(language) >= least)]
  }
}

function newWord(text: string, token: Token): Word {
  return {
    text: text.slice(token.start, token.end),
    terms: new Set(),
    parts: new Set(),
    isExtra: token.isExtra,
  }
}
