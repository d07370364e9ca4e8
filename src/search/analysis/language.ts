/** What the analyser must know of a language. */

export interface Language {
  /** ISO 639-1. */
  readonly code: string
  /** From a clean word (lower case, with its diacritics) to its stem. */
  readonly stem?: (word: string) => string
  /** For `toLocaleLowerCase`, where the language's lower case is its own. */
  readonly locale?: string
  /** Articles and pronouns that lose a vowel and lean on the next word: what stands before the apostrophe goes. */
  readonly elided?: ReadonlySet<string>
  /** The opposite: a word ends at its apostrophe (English 's, Turkish case endings). */
  readonly endsAtApostrophe?: (ending: string) => boolean
  /** Words left out of a query, where they match everything; never left out of the index. Separated by spaces. */
  readonly stopWords?: string
}
