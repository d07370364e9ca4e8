/** Vectors and libraries of them for the tests of this folder. */
import { type Db, openMemoryDb } from '../../../src/base/sqlite.ts'
import { seededRandom } from '../../../src/search/vectors/random.ts'
import {
  activateSpace,
  liveSpace,
  openSpace,
  type Space,
} from '../../../src/search/vectors/spaces.ts'
import { type PassageVector, putVectors } from '../../../src/search/vectors/vector-store.ts'
import { vectorsSql } from '../../../src/tenancy/migrations/vectors.ts'

export function emptyVecs(): Db {
  return openMemoryDb([vectorsSql])
}

export function newSpace(vecs: Db, dims: number, fingerprint = 'test'): Space {
  return openSpace(vecs, { fingerprint, dims, config: '{}', now: 0 })
}

/** The live space as it is now. */
export function live(vecs: Db): Space {
  const space = liveSpace(vecs)
  if (!space) throw new Error('no space is live')
  return space
}

export function gaussian(random: () => number, dims: number): Float32Array {
  return Float32Array.from({ length: dims }, () => {
    let sum = -6
    for (let i = 0; i < 12; i++) sum += random()
    return sum
  })
}

/** Vectors in clusters, as those of texts are. */
export function clustered(count: number, dims: number, seed: number): Float32Array[] {
  const random = seededRandom(seed)
  const centres = Array.from({ length: Math.ceil(count / 50) }, () => gaussian(random, dims))
  return Array.from({ length: count }, () => {
    const centre = centres[Math.floor(random() * centres.length)] ?? new Float32Array(dims)
    const noise = gaussian(random, dims)
    return centre.map((value, d) => value + 1.5 * (noise[d] ?? 0))
  })
}

/** A live space with the vectors under the ids 1, 2, 3 … */
export function filled(vectors: readonly Float32Array[], vecs = emptyVecs()): Db {
  const space = newSpace(vecs, vectors[0]?.length ?? 1)
  activateSpace(vecs, space.fingerprint)
  const rows = vectors.map((vector, index): PassageVector => ({ id: index + 1, vector }))
  for (let from = 0; from < rows.length; from += 300)
    putVectors(vecs, live(vecs), rows.slice(from, from + 300))
  return vecs
}

export function cosine(a: Float32Array, b: Float32Array): number {
  let [product, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0]
    product += x * y
    aa += x * x
    bb += y * y
  }
  return product / Math.sqrt(aa * bb)
}

/** Ids of the nearest by exact cosine, nearest first. */
export function exactNearest(
  vectors: readonly Float32Array[],
  query: Float32Array,
  limit: number,
  isWanted: (id: number) => boolean = () => true,
): number[] {
  return vectors
    .map((vector, index) => ({ id: index + 1, score: cosine(vector, query) }))
    .filter(({ id }) => isWanted(id))
    .sort((a, b) => b.score - a.score || a.id - b.id)
    .slice(0, limit)
    .map(({ id }) => id)
}
