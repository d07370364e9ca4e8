/** Which languages a library is written in, counted again only when documents came or went. */
import type { Db } from '../base/sqlite.ts'
import { epochOf } from './vector-changes.ts'

const selectLanguages = `SELECT language FROM documents WHERE revision > 0 AND language IS NOT NULL
  GROUP BY language ORDER BY sum(passages) DESC LIMIT ?`

interface Counted {
  readonly epoch: number
  readonly languages: readonly string[]
}

/** Made once a thread. It remembers language codes by open file; a closed file is forgotten with its handle. */
export class LibraryLanguages {
  readonly #languagesMax: number
  readonly #counted = new WeakMap<Db, Counted>()

  /** @param languagesMax how many languages a library has at most; the rarer ones do not count */
  constructor(languagesMax: number) {
    this.#languagesMax = languagesMax
  }

  /** The languages of what can be searched, the most common first: a query is analysed for each. */
  of(app: Db): readonly string[] {
    // Every publication and every delete raises the epoch; counting a hundred thousand documents takes ten milliseconds.
    const epoch = epochOf(app)
    const known = this.#counted.get(app)
    if (known?.epoch === epoch) return known.languages
    const rows = app.all<{ language: string }>(selectLanguages, this.#languagesMax)
    const languages = rows.map((row) => row.language)
    this.#counted.set(app, { epoch, languages })
    return languages
  }
}
