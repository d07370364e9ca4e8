/** Whether words stand next to each other in a text, in any of their forms, whatever punctuation, line breaks or case there is. */
import { type Analyser, isLineHyphen, joinLines } from './analysis/analyser.ts'
import type { CharacterClasses } from './analysis/characters.ts'
import { foldUnit, type PlainUnit, plainUnits } from './analysis/plain-words.ts'

/** The terms of a word in the language of the texts: words that share one are forms of one word. */
export type FormsOf = (word: string) => readonly string[]

/** Finds one phrase in texts. Most words of a text are ruled out by their first letter; only the others are folded. */
export class PhraseMatcher {
  readonly #words: readonly string[]
  readonly #classes: CharacterClasses
  /** First letter of the first word where that is ASCII, else 0: then no word is ruled out. */
  readonly #firstUnit: number
  readonly #formsOf: FormsOf
  /** Of each word. */
  readonly #forms: readonly ReadonlySet<string>[]

  /**
   * @param words as `Analyser.plainWords` gives them; at least one
   * @param formsOf by it "white whale" is found in "white whales", and "Доктора Кто" in "Доктор Кто"; without it a word is
   * only itself
   */
  constructor(
    words: readonly string[],
    classes: CharacterClasses,
    formsOf: FormsOf = (word) => [word],
  ) {
    this.#words = words
    this.#classes = classes
    this.#formsOf = formsOf
    this.#forms = words.map((word) => new Set(formsOf(word)))
    const unit = words[0]?.charCodeAt(0) ?? 0
    this.#firstUnit = unit < 0x80 ? unit : 0
  }

  isIn(text: string): boolean {
    return this.places(text, 1).length > 0
  }

  /** Where the phrase stands, in UTF-16 units; at most `limit` places, one after another. */
  places(text: string, limit: number): PlainUnit[] {
    const units = plainUnits(text, this.#classes)
    const places: PlainUnit[] = []
    for (let at = 0; at < units.length && places.length < limit; at++) {
      if (!this.#mayBeginAt(text, units[at] as PlainUnit)) continue
      const next = this.#matchFrom(text, units, at)
      if (next < 0) continue
      places.push({
        start: (units[at] as PlainUnit).start,
        end: (units[next - 1] as PlainUnit).end,
      })
      at = next - 1
    }
    return places
  }

  #mayBeginAt(text: string, unit: PlainUnit): boolean {
    const code = text.charCodeAt(unit.start)
    return code > 0x7f || this.#firstUnit === 0 || (code | 0x20) === this.#firstUnit
  }

  /** @returns the unit after the phrase, or -1 */
  #matchFrom(text: string, units: readonly PlainUnit[], start: number): number {
    let at = start
    for (let index = 0; index < this.#words.length; index++) {
      const unit = units[at]
      if (!unit) return -1
      // The whole word first: its first half may be another form of it (hyphen-ated).
      if (this.#isWord(index, joinedWord(text, unit, units[at + 1]))) at += 2
      else if (this.#isWord(index, text.slice(unit.start, unit.end))) at++
      else return -1
    }
    return at
  }

  #isWord(index: number, found: string | undefined): boolean {
    if (found === undefined) return false
    const forms = this.#forms[index]
    return (
      foldUnit(found) === this.#words[index] ||
      this.#formsOf(found).some((term) => forms?.has(term))
    )
  }
}

/** For texts in a language. @param words as `Analyser.plainWords` gives them; at least one */
export function phraseMatcher(
  words: readonly string[],
  language: string,
  analyser: Analyser,
): PhraseMatcher {
  return new PhraseMatcher(words, analyser.classes, (word) => analyser.terms(word, language))
}

function joinedWord(
  text: string,
  unit: PlainUnit,
  next: PlainUnit | undefined,
): string | undefined {
  if (!next || !isLineHyphen(text, unit.end)) return undefined
  return joinLines(text, unit.start, unit.end, next.start, next.end)
}
