/** A library of about so many passages for tortures: each has a word of its own, and can be asked for by its words. */

const nouns =
  'harbour lantern orchard river window archive ladder meadow compass kettle cellar bridge garden chapel market'.split(
    ' ',
  )
const wordsPerPassage = 280
const passagesPerDocument = 100
const questionsMax = 200
export const wordLetters = 'bcdfghjklmnpqrtvwxz'

export interface TortureDocument {
  readonly title: string
  readonly markdown: string
  /** Words that stand in this document alone. */
  readonly words: readonly string[]
}

export interface LibraryText {
  readonly documents: readonly TortureDocument[]
  /** The words of a passage, and the one that it has alone. */
  readonly questions: readonly { readonly question: string; readonly word: string }[]
}

export function libraryText(random: () => number, passages: number): LibraryText {
  const questions: { question: string; word: string }[] = []
  const documents: TortureDocument[] = []
  for (let done = 0; done < passages; done += passagesPerDocument) {
    const title = `volume ${uniqueWord(random)}`
    const words = [title.slice('volume '.length)]
    const parts: string[] = []
    for (let at = 0; at < Math.min(passagesPerDocument, passages - done); at++) {
      const word = uniqueWord(random)
      words.push(word)
      const body = paragraph(random, word)
      parts.push(body)
      if (random() < questionsMax / passages)
        questions.push({ question: question(title, body), word })
    }
    documents.push({ title, markdown: parts.join('\n\n'), words })
  }
  return { documents, questions }
}

/** Its own word often enough that it tells the passage from all others; punctuation makes no difference here. */
function paragraph(random: () => number, word: string): string {
  const sentences: string[] = []
  for (let count = 0; count < wordsPerPassage; count += 8) {
    const few = Array.from({ length: 7 }, () => nouns[Math.floor(random() * nouns.length)])
    sentences.push(`${[...few, word].join(' ')}.`)
  }
  return sentences.join(' ')
}

function question(title: string, body: string): string {
  return `${title} ${body.replaceAll('.', '')}`
}

/** Twelve letters that no language has in this order, and no stemmer shortens. */
function uniqueWord(random: () => number): string {
  return Array.from(
    { length: 12 },
    () => wordLetters[Math.floor(random() * wordLetters.length)],
  ).join('')
}
