/** What people type into a search box, as a tree. Anything can be typed: there is no syntax error. */

/** Where a clause looks. */
export type QueryField = 'any' | 'title'

/** `word` may hold several words (well-known, 図書館で): the analyser cuts it. A phrase is what stood in quotes. */
export interface QueryClause {
  readonly kind: 'word' | 'phrase' | 'prefix'
  readonly text: string
  readonly field: QueryField
  readonly isNegated: boolean
}

export interface PageRange {
  readonly first: number
  readonly last: number
}

export interface ParsedQuery {
  readonly clauses: readonly QueryClause[]
  /** For the caller: these need tables that the index knows nothing of. Any of the pages; all of the tags. */
  readonly tags: readonly string[]
  readonly excludedTags: readonly string[]
  readonly pages: readonly PageRange[]
}

/** The rest of a longer query is ignored: it is a pasted text, and its beginning says what it is about. In UTF-16 units. */
export const queryUnitsMax = 10_000
/** Only the rarest words of a long query are searched; more than this many need not be looked up to find them. */
const clausesMax = 512
/** Every phrase is verified on stored text; further ones are searched as words. */
const phrasesMax = 8
/** Every prefix walks through the dictionary; further ones are searched as words. */
const prefixesMax = 8
const prefixCharactersMin = 2
const filtersMax = 32
/**
 * What has more words is not an expression but a text that somebody pasted: its quotation marks quote and its dashes
 * are dashes. Taken as conditions they would leave nothing.
 */
export const expressionWordsMax = 32

const opening = '"“”„‟«»＂'
const quotes = /["“”„‟«»＂]/g
const fieldPrefix = /^(title|tag|page):(?=\S)/i
const pageValue = /^(\d{1,7})(?:-(\d{1,7}))?$/
const whitespace = /\s/

/** What a question is about: not the words that it excludes, nor its filters. */
export function wantedText({ clauses }: ParsedQuery): string {
  return clauses.flatMap(({ text, isNegated }) => (isNegated ? [] : [text])).join(' ')
}

/** @returns clauses in the order typed, at most 512 */
export function parseQuery(text: string): ParsedQuery {
  const analysed = text.slice(0, queryUnitsMax).toWellFormed()
  const words = analysed.split(/\s+/).filter((word) => word !== '')
  if (words.length > expressionWordsMax)
    return { clauses: words.slice(0, clausesMax).map(plainWord), ...noFilters }
  const parser = new QueryParser(analysed)
  parser.parse()
  return {
    clauses: parser.clauses,
    tags: parser.tags,
    excludedTags: parser.excludedTags,
    pages: parser.pages,
  }
}

const noFilters = { tags: [], excludedTags: [], pages: [] }

function plainWord(text: string): QueryClause {
  return { kind: 'word', text, field: 'any', isNegated: false }
}

interface Chunk {
  readonly text: string
  readonly isQuoted: boolean
}

class QueryParser {
  readonly clauses: QueryClause[] = []
  readonly tags: string[] = []
  readonly excludedTags: string[] = []
  readonly pages: PageRange[] = []
  readonly #text: string
  #at = 0
  #phrases = 0
  #prefixes = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): void {
    while (this.clauses.length < clausesMax) {
      while (this.#at < this.#text.length && whitespace.test(this.#text[this.#at] ?? '')) this.#at++
      if (this.#at >= this.#text.length) return
      this.#clause()
    }
  }

  #clause(): void {
    const isNegated = this.#minus()
    const field = fieldPrefix.exec(this.#text.slice(this.#at, this.#at + 8))
    if (field) this.#at += field[0].length
    const name = field?.[1]?.toLowerCase()
    const chunk = this.#chunk()
    if (chunk.text.trim() === '') return
    if (name === 'tag') this.#tag(chunk.text.trim(), isNegated)
    else if (name !== 'page') this.#add(chunk, name === 'title' ? 'title' : 'any', isNegated)
    else if (!this.#page(chunk.text)) this.#word(`page:${chunk.text}`, 'any', isNegated)
  }

  /** A minus excludes only before a letter, a quote or a field: "-5 °C" and "--flag" are words like any other. */
  #minus(): boolean {
    const rest = this.#text.slice(this.#at, this.#at + 3)
    const isNegated = /^-[\p{L}"“”„‟«»＂]/u.test(rest)
    if (isNegated) this.#at++
    return isNegated
  }

  /** What stands in quotes, if they are closed, else everything up to the next space. */
  #chunk(): Chunk {
    const text = this.#text
    if (opening.includes(text[this.#at] ?? ' ')) {
      quotes.lastIndex = this.#at + 1
      const closing = quotes.exec(text)
      if (closing) {
        const start = this.#at + 1
        this.#at = closing.index + 1
        return { text: text.slice(start, closing.index), isQuoted: true }
      }
    }
    const start = this.#at
    while (this.#at < text.length && !whitespace.test(text[this.#at] ?? '')) this.#at++
    return { text: text.slice(start, this.#at), isQuoted: false }
  }

  #tag(tag: string, isNegated: boolean): void {
    const tags = isNegated ? this.excludedTags : this.tags
    if (tags.length < filtersMax) tags.push(tag)
  }

  #page(value: string): boolean {
    const numbers = pageValue.exec(value)
    if (!numbers) return false
    const first = Number(numbers[1])
    const last = Number(numbers[2] ?? numbers[1])
    if (this.pages.length < filtersMax)
      this.pages.push({ first: Math.min(first, last), last: Math.max(first, last) })
    return true
  }

  #add({ text, isQuoted }: Chunk, field: QueryField, isNegated: boolean): void {
    // Habits from other search engines; words are alternatives here, and those with more of them come first.
    if (!isQuoted && (text === 'AND' || text === 'OR')) return
    if (isQuoted && this.#phrases < phrasesMax) {
      this.#phrases++
      this.clauses.push({ kind: 'phrase', text, field, isNegated })
      return
    }
    if (isQuoted) {
      for (const word of text.split(/\s+/)) this.#word(word, field, isNegated)
      return
    }
    const stem = text.replace(/\*+$/, '')
    const isPrefix = stem !== text && [...stem].length >= prefixCharactersMin
    if (isPrefix && this.#prefixes < prefixesMax) {
      this.#prefixes++
      this.clauses.push({ kind: 'prefix', text: stem, field, isNegated })
    } else this.#word(stem, field, isNegated)
  }

  #word(text: string, field: QueryField, isNegated: boolean): void {
    if (text !== '' && this.clauses.length < clausesMax)
      this.clauses.push({ kind: 'word', text, field, isNegated })
  }
}
