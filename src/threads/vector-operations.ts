/** Vectors of a remote embedder, the shard's side: text goes out in batches, vectors come back, a full space is switched to. */
import { Problem } from '../base/problem.ts'
import { type Db, isDamage } from '../base/sqlite.ts'
import { type PassageRange, type PassageToEmbed, passagesToEmbed } from '../library/passages.ts'
import {
  embeddedSince,
  epochOf,
  reachesBack,
  setVectorNote,
  vectorNote,
} from '../library/vector-changes.ts'
import { countRanges, normaliseRanges, subtractRanges } from '../search/id-runs.ts'
import { liveSpace, type Space } from '../search/vectors/spaces.ts'
import { putVectors } from '../search/vectors/vector-store.ts'
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'
import { isComplete, openRemoteSpace, remoteSpace } from './remote-spaces.ts'
import { dropOtherUnfinished, switchTo } from './vector-spaces.ts'

export interface RemoteSpace {
  readonly fingerprint: string
  readonly dimensions: number
}

export interface PendingVectors {
  readonly items: readonly { readonly passageId: number; readonly text: string }[]
  /** All that have no vector, from the first passage on. */
  readonly left: number
  /** To be given back with the vectors: what changed since is not stored. */
  readonly epoch: number
  /** Nothing is left and the space is searched. */
  readonly isSettled: boolean
}

/** Passages above `after` without a vector in the space. Writes nothing. */
export function pending(
  context: ShardContext,
  store: Store,
  args: RemoteSpace & { limit: number; after: number },
): PendingVectors {
  context.wantedSpace = args.fingerprint
  return guarded(context, store, () => pendingOf(context, store, args))
}

function pendingOf(
  context: ShardContext,
  store: Store,
  { fingerprint, limit, after }: RemoteSpace & { limit: number; after: number },
): PendingVectors {
  const { app, vecs } = store
  const space = remoteSpace(vecs, fingerprint)
  const epoch = epochOf(vecs)
  const isFollowed = epoch === epochOf(app)
  if (isFollowed && space?.state === 'live' && vectorNote(vecs, 'remote') === undefined)
    return { items: [], left: 0, epoch, isSettled: true }
  const missing = context.missingVectors.of(store, space)
  // What the log says is new is offered once it was followed: following takes old vectors of it away.
  const unfollowed = isFollowed ? [] : normaliseRanges(embeddedSince(app, epoch))
  const items = textsOf(app, subtractRanges(missing, unfollowed), after, limit)
  const left = countRanges(missing)
  return { items, left, epoch, isSettled: left === 0 && !space }
}

export interface VectorsToStore extends RemoteSpace {
  readonly items: readonly { readonly passageId: number; readonly vector: Float32Array }[]
  /** As `pending` gave it with the texts. */
  readonly epoch: number
  /** Passages that the endpoint does not take, when nothing else is left. */
  readonly refused?: readonly number[]
}

/**
 * Keeps vectors of passages that are searched and have none; when none is missing any more, the space is searched from
 * now on, in the same transaction.
 * @throws Problem `invalid_request` for vectors that cannot be stored
 */
export function store(
  context: ShardContext,
  target: Store,
  args: VectorsToStore,
): { left: number } {
  return guarded(context, target, () => keep(context, target, args))
}

function keep(
  context: ShardContext,
  target: Store,
  { fingerprint, dimensions, items, epoch, refused = [] }: VectorsToStore,
): { left: number } {
  const { app, vecs } = target
  return vecs.transaction(() => {
    const before = remoteSpace(vecs, fingerprint)
    const missing = context.missingVectors.of(target, before)
    if (!before && countRanges(missing) === 0) return { left: 0 }
    if (!before) dropOtherUnfinished(vecs)
    const space = before ?? openRemoteSpace(vecs, fingerprint, dimensions, context.nowMs())
    const changed = changedSince(app, epoch)
    const rows = items
      .map(({ passageId, vector }) => ({ id: passageId, vector }))
      .filter(({ id }) => isWithin(missing, id) && !isWithin(changed, id))
    putVectors(vecs, space, rows)
    const now = remoteSpace(vecs, fingerprint) ?? space
    const ids = rows.map(({ id }) => id)
    const left = countRanges(context.missingVectors.stored(target, now, ids))
    if (left <= refused.length) settle(target, now, refused, left)
    return { left }
  })
}

/** A space that holds all it can is searched. */
function settle(target: Store, space: Space, refused: readonly number[], left: number): void {
  const { vecs } = target
  if (!isComplete(target, space, refused)) return
  if (liveSpace(vecs)?.id !== space.id) switchTo(vecs, space)
  // Those that were refused are offered again, after the next start at the latest.
  setVectorNote(vecs, 'remote', left === 0 ? undefined : '1')
}

function textsOf(
  app: Db,
  ranges: readonly PassageRange[],
  after: number,
  limit: number,
): PendingVectors['items'] {
  const found: PassageToEmbed[] = []
  for (const { first, last } of ranges) {
    if (last <= after) continue
    if (found.length >= limit) break
    const rest = { first: Math.max(first, after + 1), last }
    found.push(...passagesToEmbed(app, rest, limit - found.length))
  }
  // As the built-in embedder reads it: a passage is found by the title of its document as well.
  return found.map(({ id, title, text }) => ({ passageId: id, text: `${title}\n\n${text}` }))
}

/** Whose title may be another than when their text was handed out: all, when the log does not tell any more. */
function changedSince(app: Db, epoch: number): readonly PassageRange[] {
  return reachesBack(app, epoch) ? embeddedSince(app, epoch) : everyPassage
}

const everyPassage: readonly PassageRange[] = [{ first: 0, last: Number.MAX_SAFE_INTEGER }]

/** A file that turns out to be unreadable is made anew: the caller asks again a little later. */
function guarded<T>(context: ShardContext, { tenant, directory }: Store, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!isDamage(error)) throw error
    context.damagedVectors.set(tenant, directory)
    throw new Problem('overloaded', 'The vectors of this library are being made anew.', {
      cause: error,
      retryAfterS: 1,
    })
  }
}

function isWithin(ranges: readonly PassageRange[], id: number): boolean {
  return ranges.some(({ first, last }) => first <= id && id <= last)
}
