/** Cuts text into words of scripts that put spaces between them, and runs of scripts that do not. */

/** What a UTF-16 unit is to the scanner. */
const separator = 0
const letter = 1
/** A letter of a script without spaces between words. */
const unspaced = 2
/** Belongs to a word when letters stand on both sides. */
const inner = 3
const surrogate = 4

export type CharacterClasses = Uint8Array

const letters = /[\p{L}\p{N}\p{M}]/u
const letterRuns = /[\p{L}\p{N}\p{M}]+/gu
const unspacedLetters =
  /[[\p{L}\p{N}\p{M}]&&[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Mymr}]]/v
/** Marks that Latin shares with kana (by script extension) are not kana. */
const sharedMarks = /[\u0300-\u036f]/
/** Apostrophes (also the modifier letter), soft hyphen, zero-width joiners. */
const innerCharacters = "'\u2019\u02bc\uff07\u00ad\u200c\u200d"

/** The class of every UTF-16 unit: 64 KB, made once a thread. */
export function createCharacterClasses(): CharacterClasses {
  const classes = new Uint8Array(0x1_00_00)
  let all = ''
  for (let unit = 0; unit < 0xd800; unit++) all += String.fromCharCode(unit)
  const offset = 0xe000 - 0xd800
  for (let unit = 0xe000; unit <= 0xffff; unit++) all += String.fromCharCode(unit)
  for (const { 0: run, index } of all.matchAll(letterRuns))
    for (let i = 0; i < run.length; i++) {
      const unit = index + i
      const isUnspaced = unspacedLetters.test(run[i] ?? '') && !sharedMarks.test(run[i] ?? '')
      classes[unit < 0xd800 ? unit : unit + offset] = isUnspaced ? unspaced : letter
    }
  for (const character of innerCharacters) classes[character.charCodeAt(0)] = inner
  classes.fill(surrogate, 0xd800, 0xe000)
  return classes
}

/** Walks a text. After `next` the fields say where the piece lies, in UTF-16 units. */
export class TextScanner {
  start = 0
  end = 0
  /** A run of a script without spaces; otherwise one word. */
  isUnspaced = false
  /** The word has an apostrophe or a joiner in it. */
  hasInner = false
  readonly #classes: CharacterClasses
  #text = ''

  constructor(classes: CharacterClasses) {
    this.#classes = classes
  }

  reset(text: string): void {
    this.#text = text
    this.start = 0
    this.end = 0
  }

  /** @returns false at the end of the text */
  next(): boolean {
    const text = this.#text
    const classes = this.#classes
    let at = this.end
    let kind = separator
    while (at < text.length) {
      kind = classes[text.charCodeAt(at)] as number
      if (kind === surrogate) kind = this.#astral(at)
      if (kind === letter || kind === unspaced) break
      at++
    }
    if (at >= text.length) return false
    this.start = at
    this.isUnspaced = kind === unspaced
    this.hasInner = false
    this.end = this.#endOf(at, kind)
    return true
  }

  #endOf(start: number, kind: number): number {
    const text = this.#text
    const classes = this.#classes
    let at = start
    while (at < text.length) {
      const found = classes[text.charCodeAt(at)] as number
      if (found === kind) at++
      else if (found === surrogate) {
        if (this.#astral(at) !== kind) break
        at += 2
      } else if (found === inner && classes[text.charCodeAt(at + 1)] === kind) {
        this.hasInner = true
        at++
      } else break
    }
    return at
  }

  /** The class of a character outside the basic plane, or a separator for half of one. */
  #astral(at: number): number {
    const point = this.#text.codePointAt(at) ?? 0
    if (point < 0x1_00_00) return separator
    const character = String.fromCodePoint(point)
    if (!letters.test(character)) return separator
    return unspacedLetters.test(character) ? unspaced : letter
  }
}
