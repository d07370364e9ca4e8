/** The lines at a page's upper and lower edge, in the form that running heads are compared in. */

/** A proof may carry line numbers down its whole margin; a page has no more lines than this. */
const linesMax = 60
/** Longer than any head: a whole paragraph on one line. */
const lineLengthMax = 200
const romanMax = 400

export interface EdgeLine {
  /** Where it stands in the page's text. */
  readonly start: number
  readonly end: number
  /** Letters folded, every number a `#`. */
  readonly key: string
  readonly numbers: readonly number[]
  /** Nothing but a number: `12`, `– xii –`, `Page 3 of 48`, `A-3`. */
  readonly isBare: boolean
}

export interface PageEdges {
  readonly top: EdgeLines
  readonly bottom: EdgeLines
}

export function edgesOf(text: string): PageEdges {
  return { top: new EdgeLines(linesFromTop(text)), bottom: new EdgeLines(linesFromBottom(text)) }
}

/** The lines of one edge, parsed as far as somebody looks: on most pages that is one or two. */
export class EdgeLines {
  readonly #rest: Generator<EdgeLine>
  readonly #lines: EdgeLine[] = []
  #isOver = false

  constructor(lines: Generator<EdgeLine>) {
    this.#rest = lines
  }

  /** @param index from the edge inwards */
  at(index: number): EdgeLine | undefined {
    while (!this.#isOver && this.#lines.length <= index && this.#lines.length < linesMax) {
      const next = this.#rest.next()
      if (next.done) this.#isOver = true
      else this.#lines.push(next.value)
    }
    return this.#lines[index]
  }
}

function* linesFromTop(text: string): Generator<EdgeLine> {
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start)
    const end = found < 0 ? text.length : found
    // Behind a paragraph on one line no head is looked for.
    if (end - start > lineLengthMax) return
    yield* parsed(text, start, end)
    start = end + 1
  }
}

function* linesFromBottom(text: string): Generator<EdgeLine> {
  for (let end = text.length; end > 0; ) {
    const start = text.lastIndexOf('\n', end - 1) + 1
    if (end - start > lineLengthMax) return
    yield* parsed(text, start, end)
    end = start - 1
  }
}

function* parsed(text: string, start: number, end: number): Generator<EdgeLine> {
  const line = text.slice(start, end)
  if (line.trim() !== '') yield { start, end, ...parseLine(line) }
}

const numberWord = /\d+|(?<![\p{L}\p{M}])[ivxlc]+(?![\p{L}\p{M}])/giu
const bare =
  /^(?:\p{P}|\p{S}|\s|(?<![\p{L}\p{M}])\p{L}?#|(?<![\p{L}\p{M}])(?:page|pages|pag|p|pp|seite|von|s|of|sur|de|di|página|стр|из|第|页|頁|ページ)(?![\p{L}\p{M}]))*$/u

function parseLine(line: string): Pick<EdgeLine, 'key' | 'numbers' | 'isBare'> {
  // Most heads are page numbers, and a proof has numbers down its margin.
  if (/^\d{1,9}$/.test(line)) return { key: '#', numbers: [Number(line)], isBare: true }
  const numbers: number[] = []
  const key = line
    .normalize('NFKC')
    .toLowerCase()
    .replace(numberWord, (word) => {
      const value = /^\d/.test(word) ? Number(word.slice(-9)) : romanValue(word)
      if (value === undefined) return word
      numbers.push(value)
      return '#'
    })
    .replace(/\s+/gu, ' ')
    .trim()
  return { key, numbers, isBare: numbers.length > 0 && bare.test(key) }
}

const romanDigits: Readonly<Record<string, number>> = { i: 1, v: 5, x: 10, l: 50, c: 100 }

/** @returns undefined for letters that are no numeral as it is written (`ill`, `civic`) */
function romanValue(word: string): number | undefined {
  if (!/^(?:c{0,3}|cd)(?:x[cl]|l?x{0,3})(?:i[xv]|v?i{0,3})$/.test(word)) return undefined
  let value = 0
  for (let i = 0; i < word.length; i++) {
    const digit = romanDigits[word.charAt(i)] ?? 0
    value += digit < (romanDigits[word.charAt(i + 1)] ?? 0) ? -digit : digit
  }
  return value <= romanMax ? value : undefined
}

/** The same head on two pages: the same words, and each number the same or counting the pages. */
export function isSameHead(a: EdgeLine, pageA: number, b: EdgeLine, pageB: number): boolean {
  return (
    a.key === b.key &&
    a.numbers.length === b.numbers.length &&
    a.numbers.every((number, i) => {
      const other = b.numbers[i] ?? -1
      return number === other || number - pageA === other - pageB
    })
  )
}

/** How far the number at the line's beginning (or end) is ahead of the page's own; undefined where there is none. */
export function countAt(line: EdgeLine, page: number, side: 'first' | 'last'): number | undefined {
  const hasIt = side === 'first' ? line.key.startsWith('#') : line.key.endsWith('#')
  const number = side === 'first' ? line.numbers[0] : line.numbers.at(-1)
  return hasIt && number !== undefined ? number - page : undefined
}
