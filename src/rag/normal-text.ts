/** Text as two people would call it the same: case, white space, hyphenation, ligatures and quotation marks levelled, with the way back. */

export interface NormalText {
  readonly text: string
  /** Where each UTF-16 unit of `text` begins in the original. */
  readonly starts: readonly number[]
  /** Where it ends there. */
  readonly ends: readonly number[]
}

/** A letter with its marks, or one character. */
const clusters = /\P{M}\p{M}*|\p{M}+/gsu
/** Most of most texts, and nothing to level in it but case. */
const asciiWord = /^[A-Za-z0-9]$/
const space = /^[\s\u200b\ufeff]$/u
/** Never seen: soft hyphen, joiners, direction marks. */
const invisible = /^[\u00ad\u200b-\u200f\u2060\u2066-\u2069\u202a-\u202e\ufeff]$/u
const dash = /^[\u2010-\u2015\u2212\ufe58\ufe63\uff0d-]$/u
const quote = /^[\u2018-\u201f«»‹›「」『』"'`´]$/u
/** Superscripts, circled and other figures are no digits: 10² is not 102. */
const figure = /^\p{No}/u
const letterLast = /\p{L}\p{M}*$/u
const letterFirst = /^\p{L}/u
const digitLast = /\p{Nd}$/u
const digit = /^\p{Nd}/u
const zeroOf = /\p{Nd}/u
/** Written without spaces: a line end between two of these is none. */
const unspaced =
  /^[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Mymr}\u3000-\u303f\uff00-\uffef]/u

/**
 * Numbers keep everything that makes them: signs, points, the hyphen between two of them. Linear.
 * @param text as it stands on a page or in an answer
 */
export function normalText(text: string): NormalText {
  const builder = new Builder()
  for (const { 0: cluster, index } of text.matchAll(clusters)) builder.add(cluster, index)
  return builder.end()
}

class Builder {
  readonly #units: string[] = []
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  /** The last character that was written; spaces and dashes wait until it is known what follows. */
  #last = ''
  #dash: { readonly start: number; readonly end: number } | undefined
  #space: { readonly start: number; readonly end: number; readonly isBreak: boolean } | undefined

  add(cluster: string, start: number): void {
    const end = start + cluster.length
    if (asciiWord.test(cluster)) {
      this.#write(cluster.toLowerCase(), start, end)
      return
    }
    if (invisible.test(cluster)) return
    if (space.test(cluster)) {
      const isBreak = this.#space?.isBreak === true || cluster === '\n'
      this.#space = { start: this.#space?.start ?? start, end, isBreak }
      return
    }
    // A dash right after a word may be one that only a line end has made.
    if (dash.test(cluster) && !this.#dash && !this.#space && this.#last !== '') {
      this.#dash = { start, end }
      return
    }
    this.#write(this.#levelled(cluster), start, end)
  }

  end(): NormalText {
    if (this.#dash) this.#push('-', this.#dash.start, this.#dash.end)
    return { text: this.#units.join(''), starts: this.#starts, ends: this.#ends }
  }

  #write(plain: string, start: number, end: number): void {
    if (this.#dash || this.#space) this.#join(plain)
    if (plain.length === 1) this.#push(plain, start, end)
    else for (const unit of plain.split('')) this.#push(unit, start, end)
    this.#last = plain
  }

  #levelled(cluster: string): string {
    if (dash.test(cluster)) return '-'
    // After a number they are feet and inches.
    if (quote.test(cluster) && !(digitLast.test(this.#last) && /["'`´]/.test(cluster))) return "'"
    if (figure.test(cluster)) return cluster
    if (digit.test(cluster)) return String(digitValue(cluster.codePointAt(0) ?? 0))
    return cluster.normalize('NFKC').toLowerCase()
  }

  /** Writes what waits between the last character and the next, or leaves it out. */
  #join(next: string): void {
    const [waitingDash, waitingSpace] = [this.#dash, this.#space]
    this.#dash = undefined
    this.#space = undefined
    if (waitingDash) {
      // inter-⏎national, inter-national and international are one word to whoever quotes them.
      const isInWord = letterLast.test(this.#last) && letterFirst.test(next)
      if (isInWord && (!waitingSpace || waitingSpace.isBreak)) return
      this.#push('-', waitingDash.start, waitingDash.end)
      if (waitingSpace?.isBreak) return
    }
    if (!waitingSpace || this.#last === '') return
    if (unspaced.test(this.#last) && unspaced.test(next)) return
    this.#push(' ', waitingSpace.start, waitingSpace.end)
  }

  #push(unit: string, start: number, end: number): void {
    this.#units.push(unit)
    this.#starts.push(start)
    this.#ends.push(end)
  }
}

/** Unicode keeps the digits of every script in rows of ten that begin with zero. */
function digitValue(code: number): number {
  let zero = code
  while (code - zero < 9 && zeroOf.test(String.fromCodePoint(zero - 1))) zero--
  return (code - zero) % 10
}
