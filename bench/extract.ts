/** Text of PDF files against `pdftotext`: the same words in the same order, and how long a book takes. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createExtractorPool, type ExtractorPool } from '../src/threads/extractor-pool.ts'
import { bookMemoryMb } from './extract-memory.ts'
import { Client, signToken } from './lib/client.ts'
import { seededRandom } from './lib/random.ts'
import { startServer } from './lib/server.ts'
import { median } from './lib/statistics.ts'

/** What a document is, by its name in the test data; what is not named here counts in no ratio. */
const singleColumn = new Set([
  'freeculture-352p.pdf',
  'uber-10k-307p.pdf',
  'pdflatex-outline.pdf',
  'rotated-pages.pdf',
  'he-word365.pdf',
])
const twoColumns = new Set(['naacl06-2col-8p.pdf'])
const book = 'freeculture-352p.pdf'
const paper = 'naacl06-2col-8p.pdf'
const secret = 'the benchmark signs its own tokens with this'
const phrasesPerDocument = 10
const phraseWords = 4
const roundsDefault = 5
const memoryRounds = 3

export interface ExtractBenchOptions {
  /** Folder with PDF files. */
  readonly folder: string
  readonly rounds?: number
  readonly seed?: number
}

export interface ExtractRow {
  readonly file: string
  readonly pages: number
  readonly words: number
  /** Share of words in common in the same order (longest common subsequence by page, over the longer of both). */
  readonly order: number
  /** The same without regard to order. */
  readonly bag: number
  /** Phrases of pdftotext's page found on ours, as `found/tried`. */
  readonly phrases: string
}

export interface ExtractBench {
  readonly rows: readonly ExtractRow[]
  readonly ratios: Readonly<Record<string, number | null>>
}

/** @returns agreement by document, and `words_single_column`, `words_two_columns`, `phrases`, `extract_time` and `book_time` (over pdftotext's), `book_memory_mb` */
export async function run(options: ExtractBenchOptions): Promise<ExtractBench> {
  const pool = createExtractorPool({
    sizeMax: 1,
    memoryBytesMax: 768 * 2 ** 20,
    cpuMsMax: 120_000,
    silenceMsMax: 120_000,
    charactersMax: 100_000_000,
    pagesMax: 100_000,
    idleMs: 60_000,
  })
  try {
    const random = seededRandom(options.seed ?? 1)
    const files = readdirSync(options.folder).filter((name) => name.endsWith('.pdf'))
    const rows: (ExtractRow & { common: number; longest: number; found: number; tried: number })[] =
      []
    for (const file of files) {
      const path = join(options.folder, file)
      rows.push(compare(path, await readPages(pool, path), referencePages(path), random))
    }
    const path = join(options.folder, book)
    const times = files.includes(book)
      ? await timeBook(pool, path, options.rounds ?? roundsDefault)
      : { extract_time: Number.NaN, book_time: Number.NaN }
    const memory =
      files.includes(book) && files.includes(paper)
        ? await bookMemoryMb(path, join(options.folder, paper), memoryRounds)
        : null
    const sum = (of: typeof rows, figure: 'common' | 'longest' | 'found' | 'tried') =>
      of.reduce((total, row) => total + row[figure], 0)
    const agreement = (names: ReadonlySet<string>) => {
      const chosen = rows.filter(({ file }) => names.has(file))
      return sum(chosen, 'common') / sum(chosen, 'longest')
    }
    return {
      rows: rows.map(({ file, pages, words, order, bag, phrases }) => ({
        file,
        pages,
        words,
        order,
        bag,
        phrases,
      })),
      ratios: {
        words_single_column: agreement(singleColumn),
        words_two_columns: agreement(twoColumns),
        phrases: sum(rows, 'found') / sum(rows, 'tried'),
        ...times,
        book_memory_mb: memory,
      },
    }
  } finally {
    await pool.close()
  }
}

async function readPages(pool: ExtractorPool, path: string): Promise<string[]> {
  const fd = openSync(path, 'r')
  const pages: string[] = []
  try {
    await pool.extract({
      fd,
      mediaType: 'application/pdf',
      filename: basename(path),
      onBatch: async (batch) => void pages.push(...batch.pages.map(({ text }) => text)),
    })
  } finally {
    closeSync(fd)
  }
  return pages
}

function referencePages(path: string): string[] {
  const text = execFileSync('pdftotext', ['-enc', 'UTF-8', path, '-'], { maxBuffer: 2 ** 30 })
  return text.toString('utf8').split('\f').slice(0, -1)
}

function wordsOf(text: string | undefined): string[] {
  return (
    (text ?? '')
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  )
}

function compare(
  path: string,
  ours: readonly string[],
  theirs: readonly string[],
  random: () => number,
) {
  let common = 0
  let shared = 0
  let longest = 0
  let words = 0
  for (const [index, reference] of theirs.entries()) {
    const a = wordsOf(ours[index])
    const b = wordsOf(reference)
    common += commonSubsequence(a, b)
    shared += commonWords(a, b)
    longest += Math.max(a.length, b.length)
    words += b.length
  }
  const { found, tried } = findPhrases(ours, theirs, random)
  return {
    file: basename(path),
    pages: theirs.length,
    words,
    order: common / longest,
    bag: shared / longest,
    phrases: `${found}/${tried}`,
    common,
    longest,
    found,
    tried,
  }
}

/** Length of the longest common subsequence (Hunt and Szymanski 1977): fast because pages repeat few words. */
function commonSubsequence(a: readonly string[], b: readonly string[]): number {
  const places = new Map<string, number[]>()
  for (const [index, word] of b.entries()) {
    const known = places.get(word)
    if (known) known.unshift(index)
    else places.set(word, [index])
  }
  const ends: number[] = []
  for (const word of a) {
    for (const place of places.get(word) ?? []) {
      let low = 0
      let high = ends.length
      while (low < high) {
        const middle = (low + high) >> 1
        if ((ends[middle] ?? 0) < place) low = middle + 1
        else high = middle
      }
      ends[low] = place
    }
  }
  return ends.length
}

function commonWords(a: readonly string[], b: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const word of b) counts.set(word, (counts.get(word) ?? 0) + 1)
  let shared = 0
  for (const word of a) {
    const count = counts.get(word) ?? 0
    if (count > 0) shared++
    counts.set(word, count - 1)
  }
  return shared
}

/** Phrases are taken from one line of pdftotext's, so that its own way of joining lines does not count. */
function findPhrases(ours: readonly string[], theirs: readonly string[], random: () => number) {
  const lines = theirs.flatMap((text, index) =>
    text.split('\n').map((line) => ({ words: wordsOf(line), index })),
  )
  const usable = lines.filter(({ words }) => words.length >= phraseWords)
  let found = 0
  let tried = 0
  for (; usable.length > 0 && tried < phrasesPerDocument; tried++) {
    const line = usable[Math.floor(random() * usable.length)]
    if (!line) break
    const start = Math.floor(random() * (line.words.length - phraseWords + 1))
    const phrase = line.words.slice(start, start + phraseWords).join(' ')
    if (` ${wordsOf(ours[line.index]).join(' ')} `.includes(` ${phrase} `)) found++
  }
  return { found, tried }
}

/** Medians of our times over pdftotext's, in turns, with a warm reader: extraction alone, and upload to searchable. */
async function timeBook(pool: ExtractorPool, path: string, rounds: number): Promise<BookTimes> {
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-bench-'))
  const server = await startServer(dataDir, { JWT_SECRET: secret, LOG_LEVEL: 'info' })
  try {
    const client = new Client(server.url, await signToken(secret, 'reader'))
    const bytes = readFileSync(path)
    const extract: number[] = []
    const book: number[] = []
    // The first round warms both readers and does not count.
    for (let round = 0; round <= rounds; round++) {
      const start = performance.now()
      referencePages(path)
      const reference = performance.now() - start
      await readPages(pool, path)
      const extracted = performance.now() - start - reference
      // The same bytes would be the same document; what follows the end of a PDF does not count.
      const document = await client.upload(
        basename(path),
        Buffer.concat([bytes, Buffer.from(`%${round}`)]),
      )
      const settled = await client.settled(document.id)
      if (settled.status !== 'ready')
        throw new Error(`the book was not read: ${settled.error?.detail}`)
      const searchable = performance.now() - start - reference - extracted
      if (round === 0) continue
      extract.push(extracted / reference)
      book.push(searchable / reference)
    }
    return { extract_time: median(extract), book_time: median(book) }
  } finally {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

interface BookTimes {
  readonly extract_time: number
  readonly book_time: number
}
