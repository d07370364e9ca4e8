/** What the layout of a page must know about a character, by its code point. */

/** Accents that fonts draw apart from their letter, and the combining characters they are. */
const accents: ReadonlyMap<number, string> = new Map(
  Object.entries({
    '`': '\u0300',
    '´': '\u0301',
    '^': '\u0302',
    ˆ: '\u0302',
    '~': '\u0303',
    '˜': '\u0303',
    '¯': '\u0304',
    '˘': '\u0306',
    '˙': '\u0307',
    '¨': '\u0308',
    '˚': '\u030a',
    '˝': '\u030b',
    ˇ: '\u030c',
    '¸': '\u0327',
    '˛': '\u0328',
  }).map(([accent, combining]) => [accent.codePointAt(0) ?? 0, combining]),
)
/** Combining accents over and under Latin letters. */
const combiningFrom = 0x300
const combiningTo = 0x36f

/** The combining character an accent stands for, or undefined for anything else. */
export function combiningOf(code: number): string | undefined {
  if (code >= combiningFrom && code <= combiningTo) return String.fromCodePoint(code)
  return accents.get(code)
}

/** A letter as it is under an accent: `i` and `j` lose their dots to it. */
export function underAccent(code: number): string {
  if (code === 0x131) return 'i'
  return code === 0x237 ? 'j' : String.fromCodePoint(code)
}

export function isLetter(code: number): boolean {
  if (code < 0x80) return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
  return /\p{L}/u.test(String.fromCodePoint(code))
}

/** Belongs to the letter before it, wherever the font draws it: accents, vowels and tones of many scripts. */
export function isMark(code: number): boolean {
  return code >= combiningFrom && /\p{M}/u.test(String.fromCodePoint(code))
}

/** Set without spaces between words (Chinese, Japanese): a space between two of these is only letter-spacing. */
export function isUnspaced(code: number): boolean {
  if (code < 0x2e80) return false
  return (
    code <= 0x2fff ||
    (code > 0x3000 && code <= 0x312f) ||
    (code >= 0x31f0 && code <= 0x9fff) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xff01 && code <= 0xffef) ||
    (code >= 0x20000 && code <= 0x3ffff)
  )
}

/** Hebrew, Arabic and their neighbours, presentation forms included. */
export function isRightToLeft(code: number): boolean {
  return (code >= 0x590 && code <= 0x8ff) || (code >= 0xfb1d && code <= 0xfefc)
}

export function lastCode(text: string): number {
  const last = text.charCodeAt(text.length - 1)
  const isLow = last >= 0xdc00 && last <= 0xdfff
  return (isLow ? text.codePointAt(text.length - 2) : last) ?? 0
}

/** The code of a text that is one character, else undefined. */
export function singleCode(text: string): number | undefined {
  const code = text.codePointAt(0)
  return code !== undefined && text.length === (code > 0xffff ? 2 : 1) ? code : undefined
}
