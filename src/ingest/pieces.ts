/** The pieces a passage is put together from: joined to its text, and repeated in part at the start of the next. */
import type { PassageSpan } from './contract.ts'
import type { MarkedPage, TextRange } from './extraction.ts'
import { estimateTokens } from './tokens.ts'

/** What the next passage of a section repeats of the one before: so much of its tokens. */
const overlapMin = 0.1
const overlapMax = 0.14
/** Pieces further apart than this, white space all of it, become spans of their own. */
export const gapMax = 4

/** A piece of one page that is never divided. */
export interface Piece extends TextRange {
  readonly page: MarkedPage
  readonly tokens: number
  readonly isHeading: boolean
  /** A table or list: its end alone says nothing. */
  readonly isWhole: boolean
}

/** The last sentences of a passage; where those are too short or the last one too long, from within a sentence. */
export function overlapOf(pieces: readonly Piece[]): Piece[] {
  const repeated: Piece[] = []
  const all = pieces.reduce((sum, piece) => sum + piece.tokens, 0)
  const tokensMin = all * overlapMin
  const tokensMax = all * overlapMax
  let tokens = 0
  for (const piece of pieces.slice(1).toReversed()) {
    if (piece.isHeading || tokens >= tokensMin) break
    const fits = tokens + piece.tokens <= tokensMax
    const part = fits ? piece : tailOf(piece, tokensMax - tokens)
    if (!part) break
    repeated.unshift(part)
    tokens += part.tokens
    if (!fits) break
  }
  return repeated
}

/** The end of a piece, from the beginning of a word (or, in scripts without spaces, of a character) on. */
function tailOf(piece: Piece, tokensMax: number): Piece | undefined {
  if (piece.isWhole) return undefined
  const { text } = piece.page
  let start = piece.end - Math.floor((piece.end - piece.start) * (tokensMax / piece.tokens))
  const space = text.slice(start, piece.end).search(/\s\S/)
  start = space < 0 ? start : start + space + 1
  if (/^[\udc00-\udfff]/.test(text.charAt(start))) start++
  const tokens = estimateTokens(text, start, piece.end)
  return start < piece.end && tokens <= tokensMax ? { ...piece, start, tokens } : undefined
}

/** Puts pieces together: verbatim where they follow each other on a page, by a line or paragraph end elsewhere. */
export function joinPieces(pieces: readonly Piece[]): { text: string; spans: PassageSpan[] } {
  let text = ''
  const spans: PassageSpan[] = []
  for (const [index, piece] of pieces.entries()) {
    const before = pieces[index - 1]
    const span = spans.at(-1)
    if (before && span && before.page === piece.page && piece.start - before.end <= gapMax) {
      text += piece.page.text.slice(before.end, piece.end)
      spans[spans.length - 1] = { ...span, end: piece.end }
      continue
    }
    if (before) text += endsSentence(text) ? '\n\n' : '\n'
    const { start, end } = piece
    spans.push({ page: piece.page.number, start, end, at: text.length })
    text += piece.page.text.slice(start, end)
  }
  return { text, spans }
}

function endsSentence(text: string): boolean {
  return /[.!?…:。！？]["'”’»)\]」』]*$/u.test(text.slice(-4))
}
