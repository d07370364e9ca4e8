/** Quotations of a generated page: right ones as they are copied, and wrong ones as they are made up. */

export interface CitationCase {
  readonly kind: string
  readonly quote: string
  readonly page: string
  /** Whether an honest reader would say that it stands there. */
  readonly isThere: boolean
  /** Where, in the page. */
  readonly start: number
  readonly end: number
}

const stems =
  'office final affluent harbour bridge governor winter letter flower reflection traffic market river village stone engine window garden council village paper island mountain history student teacher ocean vessel captain fortune'.split(
    ' ',
  )
const verbs =
  'opened closed carried measured found confirmed inflated offered painted described'.split(' ')
const ligatures = { ffi: 'ﬃ', ffl: 'ﬄ', fi: 'ﬁ', fl: 'ﬂ', ff: 'ﬀ' }
const kinds = [
  'exact',
  'whitespace',
  'hyphenation',
  'ligature',
  'stitched',
  'altered number',
  'other page',
  'invented',
] as const

export function citationCases(count: number, random: () => number): CitationCase[] {
  const sentence = sentences(random)
  return Array.from({ length: count }, (_, at) => {
    const page = Array.from({ length: 30 }, sentence)
    const other = Array.from({ length: 30 }, sentence)
    return make(kinds[at % kinds.length] ?? 'exact', page, other, random)
  })
}

function make(
  kind: (typeof kinds)[number],
  page: readonly string[],
  other: readonly string[],
  random: () => number,
): CitationCase {
  const index = 1 + Math.floor(random() * 20)
  const quote = page[index] ?? ''
  const before = `${page.slice(0, index).join(' ')} `
  const after = ` ${page.slice(index + 1).join(' ')}`
  const there = (inPage: string, quoted: string): CitationCase => {
    const [start, end] = [before.length, before.length + inPage.length]
    return { kind, quote: quoted, page: before + inPage + after, isThere: true, start, end }
  }
  const absent = (quoted: string): CitationCase => {
    return { kind, quote: quoted, page: before + quote + after, isThere: false, start: 0, end: 0 }
  }
  switch (kind) {
    case 'exact':
      return there(quote, quote)
    case 'whitespace':
      return there(
        quote.replaceAll(' ', () => [' ', '\n', '  ', '\u00a0'][Math.floor(random() * 4)] ?? ' '),
        quote,
      )
    case 'hyphenation':
      return there(quote.replaceAll(/([a-z]{4})([a-z]{3})/g, '$1-\n$2'), quote)
    case 'ligature':
      return there(
        quote.replaceAll(/ffi|ffl|fi|fl|ff/g, (letters) => ligatures[letters as 'fi']),
        quote,
      )
    case 'stitched':
      return absent(`${half(quote, 0)} ${half(page[index + 6] ?? '', 1)}`)
    case 'altered number':
      return absent(quote.replace(/\d+/, (figures) => altered(figures, random)))
    case 'other page':
      return absent(other[index] ?? '')
    case 'invented':
      return absent(
        `The ${invented(random)} ${invented(random)} ${invented(random)} was ${invented(random)} by ${invented(random)}.`,
      )
  }
}

function half(sentence: string, which: 0 | 1): string {
  const words = sentence.split(' ')
  const middle = Math.floor(words.length / 2)
  return (which === 0 ? words.slice(0, middle) : words.slice(middle)).join(' ')
}

function altered(figures: string, random: () => number): string {
  const ways = [
    String(Number(figures) + 1 + Math.floor(random() * 9)),
    `${figures}0`,
    figures.length > 1 ? figures.slice(0, -1) : `1${figures}`,
    `${figures}.5`,
    `-${figures}`,
  ]
  return ways[Math.floor(random() * ways.length)] ?? ''
}

function invented(random: () => number): string {
  return Array.from({ length: 8 }, () => 'bcdghjkmpqtvwxyz'[Math.floor(random() * 16)]).join('')
}

/** Sentences that share their words, but no two of them all. */
function sentences(random: () => number): () => string {
  const pick = (words: readonly string[]): string =>
    words[Math.floor(random() * words.length)] ?? ''
  return () =>
    `The ${pick(stems)} of the ${pick(stems)} ${pick(verbs)} ${Math.floor(random() * 9_000) + 2} ${pick(stems)}s and the ${pick(stems)} near the ${pick(stems)} ${pick(verbs)} another ${pick(stems)} for the ${pick(stems)}.`
}
