/** Names a vector space by the model's settings and by where it puts one known text. */
import { createHash } from 'node:crypto'
import type { Prefixes } from './model-prefixes.ts'

/** A few scripts and subjects, so that other weights move it. Never change it: every stored name depends on it. */
export const probeText =
  'A carrel is a small desk in a library. Ein kleiner Tisch. 図書館の小さな机。 1 + 1 = 2.'

const signBits = 128
/**
 * Signs that may differ between two measurements of one model: a few degrees of 180, which is far more than batches,
 * kernels or half precision move a vector, and far less than other weights do (unrelated ones differ in half of all signs).
 */
const differingBitsMax = 5
const shape = /^remote-([0-9a-f]{16})-([0-9a-f]{32})$/

/**
 * @param probe the normalised vector of `probeText`, embedded as a document
 * @returns `remote-<settings>-<signs>`: a hash of model, dimensions and prefixes, and 128 signs of random
 * projections of the probe (Charikar 2002). Signs and not a hash of the numbers, because the same model's
 * numbers differ in their last digits from one batch to the next.
 */
export function fingerprintOf(model: string, prefixes: Prefixes, probe: Float32Array): string {
  const settings = JSON.stringify([model, probe.length, prefixes.query, prefixes.document])
  const hash = createHash('sha256').update(settings).digest('hex').slice(0, 16)
  return `remote-${hash}-${signsOf(probe).toString('hex')}`
}

/** Whether two names mean one space: the same settings, and the probe in the same place but for rounding. */
export function isSameSpace(a: string, b: string): boolean {
  const [left, right] = [shape.exec(a), shape.exec(b)]
  if (!left || !right || left[1] !== right[1]) return false
  const [leftSigns, rightSigns] = [left, right].map((m) => Buffer.from(m[2] ?? '', 'hex'))
  let differing = 0
  for (const [at, byte] of (leftSigns ?? []).entries())
    for (let bits = byte ^ (rightSigns?.[at] ?? 0); bits !== 0; bits &= bits - 1) differing++
  return differing <= differingBitsMax
}

function signsOf(vector: Float32Array): Buffer {
  const bytesPerRow = Math.ceil(vector.length / 8)
  // SHAKE gives as many reproducible random bits as there are coefficients of ±1.
  const random = createHash('shake256', { outputLength: bytesPerRow * signBits })
    .update('carrel probe projections 1')
    .digest()
  const signs = Buffer.alloc(signBits / 8)
  for (let bit = 0; bit < signBits; bit++) {
    let sum = 0
    for (let at = 0; at < vector.length; at++) {
      const byte = random[bit * bytesPerRow + (at >> 3)] ?? 0
      const value = vector[at] ?? 0
      sum += (byte >> (at & 7)) & 1 ? value : -value
    }
    if (sum > 0) signs[bit >> 3] = (signs[bit >> 3] ?? 0) | (1 << (bit & 7))
  }
  return signs
}
