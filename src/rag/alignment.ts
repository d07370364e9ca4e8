/** The place in a page that reads most like a quotation: words aligned by the fewest changes. */

/** The words of a levelled text; in scripts without spaces each character is one. */
export interface Words {
  readonly texts: readonly string[]
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  /** 0 for a word that says nothing by itself. */
  readonly weights: readonly number[]
}

export interface Alignment {
  /** First and one past the last word of the page. */
  readonly from: number
  readonly to: number
  /** 1 when nothing was changed, 0 when everything was. */
  readonly similarity: number
  /** A number of the quotation stands there as another, or not at all. */
  readonly numbersDiffer: boolean
}

const word =
  /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Mymr}]\p{M}*|-?(?:\p{N}+(?:[.,]\p{N}+)*)|(?:(?![\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Mymr}])[\p{L}\p{M}])+/gu
const number = /\p{N}/u
/** Steps of one alignment: some ten milliseconds; of a longer page its parts with the quotation's words are taken. */
const cellsMax = 2_000_000
/** Latin words this short are articles and the like more often than not. */
const lettersMin = 4
const latin = /^[a-z]+$/

/** @param normal a levelled text */
export function wordsOf(normal: string): Words {
  const texts: string[] = []
  const starts: number[] = []
  const ends: number[] = []
  const weights: number[] = []
  for (const { 0: text, index } of normal.matchAll(word)) {
    texts.push(text)
    starts.push(index)
    ends.push(index + text.length)
    weights.push(latin.test(text) && text.length < lettersMin ? 0 : 1)
  }
  return { texts, starts, ends, weights }
}

/** Undefined when nothing of it stands there. */
export function bestAlignment(quote: Words, page: Words): Alignment | undefined {
  const window = windowOf(quote, page)
  if (!window) return undefined
  const texts = page.texts.slice(window.from, window.to)
  const found = align(quote.texts, texts)
  if (found.to <= found.from) return undefined
  return {
    from: window.from + found.from,
    to: window.from + found.to,
    similarity: 1 - found.cost / quote.texts.length,
    numbersDiffer: numbersDiffer(quote.texts, texts.slice(found.from, found.to)),
  }
}

/** All of the page, or as much around its densest place as can be aligned in time. */
function windowOf(quote: Words, page: Words): { from: number; to: number } | undefined {
  const wanted = new Set(quote.texts)
  if (!page.texts.some((text) => wanted.has(text))) return undefined
  const size = Math.max(2 * quote.texts.length, Math.floor(cellsMax / quote.texts.length))
  if (page.texts.length <= size) return { from: 0, to: page.texts.length }
  const span = quote.texts.length
  let inside = 0
  let best = { at: 0, inside: -1 }
  for (let at = 0; at < page.texts.length; at++) {
    if (wanted.has(page.texts[at] ?? '')) inside++
    if (at >= span && wanted.has(page.texts[at - span] ?? '')) inside--
    if (inside > best.inside) best = { at, inside }
  }
  const from = Math.max(0, best.at - Math.floor(size / 2))
  return { from, to: Math.min(page.texts.length, from + size) }
}

/** For each word of the page: the fewest changes of a stretch that ends there, and where it begins. */
interface Row {
  readonly costs: Int32Array
  readonly froms: Int32Array
}

/** Sellers' algorithm: the quotation as a whole against any stretch of the page; one change costs one. */
function align(
  quote: readonly string[],
  page: readonly string[],
): { from: number; to: number; cost: number } {
  let row: Row = {
    costs: new Int32Array(page.length + 1),
    froms: Int32Array.from({ length: page.length + 1 }, (_, at) => at),
  }
  for (const text of quote) row = nextRow(text, page, row)
  let to = 0
  let cost = Number.POSITIVE_INFINITY
  for (const [at, one] of row.costs.entries())
    if (one < cost) {
      to = at
      cost = one
    }
  return { from: row.froms[to] ?? 0, to, cost }
}

function nextRow(text: string, page: readonly string[], { costs, froms }: Row): Row {
  const next = { costs: new Int32Array(costs.length), froms: new Int32Array(froms.length) }
  let [cost, from] = [(costs[0] as number) + 1, 0]
  next.costs[0] = cost
  for (let at = 1; at < costs.length; at++) {
    // The word before may be one too many in the page; this may be the quotation's word, another, or none.
    cost++
    const changed = (costs[at - 1] as number) + (text === page[at - 1] ? 0 : 1)
    if (changed <= cost) [cost, from] = [changed, froms[at - 1] as number]
    const missing = (costs[at] as number) + 1
    if (missing < cost) [cost, from] = [missing, froms[at] as number]
    next.costs[at] = cost
    next.froms[at] = from
  }
  return next
}

/** Every number of the quotation has to stand in the stretch, as often. */
function numbersDiffer(quote: readonly string[], stretch: readonly string[]): boolean {
  const left = new Map<string, number>()
  for (const text of stretch)
    if (number.test(text)) left.set(plain(text), (left.get(plain(text)) ?? 0) + 1)
  return quote.some((text) => {
    if (!number.test(text)) return false
    const count = left.get(plain(text)) ?? 0
    left.set(plain(text), count - 1)
    return count < 1
  })
}

/** Without the commas between thousands. */
function plain(text: string): string {
  return text.replaceAll(/,(?=\d{3}(?:\D|$))/g, '')
}
