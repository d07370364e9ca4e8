/** Background merges: which segments become one, and the step that a shard runs between operations. */
import type { Db } from '../base/sqlite.ts'
import { analyserVersion } from './analysis/analyser.ts'
import type { Range } from './id-runs.ts'
import { advanceMerge, startMerge } from './merge-run.ts'
import { liveSegments, type SegmentHeader } from './segments.ts'

const selectUnfinished = `SELECT 1 WHERE EXISTS (SELECT 1 FROM keyword_merges)
  OR EXISTS (SELECT 1 FROM keyword_segments WHERE state = 'dropped')`
const selectDropped = `SELECT id FROM keyword_segments WHERE state = 'dropped' ORDER BY id LIMIT 1`
const selectBlocks = 'SELECT id FROM keyword_blocks WHERE segment = ? LIMIT 16'
const deleteBlock = 'DELETE FROM keyword_blocks WHERE id = ?'
const deleteSegment = 'DELETE FROM keyword_segments WHERE id = ?'

/**
 * So many segments of a tier become one of the next. Every word of a query is looked up in every segment: at 100,000
 * passages there are about a dozen, and each posting was written six times at most.
 */
const fanOut = 4
/** Segments below this are of one tier: a batch of ingest has about as many passages. */
const tierBase = 32
const sourcesMax = 16

/** Whether there is merge work. Cheap: a few rows. */
export function mergePending(app: Db): boolean {
  return app.get(selectUnfinished) !== undefined || nextMerge(liveSegments(app)) !== undefined
}

/**
 * Works for about `budgetMs`, in one transaction that waits for no disk: removes blocks that nobody reads any more,
 * else carries a merge on or begins one. @returns whether more is to be done
 */
export function mergeStep(app: Db, budgetMs: number): boolean {
  const deadlineMs = performance.now() + budgetMs
  app.unsyncedTransaction(() => {
    do if (!removeDropped(app, deadlineMs) && !advanceMerge(app, deadlineMs) && !begin(app)) return
    while (performance.now() < deadlineMs)
  })
  return mergePending(app)
}

function begin(app: Db): boolean {
  const segments = nextMerge(liveSegments(app))
  if (segments) startMerge(app, segments)
  return segments !== undefined
}

/** @returns whether there was anything to remove */
function removeDropped(app: Db, deadlineMs: number): boolean {
  const segment = app.get<{ id: number }>(selectDropped)?.id
  if (segment === undefined) return false
  do {
    const blocks = app.all<{ id: number }>(selectBlocks, segment)
    for (const { id } of blocks) app.run(deleteBlock, id)
    if (blocks.length === 0) {
      app.run(deleteSegment, segment)
      return true
    }
  } while (performance.now() < deadlineMs)
  return true
}

/**
 * The segments to merge next: a full tier, the smallest first; else the segment with the largest dead part, alone, so
 * that in the end no word of a deleted text is left.
 */
export function nextMerge(
  segments: readonly Omit<SegmentHeader, keyof Range>[],
): number[] | undefined {
  // Segments of another analyser are on their way out, document by document: rewriting one meanwhile is lost work, and
  // joining it with newer ones would make those stale.
  const [current, stale] = [segments.filter(isCurrent), segments.filter((one) => !isCurrent(one))]
  const emptied = stale.find(({ passages, dead }) => dead === passages)
  if (emptied) return [emptied.id]
  const tiers = new Map<number, number[]>()
  for (const { id, passages, dead } of current) {
    const tier = tierOf(passages - dead)
    tiers.set(tier, [...(tiers.get(tier) ?? []), id])
  }
  const full = [...tiers].filter(([, ids]) => ids.length >= fanOut).sort(([a], [b]) => a - b)[0]
  if (full) return full[1].slice(0, sourcesMax)
  const dead = current.filter((segment) => segment.dead > 0)
  dead.sort((a, b) => b.dead / b.passages - a.dead / a.passages || a.id - b.id)
  return dead[0] ? [dead[0].id] : undefined
}

function isCurrent({ analyser }: Pick<SegmentHeader, 'analyser'>): boolean {
  return analyser === analyserVersion
}

function tierOf(passages: number): number {
  return Math.max(0, Math.floor(Math.log(Math.max(passages, 1) / tierBase) / Math.log(fanOut)) + 1)
}
