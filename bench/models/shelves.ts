/** The libraries of the bench `models`: a few are made up, every user has a copy of one; who asks, and for what, is chosen by Zipf. */
import { createHash } from 'node:crypto'
import type { ExtractReport, ReadPage } from '../../src/ingest/contract.ts'
import { PageTally } from '../../src/ingest/page-tally.ts'
import { generatedCollection } from '../lib/generated.ts'
import { seededRandom } from '../lib/random.ts'
import type { Asked, Request } from './contract.ts'

/** Pages of a document; every page is one passage. */
export const pagesPerPaper = 20
const wordsPerPassage = 80
const smallPassages = 40
const shelvesOfEachSize = 8
/** Words of a question are not those that every passage has. */
const queryWordLengthMin = 6
const queryWords = 3
const newPapers = 64
const dayMs = 86_400_000

/** A document that is brought: its pages, and what is known of its file. */
export interface Paper {
  readonly title: string
  readonly filename: string
  readonly sha256: string
  /** The file that is brought. */
  readonly original: Buffer
  readonly passages: readonly string[]
  /** What a person is told of its reading. */
  readonly report: ExtractReport
}

export interface Book extends Paper {
  /** As Carrel named it; all models use the same. */
  id: string
  readonly createdAtMs: number
}

export interface Shelves {
  /** Users who ask. */
  readonly tenants: number
  /** Further ones, of the large kind, for what can be done to a library once. */
  readonly spare: number
  readonly all: readonly (readonly Book[])[]
  /** Index of the shelf that a user has a copy of. */
  of(tenant: number): number
}

/** @param passages of a large library, which two of five users have */
export function makeShelves(tenants: number, passages: number, spare: number): Shelves {
  const kinds = Math.min(shelvesOfEachSize, tenants)
  const sizes = [
    ...Array.from({ length: kinds }, () => passages),
    ...Array.from({ length: kinds }, () => Math.min(smallPassages, passages)),
  ]
  const { documents } = generatedCollection(sizes.reduce((sum, size) => sum + size, 0))
  const texts = documents.values()
  const all = sizes.map((size) =>
    Array.from({ length: Math.max(1, Math.round(size / pagesPerPaper)) }, (_, at): Book => {
      const pages = [...texts.take(pagesPerPaper)].map(({ text }) => shortened(text))
      const createdAtMs = Date.UTC(2025, 0, 1) + at * dayMs
      return { ...paperOf(pages), id: '', createdAtMs }
    }),
  )
  const isLarge = (tenant: number): boolean => tenant >= tenants || tenant % 5 < 2
  return { tenants, spare, all, of: (tenant) => (tenant % kinds) + (isLarge(tenant) ? 0 : kinds) }
}

/** @returns the requests of one client, the same for the same seed, except for what is brought, which is new each time */
export function asker(
  { tenants, all, of }: Shelves,
  seed: number,
  choose: (random: number) => Request,
): () => Asked {
  const random = seededRandom(seed)
  const some = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const popularity = zipf(tenants)
  return () => {
    const tenant = popularity(random())
    const book = some(all[of(tenant)] ?? [])
    const passage = some(book.passages)
    const chances = Array.from({ length: queryWords }, random)
    const request = choose(random())
    const asked = { request, tenant, documentId: book.id }
    // What a request does not need is not made: the time of the driver is in that of all.
    return {
      ...asked,
      words: request === 'search' ? wordsOf(passage, chances) : [],
      paper: request === 'insert' || request === 'upload' ? newPaper(all, request) : book,
    }
  }
}

function wordsOf(passage: string, chances: readonly number[]): string[] {
  const long = passage.split(' ').filter((word) => word.length >= queryWordLengthMin)
  return [...new Set(chances.map((chance) => long[Math.floor(chance * long.length)] ?? ''))]
}

let papersMade = 0
/** Text that the libraries have, under a title that none has. */
function newPaper(all: Shelves['all'], request: Request): Paper {
  const number = papersMade++
  const pages = request === 'upload' ? pagesPerPaper : 1
  const shelf = all[number % all.length] ?? []
  const { passages = [] } = shelf[(number % newPapers) % shelf.length] ?? {}
  return paperOf(passages.slice(0, pages), number)
}

function paperOf(passages: readonly string[], number?: number): Paper {
  const title = (passages[0] ?? '').split(' ').slice(0, 5).join(' ')
  const original = Buffer.from(
    [...(number === undefined ? [] : [number]), ...passages].join('\n\n'),
  )
  const sha256 = createHash('sha256').update(original).digest('hex')
  const tally = new PageTally()
  for (const page of pagesOf(passages)) tally.add(page)
  const filename = `${title.replaceAll(' ', '-')}.txt`
  return { title, filename, sha256, original, passages, report: tally.report([]) }
}

export function pagesOf(passages: readonly string[]): ReadPage[] {
  return passages.map((text, at) => {
    const page = { number: at + 1, label: null, text, source: 'text', language: 'en' } as const
    return { ...page, isSuspicious: false }
  })
}

function shortened(text: string): string {
  return text.split(' ').slice(0, wordsPerPassage).join(' ')
}

/** Zipf with s = 1; who is popular has nothing to do with who has much. @returns a user for a number in [0, 1) */
function zipf(tenants: number): (random: number) => number {
  const sums: number[] = []
  for (let rank = 1; rank <= tenants; rank++) sums.push((sums.at(-1) ?? 0) + 1 / rank)
  const total = sums.at(-1) ?? 1
  return (random) => {
    const wanted = random * total
    let [low, high] = [0, tenants - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) > wanted) high = middle
      else low = middle + 1
    }
    return low
  }
}
