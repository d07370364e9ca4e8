/** The fonts and styles that an RTF document declares before its text. */
import { pageOfFontCharset } from './code-pages.ts'

const entriesMax = 10_000
const nameMax = 100
const windowsLatin = 1252

export class RtfTables {
  readonly #pageOfFont = new Map<number, number>()
  readonly #levelOfStyle = new Map<number, number>()
  #page = windowsLatin
  #font = 0
  #style: number | undefined
  #styleName = ''

  /** `\ansicpg1251`, `\mac`, `\pc`, `\pca`: the document's own code page, which it gives back. */
  setPage(name: string, value: number | undefined): number {
    if (name === 'mac') this.#page = 10000
    else if (name === 'pc') this.#page = 437
    else if (name === 'pca') this.#page = 850
    else this.#page = value || windowsLatin
    return this.#page
  }

  pageOfFont(font: number): number {
    return this.#pageOfFont.get(font) ?? this.#page
  }

  beginFont(font: number): void {
    this.#font = font
  }

  setFontPage(name: string, value: number): void {
    const page = name === 'cpg' ? value : pageOfFontCharset(value)
    if (page !== undefined && this.#pageOfFont.size < entriesMax)
      this.#pageOfFont.set(this.#font, page)
  }

  /** Words inside the style sheet. */
  noteStyle(name: string, value: number | undefined): void {
    if (name === 's') this.#style = value
    else if (name === 'outlinelevel' && this.#style !== undefined) this.#setLevel(value ?? 9)
  }

  addStyleName(text: string): void {
    if (this.#styleName.length < nameMax) this.#styleName += text
  }

  /** A font's or style's group has ended. */
  endEntry(): void {
    const level = /^\s*heading ([1-9])\b/i.exec(this.#styleName)?.[1]
    if (level !== undefined) this.#setLevel(Number(level) - 1)
    this.#styleName = ''
    this.#style = undefined
  }

  /** 1 for the highest heading; undefined for text. */
  headingLevel(style: number): number | undefined {
    return this.#levelOfStyle.get(style)
  }

  #setLevel(outlineLevel: number): void {
    // A style without `\s` is style 0, the one of ordinary text.
    if (this.#style === undefined || this.#levelOfStyle.size >= entriesMax) return
    if (outlineLevel >= 0 && outlineLevel <= 8)
      this.#levelOfStyle.set(this.#style, outlineLevel + 1)
  }
}
