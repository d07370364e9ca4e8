/** Estimates how many tokens of a language model a text is, without any model's vocabulary. */

/** A short word is about 1.3 tokens in the common vocabularies; beyond eight letters each four more are one. */
const tokensPerWord = 1.3
const lettersPlain = 8
const lettersPerToken = 4
/** Characters of scripts written without spaces: about one and a half to a token. */
const charactersPerToken = 1.5

/** Scripts without spaces between words: Thai to Myanmar, Khmer, CJK, kana, Hangul syllables excluded (they have spaces). */
function isUnspaced(code: number): boolean {
  if (code < 0x0e00) return false
  return (
    code <= 0x109f ||
    (code >= 0x1780 && code <= 0x17ff) ||
    (code >= 0x2e80 && code <= 0x9fff) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xd840 && code <= 0xdfff)
  )
}

/** Letters, digits and marks, roughly: everything above ASCII that is not general punctuation counts as a letter. */
function isWordCode(code: number): boolean {
  if (code < 0x80)
    return (
      (code >= 0x61 && code <= 0x7a) ||
      (code >= 0x41 && code <= 0x5a) ||
      (code >= 0x30 && code <= 0x39)
    )
  return code > 0xbf && (code < 0x2000 || code > 0x206f)
}

/** Tokens of `text` from `start` to `end`, as a fraction; linear, no allocation. */
export function estimateTokens(text: string, start = 0, end = text.length): number {
  let words = 0
  let characters = 0
  let extra = 0
  let letters = 0
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (isUnspaced(code)) {
      characters++
      letters = 0
    } else if (isWordCode(code)) {
      letters++
      if (letters === 1) words++
      else if (letters > lettersPlain) extra++
    } else letters = 0
  }
  return words * tokensPerWord + extra / lettersPerToken + characters / charactersPerToken
}
