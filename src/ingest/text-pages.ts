/** Cuts running text without printed pages into pages that a reader can be shown. */

/**
 * A cited page must fit a screen or two, like a printed one (some 2,500 characters), so a text without page breaks gets
 * logical pages of at most this length, ended at a paragraph where there is one in their last half.
 */
const logicalPageMax = 3_000
/** Where the file has page breaks (form feeds) of its own they rule, up to a length no printed page has. */
const printedPageMax = 20_000

/**
 * Pages of a text that arrives in pieces; holds one piece and one page.
 * @param pieces characters with lines ended in any way
 */
export function* cutTextPages(pieces: Iterable<string>): Generator<string> {
  let rest = ''
  let lengthMax = logicalPageMax
  for (const piece of pieces) {
    if (piece.includes('\f')) lengthMax = printedPageMax
    rest += piece
    // A line end of two characters may be cut between two pieces.
    const held = rest.endsWith('\r') ? '\r' : ''
    rest = rest.slice(0, rest.length - held.length).replace(/\r\n?/g, '\n')
    for (;;) {
      const end = pageEnd(rest, lengthMax)
      if (end === undefined) break
      yield rest.slice(0, end)
      rest = rest.slice(rest[end] === '\f' ? end + 1 : end)
    }
    rest += held
  }
  for (const page of rest.split('\f')) yield* cutRest(page, lengthMax)
}

function* cutRest(text: string, lengthMax: number): Generator<string> {
  let rest = text
  for (;;) {
    const end = pageEnd(rest, lengthMax)
    if (end === undefined) break
    yield rest.slice(0, end)
    rest = rest.slice(end)
  }
  yield rest
}

/** Where the first page of `text` ends, or undefined while it may go on. */
function pageEnd(text: string, lengthMax: number): number | undefined {
  const feed = text.slice(0, lengthMax).indexOf('\f')
  if (feed >= 0) return feed
  if (text.length <= lengthMax) return undefined
  for (const border of ['\n\n', '\n', ' ']) {
    const at = text.lastIndexOf(border, lengthMax - border.length)
    if (at >= lengthMax / 2) return at + border.length
  }
  const last = text.charCodeAt(lengthMax - 1)
  return last >= 0xd800 && last <= 0xdbff ? lengthMax - 1 : lengthMax
}
