/** Reads the characters of a PDF page with their places, turned upright. */
import { isRightToLeft } from './characters.ts'
import type { Pdfium, Pointer } from './pdfium.ts'

/** A character in the coordinates of upright text: `x` grows in reading direction, `y` grows downwards. In points. */
export interface Glyph {
  readonly code: number
  readonly left: number
  readonly right: number
  /** Of a box as high as the font is large, so that it says nothing about the letter's own shape. */
  readonly top: number
  readonly bottom: number
  /** Quarter turns counter-clockwise of the text on the page. */
  readonly turn: Turn
}

export type Turn = 0 | 1 | 2 | 3

/** The characters of a page in PDFium's order: that of the page's commands, right-to-left text in logical order. */
export interface PageGlyphs {
  readonly glyphs: readonly Glyph[]
  /** Whether a space stands before each glyph; PDFium's own line ends say nothing that the places do not. */
  readonly isSpaced: readonly boolean[]
}

/** PDFium marks a hyphen that divides a word at a line's end by a code of its own (U+0002, in text U+FFFE). */
const hyphen = 0x2d

/** Text too small to be seen still has an order. In points. */
const sizeMin = 0.5

/** Room for what the functions below give back: six floats, or four doubles. */
export const scratchBytes = 64

/** @param scratch `scratchBytes` of the module's memory; @param charactersMax reading stops there */
export function readGlyphs(
  pdfium: Pdfium,
  text: Pointer,
  scratch: Pointer,
  charactersMax: number,
): PageGlyphs {
  const { call } = pdfium
  const count = Math.min(call.FPDFText_CountChars(text), charactersMax)
  const glyphs: Glyph[] = []
  const isSpaced: boolean[] = []
  const read = createGlyphReader(pdfium, text, scratch)
  let isAfterSpace = false
  for (let index = 0; index < count; index++) {
    const said = call.FPDFText_GetUnicode(text, index) >>> 0
    const code = said === 0x02 || said === 0xfffe ? hyphen : said
    if (isSpace(code)) isAfterSpace = true
    else if (code > 0x20 && code <= 0x10ffff) {
      glyphs.push(read(index, code))
      isSpaced.push(isAfterSpace)
      isAfterSpace = false
    }
  }
  return { glyphs: restoreClusters(glyphs), isSpaced }
}

/**
 * PDFium brings right-to-left text into logical order by turning round its characters one by one, also those that one glyph
 * stands for (a ligature, a whole word), which were in logical order before: these are turned round again.
 */
function restoreClusters(glyphs: Glyph[]): Glyph[] {
  for (let start = 0; start < glyphs.length; ) {
    let end = start + 1
    while (end < glyphs.length && isSameGlyph(glyphs[start], glyphs[end])) end++
    if (end - start > 1) {
      const cluster = glyphs.slice(start, end)
      if (cluster.some(({ code }) => isRightToLeft(code)))
        glyphs.splice(start, cluster.length, ...cluster.reverse())
    }
    start = end
  }
  return glyphs
}

function isSameGlyph(a: Glyph | undefined, b: Glyph | undefined): boolean {
  return a?.left === b?.left && a?.right === b?.right && a?.top === b?.top
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0xa0 || code === 0x09
}

/**
 * Asks for the box around each character, as wide as its advance and as high as its font's ascent and descent, which vary
 * between fonts of one size: the box is made as high as the size. Size and turn are asked for only where the height of the
 * box changes: four calls a character would take as long as PDFium's own work.
 */
function createGlyphReader(
  pdfium: Pdfium,
  text: Pointer,
  scratch: Pointer,
): (index: number, code: number) => Glyph {
  const { call } = pdfium
  let lastHeight = Number.NaN
  let turn: Turn = 0
  let size = 1
  return (index, code) => {
    call.FPDFText_GetLooseCharBox(text, index, scratch)
    const { floats } = pdfium
    const at = scratch >> 2
    // FS_RECTF: left, top, right, bottom.
    const box = {
      left: floats[at] ?? 0,
      top: floats[at + 1] ?? 0,
      right: floats[at + 2] ?? 0,
      bottom: floats[at + 3] ?? 0,
    }
    const height = box.top - box.bottom
    if (height !== lastHeight) {
      lastHeight = height
      call.FPDFText_GetMatrix(text, index, scratch)
      const a = floats[at] ?? 0
      const b = floats[at + 1] ?? 0
      turn = turnOf(a, b)
      size = Math.max(Math.hypot(a, b) * call.FPDFText_GetFontSize(text, index), sizeMin)
    }
    const [left, right, top, bottom] = turnBox(box, turn)
    const middle = (top + bottom) / 2
    return { code, left, right, top: middle - size / 2, bottom: middle + size / 2, turn }
  }
}

function turnOf(a: number, b: number): Turn {
  if (Math.abs(a) >= Math.abs(b)) return a >= 0 ? 0 : 2
  return b > 0 ? 1 : 3
}

interface Box {
  readonly left: number
  readonly right: number
  readonly bottom: number
  readonly top: number
}

/** Left, right, top and bottom as a reader sees them who turned the page so that this text is upright; downwards grows. */
function turnBox({ left, right, bottom, top }: Box, turn: Turn): [number, number, number, number] {
  switch (turn) {
    case 0:
      return [left, right, -top, -bottom]
    case 1:
      return [bottom, top, left, right]
    case 2:
      return [-right, -left, bottom, top]
    case 3:
      return [-top, -bottom, -right, -left]
  }
}
