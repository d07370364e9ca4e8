/** Gathers the characters of one paragraph, spaces as HTML shows them. */
import { cleanBlock } from './clean-block.ts'

/** Scripts that are written without spaces: a line end between two of their characters is none of the text. */
const lineEndInRunningScript =
  /(?<=[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef])[ \t]*[\r\n][ \t\r\n]*(?=[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef])/g

/** How much of the text in front of a raised number is looked at. */
const wordBefore = 4

export class InlineText {
  /** Pieces: putting them together at each step would take time with the square of their number. */
  #parts: string[] = []
  #last = ''
  /** White space is part of the text. */
  isVerbatim = false

  get isEmpty(): boolean {
    return this.#parts.length === 0
  }

  get endsWithBreak(): boolean {
    return this.#last === '\n'
  }

  /** The place that has been reached, for `replaceFrom`. */
  get place(): number {
    return this.#parts.length
  }

  add(data: string): void {
    if (this.isVerbatim) {
      this.#push(data)
      return
    }
    const text = data.replace(lineEndInRunningScript, '').replace(/[ \t\n\r\f]+/g, ' ')
    const isSpaced = this.isEmpty || this.#last === ' ' || this.endsWithBreak
    this.#push(isSpaced && text.startsWith(' ') ? text.slice(1) : text)
  }

  breakLine(): void {
    if (!this.isEmpty) this.#push('\n')
  }

  /** Puts something else in the place of what came since `place`. */
  replaceFrom(place: number, change: (text: string, before: string) => string): void {
    if (place >= this.#parts.length) return
    const before = this.#parts.slice(Math.max(0, place - wordBefore), place).join('')
    const text = this.#parts.splice(place).join('')
    this.#push(change(text, before.slice(-wordBefore)))
  }

  /** The paragraph, cleaned; begins the next one. */
  take(): string {
    if (this.isEmpty) return ''
    const text = this.#parts.join('')
    this.#parts = []
    this.#last = ''
    return this.isVerbatim
      ? cleanBlock(text)
      : cleanBlock(text.replace(/ +(?=\n)|(?<=\n) +/g, '')).trim()
  }

  #push(text: string): void {
    if (text === '') return
    this.#parts.push(text)
    this.#last = text.at(-1) ?? ''
  }
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹'
/** `10`, `(a + b)`, `m`, `km`: what is raised to a power. */
const base = /[\d)]$|(?<!\p{L})\p{L}{1,2}$/u

/**
 * A raised number glued to a word would make it another word: after a number or a unit it is an exponent, elsewhere, or
 * where it is a link, it calls a note.
 */
export function raisedNumber(text: string, before: string, isLink: boolean): string {
  const number = text.trim()
  if (!/^\d{1,4}$/.test(number)) return text
  if (!isLink && base.test(before))
    return number.replace(/\d/g, (digit) => superscripts[Number(digit)] ?? digit)
  return `[${number}]`
}
