/** Finds words in a text without cutting a word or a number in two: 150 does not stand in 1500, nor in 150.5. */

const inWord = /[\p{L}\p{M}\p{Nd}]/u
const unspaced = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Mymr}]/u
/** Before a figure: this one belongs to the same number. */
const afterFigure = /\p{N}[.,'\u2019]?$/u
const afterSign = /(?<![\p{L}\p{M}\p{Nd}])[-\u2212+.]$/u

/** @returns where `needle` stands at or behind `from`, in UTF-16 units; -1 when nowhere */
export function findWhole(text: string, needle: string, from = 0): number {
  for (let at = text.indexOf(needle, from); at >= 0; at = text.indexOf(needle, at + 1))
    if (!cutsNumber(text, at) && !cutsNumber(text, at + needle.length) && !cuts(text, at, needle))
      return at
  return -1
}

function cuts(text: string, at: number, needle: string): boolean {
  return cutsWord(text, at) || cutsWord(text, at + needle.length)
}

function cutsWord(text: string, at: number): boolean {
  const before = text[at - 1] ?? ''
  const after = text[at] ?? ''
  if (unspaced.test(before) || unspaced.test(after)) return false
  return inWord.test(before) && inWord.test(after)
}

function cutsNumber(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 3), at)
  const after = text.slice(at, at + 2)
  if (/^\p{N}/u.test(after)) return afterFigure.test(before) || afterSign.test(before)
  return /\p{N}$/u.test(before) && /^[.,'\u2019]\p{N}/u.test(after)
}
