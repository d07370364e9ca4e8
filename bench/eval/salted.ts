/** Libraries of any size from small collections: passages with words of others mixed in, so that no two are equal. */
import { seededRandom } from '../lib/random.ts'
import type { Collection, CorpusDocument, JudgedQuery } from './collection.ts'

const saltWords = 12
/** Passages of a library are about this long. In UTF-16 units. */
const unitsMax = 1_500

/** @param size passages; each text is used as often as needed, from the second time on with salt */
export function saltedCollection(sources: readonly Collection[], size: number): Collection {
  const texts = sources.flatMap(({ documents }) => documents.filter(({ text }) => text !== ''))
  const random = seededRandom(1)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const words = texts.flatMap(({ text }) => text.slice(0, 200).match(/\p{L}{3,}/gu) ?? [])
  const documents = Array.from({ length: size }, (_, index): CorpusDocument => {
    const source = index < texts.length ? texts[index] : pick(texts)
    const text = source?.text.slice(0, unitsMax) ?? ''
    const salt = Array.from({ length: saltWords }, () => pick(words)).join(' ')
    return {
      id: String(index),
      title: source?.title ?? '',
      text: index < texts.length ? text : `${text} ${salt}`,
    }
  })
  return { name: `salted-${size}`, documents, queries: shuffled(sources, random) }
}

function shuffled(sources: readonly Collection[], random: () => number): JudgedQuery[] {
  const queries = sources.flatMap((source) => source.queries)
  const keyed = queries.map((query) => ({ query, key: random() }))
  return keyed.sort((a, b) => a.key - b.key).map(({ query }) => query)
}
