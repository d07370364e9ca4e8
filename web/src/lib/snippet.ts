/** The server's snippets, taken apart: text and marks, so that nothing of them ever becomes markup here. */

export interface SnippetPart {
  readonly text: string
  readonly isMarked: boolean
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&#x27;': "'",
}

/** @param html escaped text with `<mark>`; any other tag would be shown as the text it is */
export function snippetParts(html: string): SnippetPart[] {
  const parts: SnippetPart[] = []
  let isMarked = false
  for (const piece of html.split(/(<\/?mark>)/)) {
    if (piece === '<mark>') isMarked = true
    else if (piece === '</mark>') isMarked = false
    else if (piece !== '') parts.push({ text: unescaped(piece), isMarked })
  }
  return parts
}

/** The words that were marked, each once, in small letters. */
export function markedWords(html: string): string[] {
  const words = snippetParts(html).filter(({ isMarked }) => isMarked)
  return [...new Set(words.map(({ text }) => text.toLowerCase()))]
}

function unescaped(text: string): string {
  return text.replaceAll(/&(?:amp|lt|gt|quot|#39|#x27);/g, (entity) => entities[entity] ?? entity)
}
