/** Words as phrases compare them: folded, without stemming and without regard to a language; single characters in runs. */
import { type CharacterClasses, TextScanner } from './characters.ts'
import { foldedWords } from './folding.ts'

const apostrophes = /['\u2019\u02bc\uff07]/

/** A word or character of a text, in UTF-16 units. */
export interface PlainUnit {
  readonly start: number
  readonly end: number
}

export function plainUnits(text: string, classes: CharacterClasses): PlainUnit[] {
  const scanner = new TextScanner(classes)
  const units: PlainUnit[] = []
  scanner.reset(text)
  while (scanner.next()) {
    const { start, end } = scanner
    if (scanner.isUnspaced) pushCharacters(units, text, start, end)
    else if (scanner.hasInner) pushParts(units, text, start, end)
    else units.push({ start, end })
  }
  return units
}

/** The folded word of a unit; empty for a mark that stands alone. */
export function foldUnit(text: string): string {
  return foldedWords(text).join('')
}

function pushCharacters(units: PlainUnit[], text: string, start: number, end: number): void {
  for (let at = start; at < end; ) {
    const next = at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)
    units.push({ start: at, end: next })
    at = next
  }
}

/** l’eau is two words here, so that "eau claire" is found in it. */
function pushParts(units: PlainUnit[], text: string, start: number, end: number): void {
  let from = start
  for (let at = start; at <= end; at++) {
    if (at < end && !apostrophes.test(text[at] as string)) continue
    if (at > from) units.push({ start: from, end: at })
    from = at + 1
  }
}
