/** Makes spellings of one word equal: compatibility forms, case, marks that people leave out, letter variants. */

const nonAscii = /[^\0-\x7f]/
const upper = /[A-Z]/
/** Apostrophes, soft hyphen and joiners that stand inside words. */
const innerCharacters = /['\u2019\u02bc\u00ad\u200c\u200d]/g
/** Joiners alone: apostrophes still tell a language something. */
const joiners = /[\u00ad\u200c\u200d]/g
const apostrophes = /[\u2019\u02bc\uff07]/g

/** Arabic vowel signs and tatweel, Hebrew points and accents: written in some texts, typed by nobody. */
const optionalMarks =
  /[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]/g
/** The nukta of Indic scripts. Vowel signs and viramas are letters in all but name and stay. */
const nukta = /[\u093c\u09bc\u0a3c\u0abc\u0b3c\u0cbc]/g
const maybeNukta = /[\u0900-\u0cff]/
/** A nasal before a stop of its own place (हिन्दी, सम्बन्ध) is also written as a dot, the anusvara (हिंदी, संबंध). */
const homorganicNasals = /ङ्(?=[क-घ])|ञ्(?=[च-झ])|ण्(?=[ट-ढ])|न्(?=[त-ध])|म्(?=[प-भ])/g
const europeanMarks = /(?<=[\p{sc=Latin}\p{sc=Greek}][\u0300-\u036f]*)[\u0300-\u036f]/gu

/** Letters that do not decompose into a base and a mark. */
const letterVariants: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ð: 'd',
  đ: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
  ŋ: 'n',
  ŧ: 't',
  ς: 'σ',
  ё: 'е',
  ґ: 'г',
  أ: 'ا',
  إ: 'ا',
  آ: 'ا',
  ٱ: 'ا',
  ى: 'ي',
  ی: 'ي',
  ې: 'ي',
  ک: 'ك',
  ة: 'ه',
  ۀ: 'ه',
  ہ: 'ه',
  ھ: 'ه',
  '\u0901': '\u0902',
}
const variants = new RegExp(`[${Object.keys(letterVariants).join('')}]`, 'g')
const decimalDigits = /\p{Nd}/gu
const pieces = /[^\p{L}\p{N}\p{M}']+/u

/**
 * A word as its language sees it: compatibility forms resolved, in lower case, without optional marks; apostrophes as
 * `'`. A few compatibility characters stand for several words, so there may be more than one.
 * @param locale for languages whose lower case differs (Turkish), else undefined
 */
export function cleanWord(word: string, locale?: string): readonly string[] {
  if (!nonAscii.test(word) && locale === undefined)
    return [upper.test(word) ? word.toLowerCase() : word]
  const composed = word.replace(apostrophes, "'").normalize('NFKC')
  const lowered = locale ? composed.toLocaleLowerCase(locale) : composed.toLowerCase()
  const clean = lowered.replace(joiners, '').replace(optionalMarks, '')
  const denoted = maybeNukta.test(clean)
    ? clean.normalize('NFD').replace(nukta, '').replace(homorganicNasals, '\u0902').normalize('NFC')
    : clean
  return denoted.split(pieces).filter((piece) => piece !== '')
}

/** What remains when diacritics, letter variants, digit forms and apostrophes no longer count. */
export function foldWord(word: string): string {
  const plain = word.includes("'") || nonAscii.test(word) ? word.replace(innerCharacters, '') : word
  if (!nonAscii.test(plain)) return plain
  const bare = plain.normalize('NFD').replace(europeanMarks, '').normalize('NFC')
  return bare
    .replace(variants, (found) => letterVariants[found] ?? found)
    .replace(decimalDigits, asciiDigit)
}

/** The digits of a script stand in a run of ten that begins at a multiple of sixteen, or six after one. */
function asciiDigit(digit: string): string {
  const point = digit.codePointAt(0) ?? 0
  const row = point & ~15
  return String((point - (isDigit(row) ? row : row + 6)) % 10)
}

function isDigit(point: number): boolean {
  return String.fromCodePoint(point).search(decimalDigits) === 0
}

/** The words of a piece of text without spaces as phrases compare them: folded, cut at apostrophes. */
export function foldedWords(piece: string): string[] {
  return cleanWord(piece)
    .flatMap((word) => word.split("'"))
    .map(foldWord)
    .filter((word) => word !== '')
}
