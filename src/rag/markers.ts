/** Citation markers `[n]` in a text that arrives in pieces: found wherever it is cut, told apart from other brackets. */

export type AnswerPiece =
  | { readonly kind: 'text'; readonly text: string }
  /** A source that exists, once at each place. */
  | { readonly kind: 'marker'; readonly source: number; readonly text: string }
  /** Looks like a marker and names no source: an invention. */
  | { readonly kind: 'unknown'; readonly source: number; readonly text: string }

/** `[1]`, `[1, 2]`, `[1-3]`, `【1】`, `[^1]`: what models write for it. Four digits are a year. */
const marker = /^[[【]\s*\^?\s*(\d{1,3}(?:\s*[,;，、–-]\s*\d{1,3})*)\s*[\]】]/u
/** What could still become one: held back until it is clear. */
const begun = /^[[【][\s\d,;，、^–-]*$/u
const opening = /[[【]/u
/** Longer than any marker: a bracket that never closes does not hold the answer back. */
const heldMax = 48
/** Sources that a range names are written out; a longer range is a mistake. */
const rangeMax = 12

export class MarkerParser {
  readonly #sources: number
  #held = ''
  /** Sources marked since the last word: a doubled marker says nothing. */
  readonly #marked = new Set<number>()

  /** @param sources how many there are; they are numbered from 1 */
  constructor(sources: number) {
    this.#sources = sources
  }

  /** Takes the next piece of the answer. @returns what is certain by now, in order */
  push(text: string): AnswerPiece[] {
    return this.#take(this.#held + text, false)
  }

  /** What was held back, at the end of the answer. */
  end(): AnswerPiece[] {
    return this.#take(this.#held, true)
  }

  #take(given: string, isEnd: boolean): AnswerPiece[] {
    const pieces: AnswerPiece[] = []
    let rest = given
    this.#held = ''
    while (rest !== '') {
      const at = rest.search(opening)
      if (at !== 0) {
        const text = at < 0 ? rest : rest.slice(0, at)
        this.#text(text, pieces)
        rest = rest.slice(text.length)
        continue
      }
      const found = marker.exec(rest)
      if (found) {
        this.#marker(found[0], found[1] ?? '', pieces)
        rest = rest.slice(found[0].length)
      } else if (!isEnd && rest.length < heldMax && begun.test(rest)) {
        this.#held = rest
        break
      } else {
        this.#text(rest.slice(0, 1), pieces)
        rest = rest.slice(1)
      }
    }
    return pieces
  }

  #text(text: string, pieces: AnswerPiece[]): void {
    if (/[\p{L}\p{N}]/u.test(text)) this.#marked.clear()
    const last = pieces.at(-1)
    if (last?.kind === 'text') pieces[pieces.length - 1] = { kind: 'text', text: last.text + text }
    else pieces.push({ kind: 'text', text })
  }

  #marker(text: string, list: string, pieces: AnswerPiece[]): void {
    for (const source of numbersOf(list)) {
      if (source < 1 || source > this.#sources)
        pieces.push({ kind: 'unknown', source, text: `[${source}]` })
      else if (!this.#marked.has(source)) {
        this.#marked.add(source)
        pieces.push({ kind: 'marker', source, text: `[${source}]` })
      }
    }
    if (pieces.length === 0 && numbersOf(list).length === 0) this.#text(text, pieces)
  }
}

function numbersOf(list: string): number[] {
  return list.split(/[,;，、]/u).flatMap((part) => {
    const [first = 0, last = first] = part.split(/[–-]/u).map(Number)
    const length = last - first + 1
    if (length < 1 || length > rangeMax) return [first, last]
    return Array.from({ length }, (_, at) => first + at)
  })
}
