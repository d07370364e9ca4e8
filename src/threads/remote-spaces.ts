/** Spaces of a remote embedder: what has no vector in one yet, when one is complete, what is left to do. */
import type { Db } from '../base/sqlite.ts'
import { type PassageRange, publishedPassages, publishedRanges } from '../library/passages.ts'
import { epochOf, vectorNote } from '../library/vector-changes.ts'
import { countRanges, subtractRanges } from '../search/id-runs.ts'
import { liveSpace, openSpace, type Space, spaces } from '../search/vectors/spaces.ts'
import { compareStored } from '../search/vectors/vector-store.ts'
import type { Store } from '../tenancy/store.ts'

/** A space is complete without the passages that the endpoint refuses, while they are at most one in so many. */
const refusedShareMin = 10

export function isRemote({ config }: Space): boolean {
  return (JSON.parse(config) as { provider?: unknown } | null)?.provider === 'remote'
}

export function remoteSpace(vecs: Db, fingerprint: string): Space | undefined {
  return spaces(vecs).find((space) => space.fingerprint === fingerprint)
}

export function openRemoteSpace(vecs: Db, fingerprint: string, dims: number, nowMs: number): Space {
  const config = JSON.stringify({ provider: 'remote' })
  return openSpace(vecs, { fingerprint, dims, config, now: nowMs })
}

/** Whether somebody must come back for vectors of a remote embedder. A few rows. */
export function remoteUnfinished({ app, vecs }: Store): boolean {
  if (vectorNote(vecs, 'remote') !== undefined) return true
  const all = spaces(vecs)
  if (all.some((space) => space.state === 'building' && isRemote(space))) return true
  const isServed = all.some((space) => space.state === 'live' && isRemote(space))
  return !isServed && publishedPassages(app) > 0
}

/** @returns whether a fresh comparison finds nothing missing but passages that the endpoint does not take */
export function isComplete(
  { app, vecs }: Store,
  space: Space,
  refused: readonly number[],
): boolean {
  const published = publishedRanges(app)
  const { missing } = compareStored(vecs, space, published)
  const count = countRanges(missing)
  if (count === 0) return true
  if (count * refusedShareMin > countRanges(published)) return false
  const refusedIds = refused.map((id): PassageRange => ({ first: id, last: id }))
  return (
    subtractRanges(
      missing,
      refusedIds.toSorted((a, b) => a.first - b.first),
    ).length === 0
  )
}

interface Known {
  readonly space: number
  /** Of the space and of app.db: another value of either, and it is compared anew. */
  changes: number
  readonly epoch: number
  missing: readonly PassageRange[]
}

/** Which passages have no vector, remembered between the batches of one filling: a comparison reads every block. */
export class MissingVectors {
  readonly #known = new WeakMap<Db, Known>()

  /** @param space undefined before the first vector: then everything is missing */
  of({ app, vecs }: Store, space: Space | undefined): readonly PassageRange[] {
    if (!space) return publishedRanges(app)
    const epoch = epochOf(app)
    const known = this.#known.get(vecs)
    if (known?.space === space.id && known.changes === space.changes && known.epoch === epoch)
      return known.missing
    const { missing } = compareStored(vecs, space, publishedRanges(app))
    this.#known.set(vecs, { space: space.id, changes: space.changes, epoch, missing })
    return missing
  }

  /** Vectors of these passages, missing until now, were stored; the space as it is afterwards. @returns what is left */
  stored(store: Store, space: Space, ids: readonly number[]): readonly PassageRange[] {
    const known = this.#known.get(store.vecs)
    if (known?.space !== space.id || known.epoch !== epochOf(store.app))
      return this.of(store, space)
    const ranges = ids.map((id): PassageRange => ({ first: id, last: id }))
    known.missing = subtractRanges(
      known.missing,
      ranges.toSorted((a, b) => a.first - b.first),
    )
    known.changes = space.changes
    return known.missing
  }
}

/** What a user sees of the vectors of their library. */
export interface VectorFigures {
  /** Who made what is searched; null while words alone are. */
  readonly searched: 'builtin' | 'remote' | null
  /** Passages that have no vector of the embedder in use yet. */
  readonly pending: number
}

/** @param wanted the remote embedder's space as it was asked for last */
export function vectorFigures(
  { app, vecs }: Store,
  embedder: 'builtin' | 'remote',
  wanted: string | undefined,
): VectorFigures {
  const published = publishedPassages(app)
  const live = liveSpace(vecs)
  const all = spaces(vecs)
  const searched = live ? (isRemote(live) ? 'remote' : 'builtin') : null
  if (embedder === 'builtin' && searched === 'builtin' && epochOf(app) === epochOf(vecs))
    return { searched, pending: 0 }
  const own = all.filter((space) => isRemote(space) === (embedder === 'remote'))
  const target =
    wanted === undefined
      ? (own.find(({ state }) => state === 'building') ?? own.find(({ state }) => state === 'live'))
      : own.find(({ fingerprint }) => fingerprint === wanted)
  return { searched, pending: Math.max(0, published - (target?.passages ?? 0)) }
}
