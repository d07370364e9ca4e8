/** Hashes of terms and of pieces of them. Stable: they stand in files. */

/**
 * Two 32-bit multiplicative hashes side by side, 52 bits of them: among a million terms two meet once in ten thousand
 * libraries. An integer below 2^52, so that it is exact as a number.
 */
export function termHash(term: string): number {
  let low = 0x811c9dc5
  let high = 0x2f0b4c47
  for (let i = 0; i < term.length; i++) {
    const unit = term.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x5bd1e995)
  }
  return (mix(high ^ term.length) & 0xf_ffff) * 2 ** 32 + (mix(low) >>> 0)
}

/** FNV-1a of the units from `start` to `end`, mixed. @returns 32 bits, unsigned */
export function pieceHash(text: string, start: number, end: number, salt: number): number {
  let hash = 0x811c9dc5 ^ salt
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mix(hash) >>> 0
}

/** Every bit of the input moves every bit of the output (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let hash = value ^ (value >>> 16)
  hash = Math.imul(hash, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
