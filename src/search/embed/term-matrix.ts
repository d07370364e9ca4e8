/** How often which term occurs in which passage: a sparse matrix that grows, then loses the terms that teach nothing. */
import { termHash } from './term-hash.ts'

/** A term of one passage has no neighbours to learn from. */
const passagesPerTermMin = 2
/** Forty megabytes of working memory for the fit at 138 numbers a term; the rarest terms go first. */
export const termsMax = 65_536
/** Entries of a chunk: arrays that grow by doubling would need three times the memory at their peak. */
const chunkEntries = 1_048_576
const countMax = 255
/** Terms of one passage that count: a table of numbers is no text. */
export const termsPerPassageMax = 4_096

interface Chunk {
  readonly columns: Int32Array
  readonly counts: Uint8Array
}

/** Rows are passages, columns terms; entries are term counts. */
export interface TermMatrix {
  readonly passages: number
  /** `termHash` of each column. */
  readonly terms: Float64Array
  /** In how many passages each column's term occurs. */
  readonly passagesOf: Float64Array
  /** Calls `visit` for every passage; the arrays are used again. */
  forEachRow(visit: (columns: Int32Array, counts: Uint8Array, length: number) => void): void
}

export class TermMatrixBuilder {
  readonly #columns = new Map<number, number>()
  readonly #passagesOf: number[] = []
  readonly #terms: number[] = []
  readonly #chunks: Chunk[] = []
  readonly #rowEnds: number[] = []
  #entries = 0

  /** @param counts how often each term occurs in the passage */
  add(counts: ReadonlyMap<string, number>): void {
    let rest = termsPerPassageMax
    for (const [term, count] of counts) {
      if (rest-- === 0) break
      this.#entry(this.#column(termHash(term)), count)
    }
    this.#rowEnds.push(this.#entries)
  }

  /** The matrix of the terms worth a vector: of two passages at least, the most frequent ones. The builder is used up. */
  build(columnsMax = termsMax): TermMatrix {
    const kept = this.#keptColumns(columnsMax)
    const columnOf = new Int32Array(this.#terms.length).fill(-1)
    for (const [column, old] of kept.entries()) columnOf[old] = column
    return {
      passages: this.#rowEnds.length,
      terms: Float64Array.from(kept, (old) => this.#terms[old] as number),
      passagesOf: Float64Array.from(kept, (old) => this.#passagesOf[old] as number),
      forEachRow: (visit) => this.#visitRows(columnOf, visit),
    }
  }

  #column(hash: number): number {
    let column = this.#columns.get(hash)
    if (column === undefined) {
      column = this.#terms.length
      this.#columns.set(hash, column)
      this.#terms.push(hash)
      this.#passagesOf.push(0)
    }
    this.#passagesOf[column] = (this.#passagesOf[column] as number) + 1
    return column
  }

  #entry(column: number, count: number): void {
    const within = this.#entries % chunkEntries
    if (within === 0)
      this.#chunks.push({
        columns: new Int32Array(chunkEntries),
        counts: new Uint8Array(chunkEntries),
      })
    const chunk = this.#chunks.at(-1) as Chunk
    chunk.columns[within] = column
    chunk.counts[within] = Math.min(count, countMax)
    this.#entries++
  }

  /** In the order of their first occurrence: the order of rows decides everything, so that a fit can be repeated. */
  #keptColumns(columnsMax: number): number[] {
    const worth = this.#passagesOf.flatMap((passages, column) =>
      passages >= passagesPerTermMin ? [column] : [],
    )
    if (worth.length <= columnsMax) return worth
    const byPassages = worth.sort(
      (a, b) => (this.#passagesOf[b] as number) - (this.#passagesOf[a] as number) || a - b,
    )
    return byPassages.slice(0, columnsMax).sort((a, b) => a - b)
  }

  #visitRows(
    columnOf: Int32Array,
    visit: (columns: Int32Array, counts: Uint8Array, length: number) => void,
  ): void {
    const columns = new Int32Array(termsPerPassageMax)
    const counts = new Uint8Array(termsPerPassageMax)
    let entry = 0
    for (const end of this.#rowEnds) {
      let length = 0
      for (; entry < end; entry++) {
        const chunk = this.#chunks[Math.floor(entry / chunkEntries)] as Chunk
        const within = entry % chunkEntries
        const column = columnOf[chunk.columns[within] as number] as number
        if (column < 0) continue
        columns[length] = column
        counts[length++] = chunk.counts[within] as number
      }
      visit(columns, counts, length)
    }
  }
}
