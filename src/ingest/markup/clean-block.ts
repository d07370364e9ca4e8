/** Cleans one block of a document that may be of any length. */
import { cleanText } from '../clean.ts'

/** No writer means so many blanks; cleaning takes time with the square of their number. */
const endlessBlank = /\s{100,}/g

/** As `cleanText`, with endless runs of white space shortened first. */
export function cleanBlock(text: string): string {
  return cleanText(text.replace(endlessBlank, (blank) => (blank.includes('\n') ? '\n\n' : ' ')))
}

/** A title, a cell, a name: no line ends, no blanks at its ends. */
export function cleanLine(text: string): string {
  return cleanBlock(text).replace(/\s+/g, ' ').trim()
}
