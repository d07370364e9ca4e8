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
  dropSpace,
  liveSpace,
  openSpace,
  type Space,
  spaces,
  sweepDropped,
} from '../search/vectors/spaces.ts'
import { compactBlocks } from '../search/vectors/vector-store.ts'
import type { Store } from '../tenancy/store.ts'

/** Each some hundred microseconds to a few milliseconds: a search that waits for one does not notice. */
const sweptPerStep = 256
const joinsPerStep = 4
const pagesPerStep = 32
/** The log of changes may be so long before what was followed is forgotten, which costs a wait for the disk. */
const changesKept = 256

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

/** After a switch: every other space of the built-in embedder goes, fits that were never finished as well. */
export function dropOthers(vecs: Db, kept: Space): void {
  for (const { fingerprint, config } of spaces(vecs))
    if (fingerprint !== kept.fingerprint && builtinConfigOf(config)) dropSpace(vecs, fingerprint)
  setVectorNote(vecs, 'fit', undefined)
  setVectorNote(vecs, 'tidy', '1')
}

/** Before a fit is stored: what an interrupted one left goes. */
export function dropUnfinished(vecs: Db, kept: string): void {
  for (const { fingerprint } of buildingSpaces(vecs)) {
    if (fingerprint === kept || fingerprint === hashedFingerprint) continue
    dropSpace(vecs, fingerprint)
    setVectorNote(vecs, 'tidy', '1')
  }
}

/** Whether the built-in embedder should learn from this library now: everything is quiet and it has grown. */
export function fitPlan({ app, vecs }: Store): (FitPlan & { passages: number }) | undefined {
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
    app.unsyncedTransaction(() => forgetVectorChanges(app, epoch))
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
