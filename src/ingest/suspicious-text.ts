/** Tells text that was decoded wrongly: by a font that does not say what its glyphs mean, or in the wrong charset. */

/** Characters looked at; a page is like its beginning. */
const sampleMax = 20_000
/** Below this many characters there is nothing to judge by. */
const charactersMin = 20
/** Share of what is no character at all (replacement, private use, unassigned). */
const meaninglessMax = 0.05
/** Share of UTF-8 read as Latin-1 or Windows-1252 (`Ã©`, `â€™`, `Ð¿`), counted in pairs. */
const mojibakeMax = 0.01
const mojibakePairsMin = 3
/** Share of letters, digits and marks below which symbols are glyphs without a meaning; leaders and rules do not count. */
const lettersShareMin = 0.5
const symbolsMin = 60

const meaningless = /[\ufffd\p{Co}\p{Cn}]/gu
const mojibake =
  /[ÂÃÎÏÐÑØÙ×][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u0192\u02c6\u02dc\u2013-\u2026]|â€[\u0090-\u00bf\u0153\u201c\u201d\u2122\u02dc\u2020-\u2026]/gu
const letters = /[\p{L}\p{N}\p{M}]/gu
const leaders = /[.…·•_\-–—|=*\s]+/gu

/** Whether the text of a page is probably not what a reader of it sees. */
export function isSuspicious(text: string): boolean {
  const sample = text.slice(0, sampleMax).replace(leaders, '')
  if (sample.length < charactersMin) return false
  if (count(sample, meaningless) > sample.length * meaninglessMax) return true
  const pairs = sample.match(mojibake)?.length ?? 0
  if (pairs >= mojibakePairsMin && pairs > sample.length * mojibakeMax) return true
  const symbols = sample.length - count(sample, letters)
  return symbols >= symbolsMin && symbols > sample.length * (1 - lettersShareMin)
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.reduce((sum, part) => sum + part.length, 0) ?? 0
}
