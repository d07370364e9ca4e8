/** Footnotes or endnotes of a DOCX, by id (ECMA-376, part 1, 17.11). */

import { tooMuchText } from '../limits.ts'
import { cleanBlock } from '../markup/clean-block.ts'
import { type Attributes, attribute, type TagHandler } from '../markup/parser.ts'

/** Reads `footnotes.xml` or `endnotes.xml`, then answers. */
export class DocxNotes implements TagHandler {
  readonly #charactersMax: number
  readonly #texts = new Map<string, string>()
  #id: string | undefined
  #text = ''
  #isText = false
  #characters = 0

  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax
  }

  /** Undefined for a note that is not there. */
  find(id: string): string | undefined {
    return this.#texts.get(id)
  }

  text(data: string): void {
    if (!this.#isText) return
    this.#characters += data.length
    if (this.#characters > this.#charactersMax) throw tooMuchText(this.#charactersMax)
    this.#text += data
  }

  open(name: string, attributes: Attributes): void {
    if (name === 'footnote' || name === 'endnote') this.#begin(attributes)
    else if (name === 't') this.#isText = true
    else if (name === 'tab' || name === 'br') this.#text += ' '
  }

  close(name: string): void {
    if (name === 't') this.#isText = false
    else if (name === 'p') this.#text += '\n'
    else if (name === 'footnote' || name === 'endnote') this.#end()
  }

  #begin(attributes: Attributes): void {
    // The lines between text and notes are kept as notes too, with a type.
    const isNote = (attribute(attributes, 'type') ?? 'normal') === 'normal'
    this.#id = isNote ? attribute(attributes, 'id') : undefined
    this.#text = ''
  }

  #end(): void {
    if (this.#id !== undefined) this.#texts.set(this.#id, cleanBlock(this.#text).trim())
    this.#id = undefined
  }
}
