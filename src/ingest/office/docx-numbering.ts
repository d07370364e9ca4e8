/** Numbers and bullets that a DOCX leaves to the reader to count (ECMA-376, part 1, 17.9). */
import { type Attributes, attribute, type TagHandler } from '../markup/parser.ts'

const definitionsMax = 10_000
const levelsMax = 9
const markMax = 40

interface Level {
  format: string
  text: string
  start: number
}

/** Reads `numbering.xml`, then counts along with the document. */
export class DocxNumbering implements TagHandler {
  readonly #abstracts = new Map<string, Level[]>()
  readonly #abstractOf = new Map<string, string>()
  readonly #counters = new Map<string, number[]>()
  #levels: Level[] | undefined
  #level: Level | undefined
  #numId: string | undefined

  open(name: string, attributes: Attributes): void {
    switch (name) {
      case 'abstractNum':
        this.#levels = []
        if (this.#abstracts.size < definitionsMax)
          this.#abstracts.set(attribute(attributes, 'abstractNumId') ?? '', this.#levels)
        break
      case 'lvl':
        this.#beginLevel(Number(attribute(attributes, 'ilvl') ?? 0))
        break
      case 'num':
        this.#numId = attribute(attributes, 'numId')
        break
      default:
        this.#note(name, attribute(attributes, 'val') ?? '')
    }
  }

  close(name: string): void {
    if (name === 'abstractNum') this.#levels = undefined
    else if (name === 'lvl') this.#level = undefined
    else if (name === 'num') this.#numId = undefined
  }

  text(): void {}

  /** What stands before the next paragraph of a list, with its space: `- `, `2. `, `1.3 `; empty for nothing. */
  next(numId: string, depth: number): string {
    const id = this.#abstractOf.get(numId)
    const levels = id === undefined ? undefined : this.#abstracts.get(id)
    const level = levels?.[depth]
    if (id === undefined || !levels || !level) return '- '
    const counters = this.#count(id, levels, depth)
    if (level.format === 'bullet') return '- '
    if (level.format === 'none') return ''
    const mark = level.text.replace(/%([1-9])/g, (_, place: string) => {
      const index = Number(place) - 1
      return formatNumber(counters[index] ?? 1, levels[index]?.format ?? 'decimal')
    })
    return mark === '' ? '' : `${mark.slice(0, markMax)} `
  }

  #count(id: string, levels: readonly Level[], depth: number): readonly number[] {
    const counters = this.#counters.get(id) ?? []
    this.#counters.set(id, counters)
    counters.length = Math.min(counters.length, depth + 1)
    for (let i = 0; i <= depth; i++) counters[i] ??= (levels[i]?.start ?? 1) - (i === depth ? 1 : 0)
    counters[depth] = (counters[depth] ?? 0) + 1
    return counters
  }

  #beginLevel(index: number): void {
    if (!this.#levels || !(index >= 0 && index < levelsMax)) return
    this.#level = { format: 'decimal', text: '', start: 1 }
    this.#levels[index] = this.#level
  }

  #note(name: string, value: string): void {
    if (name === 'abstractNumId' && this.#numId !== undefined) {
      if (this.#abstractOf.size < definitionsMax) this.#abstractOf.set(this.#numId, value)
    } else if (!this.#level) return
    else if (name === 'numFmt') this.#level.format = value
    else if (name === 'lvlText') this.#level.text = value.slice(0, markMax)
    else if (name === 'start') this.#level.start = Math.trunc(Number(value)) || 0
  }
}

function formatNumber(value: number, format: string): string {
  switch (format) {
    case 'lowerLetter':
      return letters(value).toLowerCase()
    case 'upperLetter':
      return letters(value)
    case 'lowerRoman':
      return roman(value).toLowerCase()
    case 'upperRoman':
      return roman(value)
    default:
      return String(value)
  }
}

/** A … Z, AA, BB … as Word counts. */
function letters(value: number): string {
  if (value < 1 || value > 26 * 20) return String(value)
  const letter = String.fromCharCode(65 + ((value - 1) % 26))
  return letter.repeat(Math.floor((value - 1) / 26) + 1)
}

const romans: readonly (readonly [number, string])[] = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
]

function roman(value: number): string {
  if (value < 1 || value > 3_999) return String(value)
  let rest = value
  let text = ''
  for (const [worth, letter] of romans) for (; rest >= worth; rest -= worth) text += letter
  return text
}
