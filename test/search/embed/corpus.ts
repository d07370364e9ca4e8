/** Small corpora with a hidden structure: topics whose words go together. */
import { seededRandom } from '../../../src/search/vectors/random.ts'

export function counts(text: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const word of text.split(/\s+/).filter(Boolean)) found.set(word, (found.get(word) ?? 0) + 1)
  return found
}

/** Passages of one topic each, made of its words and some common ones. */
export function topicTexts(passages: number, topics: number, seed = 1): string[] {
  const random = seededRandom(seed)
  return Array.from({ length: passages }, (_, passage) => {
    const topic = passage % topics
    const words = Array.from({ length: 30 }, () =>
      random() < 0.6
        ? `topic${topic}w${Math.floor(random() * 25)}`
        : `common${Math.floor(random() * 40)}`,
    )
    return words.join(' ')
  })
}
