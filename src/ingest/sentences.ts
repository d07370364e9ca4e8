/** Cuts a block of text into the pieces passages are put together from: sentences, else lines, else words. */
import type { TextRange } from './extraction.ts'
import { estimateTokens } from './tokens.ts'

/** Above this a sentence is cut at its lines, then at spaces: a fine grain lets passages end near their target. */
const pieceTokensMax = 120
/** No piece is longer, whatever it is made of: a line of fifty megabytes without one space is still cut. */
const pieceCharactersMax = 800

/**
 * A sentence ends at its mark (and closing quotes) before white space and something that starts a sentence, after a
 * CJK full stop, or before a list item's line. An abbreviation may end one too early: these are places to cut, no grammar.
 * `Intl.Segmenter` is as fast (measured), but takes every line end inside a paragraph for the end of a sentence.
 */
const sentenceEnd =
  /(?<![.!?…])[.!?…]+["'”’»)\]]*(?=\s+["'“‘«([]*[\p{Lu}\p{Lo}\p{N}])|[。！？｡][」』”’）]*|\n(?=[ \t]*(?:[-*•‣◦]|\d{1,3}[.)])[ \t])/gu

/** Pieces of `text` between `start` and `end`, in order, without the white space between them. */
export function cutPieces(text: string, start: number, end: number): TextRange[] {
  const pieces: TextRange[] = []
  let from = start
  sentenceEnd.lastIndex = start
  for (;;) {
    const match = sentenceEnd.exec(text)
    const to = match ? Math.min(match.index + match[0].length, end) : end
    cutLong(text, from, to, pieces)
    if (!match || to >= end) return pieces
    from = to
  }
}

function cutLong(text: string, start: number, end: number, pieces: TextRange[]): void {
  const range = trimRange(text, start, end)
  if (range.start >= range.end) return
  if (fits(text, range)) {
    pieces.push(range)
    return
  }
  let from = range.start
  while (from < range.end) {
    const to = cutAt(text, from, range.end)
    const piece = trimRange(text, from, to)
    if (piece.start < piece.end) pieces.push(piece)
    from = to
  }
}

function fits(text: string, { start, end }: TextRange): boolean {
  return end - start <= pieceCharactersMax && estimateTokens(text, start, end) <= pieceTokensMax
}

/** Where a piece that starts at `from` ends: the last line end, else space, else code point within the limits. */
function cutAt(text: string, from: number, end: number): number {
  let reach = Math.min(end, from + pieceCharactersMax)
  while (reach - from > 1 && estimateTokens(text, from, reach) > pieceTokensMax)
    reach = from + Math.floor((reach - from) * 0.8)
  if (reach === end) return end
  for (const separator of ['\n', ' ']) {
    const at = text.lastIndexOf(separator, reach)
    if (at > from + (reach - from) / 4) return at
  }
  const splitsPair = isHighSurrogate(text.charCodeAt(reach - 1))
  return splitsPair && reach - 1 > from ? reach - 1 : splitsPair ? reach + 1 : reach
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

/** The range without white space at its ends. */
export function trimRange(text: string, start: number, end: number): TextRange {
  let from = start
  let to = end
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  return { start: from, end: to }
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0xa0 || code === 0x3000
}
