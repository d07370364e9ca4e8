/** Marks a passage on pdf.js's text layer. */
import { cutText, type Mark } from '../lib/highlight.ts'
import { matchPassage, matchWords } from '../lib/match-passage.ts'
import { markedWords } from '../lib/snippet.ts'

/**
 * @param divs one for each of `pieces`, in the same order
 * @returns the first mark, the passage's best word if there is one
 */
export function markTextLayer(
  divs: readonly HTMLElement[],
  pieces: readonly string[],
  hit: Mark,
): HTMLElement | undefined {
  const passage = matchPassage(pieces, hit.text, hit.occurrence)
  const words = matchWords(pieces, markedWords(hit.snippet), passage)
  const marks: HTMLElement[] = []
  for (const number of new Set(passage.map(({ piece }) => piece))) {
    const parts = cutText(
      pieces[number] ?? '',
      passage.filter(({ piece }) => piece === number),
      words.filter(({ piece }) => piece === number),
    )
    divs[number]?.replaceChildren(
      ...parts.map(({ text, emphasis }) => {
        if (emphasis === 'none') return text
        const mark = document.createElement('mark')
        mark.className = emphasis
        mark.textContent = text
        marks.push(mark)
        return mark
      }),
    )
  }
  return marks.find((mark) => mark.className === 'word') ?? marks[0]
}
