/** Numbers that look random and are the same on every machine: for rotations and sketches that must be repeatable. */

/**
 * Mulberry32: thirty-two bits of state, enough where only evenness counts.
 * @returns a function that gives numbers of [0, 1)
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
