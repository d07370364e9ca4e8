/** Nearest passages: a first pass over two-bit codes, then the exact cosine of what it found. */
import { Problem } from '../../base/problem.ts'
import type { Db } from '../../base/sqlite.ts'
import type { Range } from '../id-runs.ts'
import { Best } from './best.ts'
import { BlockCache, type BlockHeader, type HeldBlock } from './block-cache.ts'
import { encodeQuery } from './codes.ts'
import { createKernel, type Kernel } from './kernel.ts'
import { Rotation } from './rotation.ts'
import { passageOf, type Space } from './spaces.ts'
import { readVectors, unitVector } from './vector-store.ts'

/** More than this many hits is a list, not a search. */
const limitMax = 1_000
/**
 * Candidates whose exact cosine is computed: with 200 the true ten best are among them in 0.999 of cases (50k hashed
 * n-gram vectors, `npm run bench -- vectors`).
 */
const exactDefault = 200

export interface VectorHit {
  readonly id: number
  /** Cosine, -1 … 1; an estimate of it beyond those that were read whole. */
  readonly score: number
}

export interface VectorQuery {
  /** Of the space's dimensions; any length but zero. */
  readonly vector: Float32Array
  readonly limit: number
  /** How many candidates are read whole; the others of a longer list follow by their estimates, which are right to a fortieth. */
  readonly exact?: number | undefined
  /** Passages that may be found: ascending, apart. All without it, none when it is empty. */
  readonly within?: readonly Range[] | undefined
}

/** What a thread needs to search vectors: the first pass, and memory for blocks. Made once a thread. */
export class VectorEngine {
  readonly kernel: Kernel
  readonly cache: BlockCache
  readonly #rotations = new Map<number, Rotation>()

  constructor(cacheBytesMax: number, kernel: Kernel = createKernel()) {
    this.kernel = kernel
    this.cache = new BlockCache(kernel.memory, cacheBytesMax)
  }

  /** One for each number of dimensions in use: an embedder or two. */
  rotation(dims: number): Rotation {
    let rotation = this.#rotations.get(dims)
    if (!rotation) {
      rotation = new Rotation(dims)
      this.#rotations.set(dims, rotation)
    }
    return rotation
  }

  /** To be called before a store closes. */
  forget(vecs: Db): void {
    this.cache.forget(vecs)
  }
}

/**
 * The passages nearest to a vector, nearest first. A filter is applied before anything is left out, so that it never
 * starves the result.
 * @param space as it was read in this operation: a space read earlier may hide what was written since
 * @throws Problem `invalid_request`, as `unitVector`
 */
export function searchVectors(
  engine: VectorEngine,
  vecs: Db,
  space: Space,
  { vector, limit, within, exact = exactDefault }: VectorQuery,
): VectorHit[] {
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMax)
    throw new Problem('invalid_request', `A vector search gives 1 to ${limitMax} passages.`)
  const unit = unitVector(vector, space.dims, 'The vector of the query')
  engine.kernel.ask(encodeQuery(engine.rotation(space.dims), unit))
  const best = new Best(Math.max(exact, limit))
  const filter = within && new RangeCursor(within)
  for (const header of engine.cache.headers(vecs, space)) {
    if (filter && !filter.touches(passageOf(header.key), header.last)) continue
    scan(engine, engine.cache.block(vecs, space, header), header, filter, best)
  }
  const found = best.entries()
  const ids = found.slice(0, exact).map(({ id }) => id)
  const hits = rescore(vecs, space, unit, ids)
  const least = hits.at(-1)?.score ?? 0
  // Best first by one measure at a time: an estimate never overtakes what is exact.
  const rest = found.slice(exact).map(({ id, score }) => ({ id, score: Math.min(score, least) }))
  return [...hits, ...rest].slice(0, limit)
}

/** Exact cosines of the passages that have a vector, best first. */
export function rescore(
  vecs: Db,
  space: Space,
  unit: Float32Array,
  passages: readonly number[],
): VectorHit[] {
  const hits = [...readVectors(vecs, space, passages)].map(([id, vector]): VectorHit => {
    return { id, score: dot(unit, vector) }
  })
  return hits.sort((a, b) => b.score - a.score || a.id - b.id)
}

function scan(
  { kernel }: VectorEngine,
  { ids, parts }: HeldBlock,
  header: BlockHeader,
  filter: RangeCursor | undefined,
  best: Best,
): void {
  const isWhole = !filter || filter.contains(passageOf(header.key), header.last)
  let before = 0
  for (const part of parts) {
    const count = kernel.score(part, best.threshold)
    const { rows, scores } = kernel.memory
    for (let i = 0; i < count; i++) {
      const id = ids[before + (rows[i] as number)] as number
      if (isWhole || filter.contains(id, id)) best.add(id, scores[i] as number)
    }
    before += part.rows
  }
}

/** Asks ranges in ascending order. */
class RangeCursor {
  readonly #ranges: readonly Range[]
  #at = 0

  constructor(ranges: readonly Range[]) {
    this.#ranges = ranges
  }

  /** Whether any id of first … last is within. `first` must not be less than in the call before. */
  touches(first: number, last: number): boolean {
    const range = this.#from(first)
    return range !== undefined && range.first <= last
  }

  /** Whether all ids are within. `first` must not be less than in the call before. */
  contains(first: number, last: number): boolean {
    const range = this.#from(first)
    return range !== undefined && range.first <= first && range.last >= last
  }

  #from(id: number): Range | undefined {
    while ((this.#ranges[this.#at]?.last ?? Number.POSITIVE_INFINITY) < id) this.#at++
    return this.#ranges[this.#at]
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}
