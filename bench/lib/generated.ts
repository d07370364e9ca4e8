/** Text for machines without the judged collections: made-up words, as often as words are (Zipf), the same every time. */
import type { Collection, CorpusDocument, JudgedQuery } from '../eval/collection.ts'
import { seededRandom } from './random.ts'

const vocabulary = 60_000
const syllables = 'ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu'.split(' ')
const lengths = { min: 60, max: 260 }
const queriesCount = 400

export function generatedCollection(size: number): Collection {
  const random = seededRandom(11)
  const word = (): string => wordOf(Math.floor(vocabulary ** random()) - 1)
  const text = (count: number): string => Array.from({ length: count }, word).join(' ')
  const documents = Array.from({ length: size }, (_, at): CorpusDocument => {
    const count = lengths.min + Math.floor(random() * (lengths.max - lengths.min))
    return { id: String(at), title: text(6), text: text(count) }
  })
  const queries = Array.from({ length: queriesCount }, (_, at): JudgedQuery => {
    return { id: String(at), text: text(4 + Math.floor(random() * 14)), relevant: new Map() }
  })
  return { name: `generated-${size}`, documents, queries }
}

/** The word of a rank: common ones are short. */
function wordOf(rank: number): string {
  let left = rank + 1
  let word = ''
  while (left > 0) {
    word += syllables[left % syllables.length]
    left = Math.floor(left / syllables.length)
  }
  return word
}
