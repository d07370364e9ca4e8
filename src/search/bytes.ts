/** Bytes that grow, variable-length integers, and terms as bytes whose order is the order of JavaScript strings. */

/** A growing byte buffer. Integers are LEB128: seven bits a byte, lowest first, the high bit says that more follow. */
export class ByteWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  clear(): void {
    this.#length = 0
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.#length++] = value
  }

  /** @param value an integer of 0 … 2^53 - 1 */
  varint(value: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#grow(8)
    let rest = value
    while (rest > 0x7f_ff_ff_ff) {
      this.#bytes[this.#length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  /** Any integer: small ones of either sign are short. */
  signedVarint(value: number): void {
    this.varint(value < 0 ? -value * 2 - 1 : value * 2)
  }

  append(source: Uint8Array, start = 0, end = source.length): void {
    const count = end - start
    if (this.#length + count > this.#bytes.length) this.#grow(count)
    if (count > 24) this.#bytes.set(source.subarray(start, end), this.#length)
    else for (let i = 0; i < count; i++) this.#bytes[this.#length + i] = source[start + i] as number
    this.#length += count
  }

  /** A copy of what was written. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  /** What was written, valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(count: number): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count))
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

/** Reads what ByteWriter wrote. Past the end everything is zero, so that damaged bytes cannot make it run on. */
export class ByteReader {
  readonly bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length
  }

  varint(): number {
    let byte = this.bytes[this.at++] ?? 0
    let value = byte & 127
    let scale = 128
    while (byte > 127) {
      byte = this.bytes[this.at++] ?? 0
      value += (byte & 127) * scale
      scale *= 128
    }
    return value
  }

  signedVarint(): number {
    const value = this.varint()
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2
  }
}

/**
 * A term as bytes: each UTF-16 unit as UTF-8 writes a code point of that value (CESU-8), so that bytes sort as
 * strings do in JavaScript, and lone surrogates are terms like any other.
 */
export function termBytes(term: string): Uint8Array {
  const bytes = new Uint8Array(term.length * 3)
  return bytes.subarray(0, writeTerm(term, bytes))
}

/** Writes a term's bytes where there is room for three a unit. @returns how many */
export function writeTerm(term: string, bytes: Uint8Array): number {
  let length = 0
  for (let i = 0; i < term.length; i++) {
    const unit = term.charCodeAt(i)
    if (unit < 0x80) bytes[length++] = unit
    else {
      if (unit < 0x800) bytes[length++] = 0xc0 | (unit >> 6)
      else {
        bytes[length++] = 0xe0 | (unit >> 12)
        bytes[length++] = 0x80 | ((unit >> 6) & 0x3f)
      }
      bytes[length++] = 0x80 | (unit & 0x3f)
    }
  }
  return length
}

/** The inverse of `termBytes`. */
export function termText(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = ''
  for (let i = start; i < end; ) {
    const lead = bytes[i++] as number
    if (lead < 0x80) text += String.fromCharCode(lead)
    else if (lead < 0xe0) text += String.fromCharCode(((lead & 0x1f) << 6) | next(bytes, i++))
    else {
      text += String.fromCharCode(
        ((lead & 0x0f) << 12) | (next(bytes, i) << 6) | next(bytes, i + 1),
      )
      i += 2
    }
  }
  return text
}

function next(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) & 0x3f
}

/** Negative, zero or positive, as `Buffer.compare`, for short keys. */
export function compareBytes(
  a: Uint8Array,
  aLength: number,
  b: Uint8Array,
  bLength: number,
): number {
  const shared = Math.min(aLength, bLength)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return aLength - bLength
}
