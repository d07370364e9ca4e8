/** Paragraph styles of a DOCX: which are headings, which are items of a list (ECMA-376, part 1, 17.7). */
import type { TagHandler } from '../markup/parser.ts'
import { type Attributes, attribute } from '../markup/parser.ts'

const stylesMax = 10_000
const inheritanceMax = 20

export interface NumberingRef {
  readonly numId: string
  readonly level: number
}

interface Style {
  name: string
  basedOn: string | undefined
  outlineLevel: number | undefined
  numId: string | undefined
  numLevel: number | undefined
}

/** Reads `styles.xml`, then answers. */
export class DocxStyles implements TagHandler {
  readonly #styles = new Map<string, Style>()
  #current: Style | undefined

  open(name: string, attributes: Attributes): void {
    const value = attribute(attributes, 'val')
    if (name === 'style') this.#begin(attribute(attributes, 'styleId'))
    else if (this.#current && value !== undefined) note(this.#current, name, value)
  }

  close(name: string): void {
    if (name === 'style') this.#current = undefined
  }

  text(): void {}

  /** 1 for the highest heading; undefined for text. */
  headingLevel(styleId: string): number | undefined {
    for (const { name, outlineLevel } of this.#chain(styleId)) {
      if (outlineLevel !== undefined) return headingOf(outlineLevel)
      const level = /^heading ([1-9])$/i.exec(name)?.[1]
      if (level !== undefined) return Number(level)
      if (/^title$/i.test(name)) return 1
    }
    return undefined
  }

  numbering(styleId: string): NumberingRef | undefined {
    for (const { numId, numLevel } of this.#chain(styleId))
      if (numId !== undefined) return { numId, level: numLevel ?? 0 }
    return undefined
  }

  #begin(styleId: string | undefined): void {
    this.#current = undefined
    if (styleId === undefined || this.#styles.size >= stylesMax) return
    this.#current = {
      name: '',
      basedOn: undefined,
      outlineLevel: undefined,
      numId: undefined,
      numLevel: undefined,
    }
    this.#styles.set(styleId, this.#current)
  }

  *#chain(styleId: string): Generator<Style> {
    let id: string | undefined = styleId
    for (let i = 0; i < inheritanceMax && id !== undefined; i++) {
      const style = this.#styles.get(id)
      if (!style) return
      yield style
      id = style.basedOn
    }
  }
}

function note(style: Style, name: string, value: string): void {
  switch (name) {
    case 'name':
      style.name = value
      break
    case 'basedOn':
      style.basedOn = value
      break
    case 'outlineLvl':
      style.outlineLevel = Number(value)
      break
    case 'numId':
      style.numId = value
      break
    case 'ilvl':
      style.numLevel = Number(value)
      break
  }
}

/** `w:outlineLvl` counts from 0; 9 is text. */
export function headingOf(outlineLevel: number): number | undefined {
  return outlineLevel >= 0 && outlineLevel <= 8 ? outlineLevel + 1 : undefined
}
