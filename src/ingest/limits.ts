/** Stops a document that gives more than a library should take. */
import { ExtractError } from './contract.ts'
import type { ExtractInput } from './extraction.ts'

/** Counts one document's pages and characters. */
export interface LimitCheck {
  /** @throws ExtractError `too_much_text` or `too_many_pages` */
  page(characters: number): void
}

/** UTF-16 units of one page: more is no page but a way to use up memory. */
export const pageCharactersMax = 1_000_000

export function checkLimits({
  charactersMax,
  pagesMax,
}: Pick<ExtractInput, 'charactersMax' | 'pagesMax'>): LimitCheck {
  let pages = 0
  let total = 0
  return {
    page(characters) {
      total += characters
      if (++pages > pagesMax) throw tooManyPages(pagesMax)
      if (total > charactersMax) throw tooMuchText(charactersMax)
      if (characters > pageCharactersMax) throw tooMuchText(pageCharactersMax)
    },
  }
}

export function tooManyPages(pagesMax: number): ExtractError {
  return new ExtractError(
    'too_many_pages',
    `The document has more than ${pagesMax} pages: split it and upload the parts.`,
  )
}

export function tooMuchText(charactersMax: number): ExtractError {
  return new ExtractError(
    'too_much_text',
    `The document has more than ${charactersMax} characters of text: split it and upload the parts.`,
  )
}

export function outOfMemory(): ExtractError {
  return new ExtractError(
    'out_of_memory',
    'Reading the document took more memory than allowed. Split it, or save it again in a simpler form, and upload that.',
  )
}
