/** A page's text as paragraphs. Files are often wrapped at some width: those line ends are no more than spaces. */

/** A line this long was wrapped; a shorter one ends where its writer wanted, as in a poem or a list. */
const wrappedLengthMin = 45
const listItem = /^\s*(?:[-*•–]|\d{1,3}[.)])\s/
/** Scripts that put nothing between words. */
const unspaced = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]$/u

export function paragraphsOf(text: string): string[] {
  return text
    .split(/\n\s*\n/)
    .map(unwrap)
    .filter((paragraph) => paragraph.trim() !== '')
}

function unwrap(paragraph: string): string {
  const [first = '', ...rest] = paragraph.split('\n')
  let text = first
  let before = first
  for (const line of rest) {
    const isWrapped = before.trim().length >= wrappedLengthMin && !listItem.test(line)
    if (!isWrapped) text += `\n${line}`
    else text = `${text.trimEnd()}${unspaced.test(text.trimEnd()) ? '' : ' '}${line.trimStart()}`
    before = line
  }
  return text
}
