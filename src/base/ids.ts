/** Opaque names: random ids and the base32 they are written in. */
import { randomBytes } from 'node:crypto'

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
const idBytes = 16

/** `prefix_` and 26 characters of 128 random bits: nobody guesses one. */
export function randomId(prefix: string): string {
  return `${prefix}_${base32(randomBytes(idBytes))}`
}

/** RFC 4648 section 6 without padding, in lower case. */
export function base32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(value >> bits) & 31]
    }
  }
  if (bits > 0) text += alphabet[(value << (5 - bits)) & 31]
  return text
}
