/** Whether words stand next to each other in a text, whatever punctuation, line breaks or case there is between them. */
import { isLineHyphen, joinLines } from './analysis/analyser.ts'
import type { CharacterClasses } from './analysis/characters.ts'
import { foldUnit, type PlainUnit, plainUnits } from './analysis/plain-words.ts'

/** Finds one phrase in texts. Most words of a text are ruled out by their first letter; only the others are folded. */
export class PhraseMatcher {
  readonly #words: readonly string[]
  readonly #classes: CharacterClasses
  /** First letter of the first word where that is ASCII, else 0: then no word is ruled out. */
  readonly #firstUnit: number

  /** @param words as `Analyser.plainWords` gives them; at least one */
  constructor(words: readonly string[], classes: CharacterClasses) {
    this.#words = words
    this.#classes = classes
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
    for (const word of this.#words) {
      const unit = units[at]
      if (!unit) return -1
      if (foldUnit(text.slice(unit.start, unit.end)) === word) at++
      else if (joinedWord(text, unit, units[at + 1]) === word) at += 2
      else return -1
    }
    return at
  }
}

function joinedWord(
  text: string,
  unit: PlainUnit,
  next: PlainUnit | undefined,
): string | undefined {
  if (!next || !isLineHyphen(text, unit.end)) return undefined
  const joined = joinLines(text, unit.start, unit.end, next.start, next.end)
  return joined === undefined ? undefined : foldUnit(joined)
}
