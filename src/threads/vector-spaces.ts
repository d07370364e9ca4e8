/** Which space of a tenant is searched, which is being filled, and what is left to remove of the others. */
import type { Db } from '../base/sqlite.ts'
import { publishedPassages } from '../library/passages.ts'
import {
  epochOf,
  forgetVectorChanges,
  setVectorNote,
  vectorChangesToForget,
  vectorNote,
} from '../library/vector-changes.ts'
import { builtinDims } from '../search/embed/builtin.ts'
import {
  type BuiltinConfig,
  builtinConfigOf,
  type FitPlan,
  hashedFingerprint,
  isCurrent,
  planFit,
} from '../search/embed/refit.ts'
import { reclaimPages } from '../search/vectors/reclaim.ts'
import {
  activateSpace,
  dropSpace,
  liveSpace,
  openSpace,
  type Space,
  spaces,
  sweepDropped,
} from '../search/vectors/spaces.ts'
import { compactBlocks } from '../search/vectors/vector-store.ts'
import type { Store } from '../tenancy/store.ts'
import { isRemote } from './remote-spaces.ts'

/** Each some hundred microseconds to a few milliseconds: a search that waits for one does not notice. */
const sweptPerStep = 256
const joinsPerStep = 4
const pagesPerStep = 32
/** The log of changes may be so long before what was followed is forgotten, which costs a wait for the disk. */
const changesKept = 256
/** Of those so many stay: vectors that are being made elsewhere may have to be told what changed meanwhile. */
const changesKeptMin = 64

/** The space that is searched, if the embedder of this version made it. */
export function currentLive(vecs: Db): Space | undefined {
  const live = liveSpace(vecs)
  return live && isCurrent(live.fingerprint) ? live : undefined
}

/** Whether what is searched was made by another version of the embedder or the analyser. */
export function isStale(vecs: Db): boolean {
  const live = liveSpace(vecs)
  return live !== undefined && !isCurrent(live.fingerprint)
}

/** The space to fill beside the one that is searched: a new fit, or the hashed pieces while there is nothing. */
export function spaceToFill(
  { app, vecs }: Store,
  live: Space | undefined,
  nowMs: number,
): Space | undefined {
  const fit = vectorNote(vecs, 'fit')
  const fitted = fit === undefined ? undefined : buildingSpaces(vecs).find(isOf(fit))
  if (fitted) return fitted
  if (fit !== undefined) setVectorNote(vecs, 'fit', undefined)
  if (live) return undefined
  // An earlier one that was kept while another embedder was in use: what it lacks is less than everything.
  const kept = spaces(vecs).findLast(
    ({ state, fingerprint }) => state === 'kept' && isCurrent(fingerprint),
  )
  if (kept) return kept
  return openBuiltinSpace(
    vecs,
    hashedFingerprint,
    { fitted: 0, library: publishedPassages(app) },
    nowMs,
  )
}

export function openBuiltinSpace(
  vecs: Db,
  fingerprint: string,
  config: Omit<BuiltinConfig, 'provider'>,
  nowMs: number,
): Space {
  return openSpace(vecs, {
    fingerprint,
    dims: builtinDims,
    config: JSON.stringify({ provider: 'builtin', ...config } satisfies BuiltinConfig),
    now: nowMs,
  })
}

/**
 * Searches use the space from now on, in the caller's transaction. One earlier space is kept, to go back to: that of the
 * embedder before. A new fit of the built-in embedder replaces its last one, and what was kept stays. The rest goes.
 */
export function switchTo(vecs: Db, space: Space): void {
  const before = liveSpace(vecs)
  const isRefit = before !== undefined && !isRemote(before) && !isRemote(space)
  for (const other of spaces(vecs)) {
    const isKept = isRefit ? other.state === 'kept' && isRemote(other) : other.id === before?.id
    if (other.id !== space.id && !isKept) dropSpace(vecs, other.fingerprint)
  }
  activateSpace(vecs, space.fingerprint)
  setVectorNote(vecs, 'fit', undefined)
  setVectorNote(vecs, 'tidy', '1')
}

/** Before a space of a remote embedder is begun: one that was begun for another and never finished goes. */
export function dropOtherUnfinished(vecs: Db): void {
  for (const space of spaces(vecs)) {
    if (space.state !== 'building' || !isRemote(space)) continue
    dropSpace(vecs, space.fingerprint)
    setVectorNote(vecs, 'tidy', '1')
  }
}

/** Before a fit is stored: what an interrupted one left goes. */
export function dropUnfinished(vecs: Db, kept: string): void {
  for (const { fingerprint } of buildingSpaces(vecs)) {
    if (fingerprint === kept || fingerprint === hashedFingerprint) continue
    dropSpace(vecs, fingerprint)
    setVectorNote(vecs, 'tidy', '1')
  }
}

/** A fit that was begun while the built-in embedder was in use is not gone on with. */
export function endFit(vecs: Db): void {
  if (vectorNote(vecs, 'fit') === undefined) return
  vecs.transaction(() => {
    dropUnfinished(vecs, '')
    setVectorNote(vecs, 'fit', undefined)
  })
}

/** Whether the built-in embedder should learn from this library now: it is in use, everything is quiet, it has grown. */
export function fitPlan(
  embedder: 'builtin' | 'remote',
  { app, vecs }: Store,
): (FitPlan & { passages: number }) | undefined {
  if (embedder === 'remote') return undefined
  const live = currentLive(vecs)
  const config = live && builtinConfigOf(live.config)
  if (!config || epochOf(app) !== epochOf(vecs) || vectorNote(vecs, 'fit') !== undefined)
    return undefined
  const passages = publishedPassages(app)
  const plan = planFit(passages, config)
  return plan && { ...plan, passages }
}

/** Rows, small blocks and free pages that deletes left, a few at a time. @returns whether there is more to do */
export function tidyStep({ app, vecs }: Store, live: Space | undefined): boolean {
  const epoch = epochOf(vecs)
  if (vectorChangesToForget(app, epoch, changesKept)) {
    // What is forgotten here must survive a power cut there.
    vecs.checkpoint()
    app.unsyncedTransaction(() => forgetVectorChanges(app, epoch - changesKeptMin))
  }
  if (vectorNote(vecs, 'tidy') === undefined) return false
  if (sweepDropped(vecs, sweptPerStep)) return true
  if (live && compactBlocks(vecs, live, joinsPerStep)) return true
  if (reclaimPages(vecs, pagesPerStep)) return true
  setVectorNote(vecs, 'tidy', undefined)
  return false
}

function buildingSpaces(vecs: Db): Space[] {
  return spaces(vecs).filter(({ state, config }) => state === 'building' && builtinConfigOf(config))
}

function isOf(fingerprint: string): (space: Space) => boolean {
  return (space) => space.fingerprint === fingerprint
}
