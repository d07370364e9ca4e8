/** When the built-in embedder learns anew, and the name of what it learnt. */
import { createHash } from 'node:crypto'
import { analyserVersion } from '../analysis/analyser.ts'
import { builtinDims, learntDims } from './builtin.ts'
import type { LsaModel } from './lsa.ts'

/** Below, a library says too little of how its words go together; hashed pieces of words do as well. */
export const fitPassagesMin = 200
/** Learnt from at most this many: more change little and cost minutes. */
export const fitPassagesMax = 100_000
/** Grown by half, or shrunk as much: the same words mean something else. */
const growth = 1.5
/** Raised whenever the same terms would give other vectors. */
const version = 2

/** The settings of a space of the built-in embedder, as they stand in its row. */
export interface BuiltinConfig {
  readonly provider: 'builtin'
  /** Passages it was fitted on; 0 for hashed pieces alone. */
  readonly fitted: number
  /** Passages of the library when it was fitted. */
  readonly library: number
}

/** The settings of a space, or undefined when it is another embedder's. */
export function builtinConfigOf(config: string): BuiltinConfig | undefined {
  const parsed: unknown = JSON.parse(config)
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const { provider, fitted, library } = parsed as Record<keyof BuiltinConfig, unknown>
  return provider === 'builtin' && typeof fitted === 'number' && typeof library === 'number'
    ? { provider, fitted, library }
    : undefined
}

export interface FitPlan {
  /** Every how many passages one is learnt from. */
  readonly every: number
}

/** Hashed pieces of words: the space that serves from the first passage on. */
export const hashedFingerprint = `builtin:pieces-${builtinDims}:v${version}:a${analyserVersion}`

/** Each fit is an embedder of its own: its name is a hash of all it learnt. */
export function fitFingerprint(model: LsaModel): string {
  const hash = createHash('sha256')
  for (const array of [model.terms, model.idf, model.vectors, model.scales])
    hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
  const digest = hash.digest('hex').slice(0, 16)
  return `builtin:lsa-${learntDims}-${builtinDims}:v${version}:a${analyserVersion}:${digest}`
}

/** Whether a fingerprint is of this version of the built-in embedder and analyser. */
export function isCurrent(fingerprint: string): boolean {
  return (
    fingerprint.startsWith('builtin:') &&
    `${fingerprint}:`.includes(`:v${version}:a${analyserVersion}:`)
  )
}

/**
 * Whether to fit now.
 * @param passages of the library, searchable ones
 * @param current the live space's settings; undefined when it is not the built-in embedder's or of an older version
 */
export function planFit(passages: number, current: BuiltinConfig | undefined): FitPlan | undefined {
  if (passages < fitPassagesMin) return undefined
  const library = current?.library ?? 0
  const isDue =
    !current || current.fitted === 0 || passages >= library * growth || passages <= library / growth
  return isDue ? { every: Math.ceil(passages / fitPassagesMax) } : undefined
}
