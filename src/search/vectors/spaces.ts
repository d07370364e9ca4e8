/** Vector spaces: one an embedder's fingerprint. Several live side by side; one is searched. */
import { Problem } from '../../base/problem.ts'
import type { Db } from '../../base/sqlite.ts'

const columns = 'id, fingerprint, dims, state, config, passages, changes'
const selectSpaces = `SELECT ${columns} FROM vector_spaces WHERE state <> 'dropped' ORDER BY id`
const selectLive = `SELECT ${columns} FROM vector_spaces WHERE state = 'live'`
const selectByFingerprint = `SELECT ${columns} FROM vector_spaces WHERE fingerprint = ?`
const selectDropped = `SELECT id FROM vector_spaces WHERE state = 'dropped' ORDER BY id LIMIT 1`
const insertSpace = `INSERT INTO vector_spaces (fingerprint, dims, state, config, created_at)
  VALUES (?, ?, 'building', ?, ?)`
const retireLive = `UPDATE vector_spaces SET state = 'kept' WHERE state = 'live' AND id <> ?`
const makeLive = `UPDATE vector_spaces SET state = 'live' WHERE id = ?`
// The fingerprint is free at once, so that the same embedder can be filled anew while the old rows go.
const markDropped = `UPDATE vector_spaces SET state = 'dropped', fingerprint = fingerprint || ' dropped ' || id || '.' || changes
  WHERE fingerprint = ? AND state <> 'dropped'`
const updateCounts = `UPDATE vector_spaces SET passages = passages + ?, changes = changes + 1 WHERE id = ?
  RETURNING changes`
const deleteVectors =
  'DELETE FROM vectors WHERE key IN (SELECT key FROM vectors WHERE key BETWEEN ? AND ? LIMIT ?)'
const deleteBlocks =
  'DELETE FROM vector_blocks WHERE key IN (SELECT key FROM vector_blocks WHERE key BETWEEN ? AND ? LIMIT ?)'
const deleteTerms = `DELETE FROM embedder_terms WHERE space = ?
  AND term IN (SELECT term FROM embedder_terms WHERE space = ? LIMIT ?)`
const deleteSpace = 'DELETE FROM vector_spaces WHERE id = ?'

/** Passage ids stay below it. Above are seventeen bits left for spaces: ten new ones a day for thirty years. */
const spaceStride = 2 ** 36
/** Of any embedder's vectors. */
export const dimsMax = 4096
/** The fingerprint and settings of an embedder are a line of text, not data. */
const configCharsMax = 65_536

export interface Space {
  readonly id: number
  readonly fingerprint: string
  readonly dims: number
  readonly state: 'building' | 'live' | 'kept' | 'dropped'
  /** The embedder's settings, JSON. */
  readonly config: string
  readonly passages: number
  readonly changes: number
}

export interface NewSpace {
  readonly fingerprint: string
  readonly dims: number
  readonly config: string
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Every space that is not being removed. */
export function spaces(vecs: Db): Space[] {
  return vecs.all<Space>(selectSpaces)
}

/** The space that is searched, or undefined before the first is complete. */
export function liveSpace(vecs: Db): Space | undefined {
  return vecs.get<Space>(selectLive)
}

/**
 * The space of a fingerprint, as it is or new and empty, so that filling one goes on where it was interrupted.
 * @throws Problem `invalid_request` when the dimensions are not 1 … 4096 or not those the space has
 */
export function openSpace(vecs: Db, { fingerprint, dims, config, now }: NewSpace): Space {
  if (!Number.isInteger(dims) || dims < 1 || dims > dimsMax)
    throw new Problem(
      'invalid_request',
      `Vectors of ${dims} dimensions cannot be stored: an embedder must give 1 to ${dimsMax}.`,
    )
  if (config.length > configCharsMax)
    throw new Problem('too_large', 'The settings of the embedder are too long to store.')
  return vecs.transaction(() => {
    const found = vecs.get<Space>(selectByFingerprint, fingerprint)
    if (found && found.dims !== dims)
      throw new Problem(
        'invalid_request',
        `The embedder gives ${dims} dimensions now and gave ${found.dims} before: name it differently.`,
      )
    if (found) return found
    const id = vecs.run(insertSpace, fingerprint, dims, config, now).lastId
    return { id, fingerprint, dims, state: 'building', config, passages: 0, changes: 0 }
  })
}

/** Searches use this space from now on; the one before is kept. One transaction: no search sees both or none. */
export function activateSpace(vecs: Db, fingerprint: string): void {
  vecs.transaction(() => {
    const space = vecs.get<Space>(selectByFingerprint, fingerprint)
    if (!space)
      throw new Problem('not_found', 'There are no vectors of this embedder to switch to.')
    vecs.run(retireLive, space.id)
    vecs.run(makeLive, space.id)
  })
}

/** Takes a space away at once; its rows go with `sweepDropped`. */
export function dropSpace(vecs: Db, fingerprint: string): void {
  vecs.run(markDropped, fingerprint)
}

/**
 * Removes up to `rowsMax` rows of a dropped space: a step of background work.
 * @returns whether there is more to do
 */
export function sweepDropped(vecs: Db, rowsMax: number): boolean {
  const space = vecs.get<{ id: number }>(selectDropped)
  if (!space) return false
  const [first, last] = [keyOf(space.id, 0), keyOf(space.id + 1, 0) - 1]
  vecs.transaction(() => {
    const gone =
      vecs.run(deleteVectors, first, last, rowsMax).changes +
      vecs.run(deleteBlocks, first, last, Math.ceil(rowsMax / 32)).changes +
      vecs.run(deleteTerms, space.id, space.id, rowsMax).changes
    if (gone === 0) vecs.run(deleteSpace, space.id)
  })
  return vecs.get(selectDropped) !== undefined
}

/** Notes a write. @returns the number of the change, which the blocks written with it carry */
export function noteChange(vecs: Db, space: number, passages: number): number {
  return vecs.get<{ changes: number }>(updateCounts, passages, space)?.changes ?? 0
}

/** The key of a passage in a space. */
export function keyOf(space: number, passage: number): number {
  return space * spaceStride + passage
}

export function passageOf(key: number): number {
  return key % spaceStride
}
