/** Brings text from any format into the one form Carrel stores and searches: NFC, plain letters, no invisible marks. */

/** Latin ligatures, and the presentation forms of Hebrew and Arabic: what they stand for is in their compatibility mapping. */
const presentationForms = /[\ufb00-\ufdfb\ufe70-\ufefc]+/g
/**
 * Never text: controls other than tab and line end, zero-width space and joiners of words, direction marks (which hide
 * words from search and can show something else than is stored), byte-order marks, non-characters. Zero-width joiner
 * and non-joiner stay: Persian and emoji are spelt with them.
 */
const invisible =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed.
  /[\0-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff0-\ufffb\ufffe\uffff]+/g
const softHyphenAtLineEnd = /\u00ad[ \t]*\n[ \t]*/g
/** Begins at the first space of a run only, or a line of ten thousand would be looked at from each of them. */
const spacesAtLineEnd = /(?<![ \t])[ \t]+(?=\n)/g
const manyBlankLines = /\n{3,}/g

/** The text without what no reader sees, lines ended by `\n`, at most one blank line in a row, no blank ends. */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u0085\f\v]/g, '\n')
    .replace(/\u2029/g, '\n\n')
    .replace(softHyphenAtLineEnd, '')
    .replace(/\u00ad/g, '')
    .replace(invisible, '')
    .replace(presentationForms, (letters) => letters.normalize('NFKC'))
    .normalize('NFC')
    .replace(spacesAtLineEnd, '')
    .replace(manyBlankLines, '\n\n')
    .replace(/^\n+/, '')
    .trimEnd()
}

/** Words kept for the choice between joining and keeping a hyphen; a document's own usage settles after some pages. */
const compoundsMax = 20_000

/** Letters looked at on each side of a hyphen. */
const wordMax = 40
const anyHyphen = /[-\u2010]/
/** A hyphen at a line's end and the small letters the next line begins with. */
const dividedWord = /([-\u2010])[ \t]*\n\s*(\p{Ll}[\p{L}\p{M}]*)/gu

/** Joins words that were divided at line ends, page by page of one document. */
export interface Dehyphenator {
  join(text: string): string
}

/**
 * `exam-` + `ple` becomes `example` where the next line begins with a small letter. A hyphen stays where the document
 * writes the same compound within a line (`well-known`) or where the word has another one (`mother-in-` + `law`).
 */
export function createDehyphenator(): Dehyphenator {
  const compounds = new Set<string>()
  function collect(text: string): void {
    for (let at = text.indexOf('-'); at >= 0; at = text.indexOf('-', at + 1)) {
      if (compounds.size >= compoundsMax) return
      const [before] = /[\p{L}\p{M}]+$/u.exec(text.slice(Math.max(0, at - wordMax), at)) ?? []
      const [after] = /^[\p{L}\p{M}]+/u.exec(text.slice(at + 1, at + wordMax)) ?? []
      if (before && after) compounds.add(`${before}-${after}`.toLowerCase())
    }
  }
  return {
    join(text) {
      if (!anyHyphen.test(text)) return text
      collect(text)
      return text.replace(dividedWord, (whole, hyphen: string, after: string, at: number) => {
        const before = /[\p{L}\p{M}]+$/u.exec(text.slice(Math.max(0, at - wordMax), at))?.[0]
        if (!before) return whole
        const isChain = anyHyphen.test(text.charAt(at - before.length - 1))
        const isCompound = compounds.has(`${before}-${after}`.toLowerCase())
        return (isChain || isCompound ? hyphen : '') + after
      })
    },
  }
}
