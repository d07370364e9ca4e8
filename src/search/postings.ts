/**
 * Posting lists: which passages of a segment have a term, and how often in which field.
 *
 * A posting is a varint of (gap << 2 | kind), where the gap is the number of ordinals skipped since the one before.
 * Kind 0: once in the body; 1: twice; 2: more, the count follows; 3: a byte of field counts follows (body in four bits,
 * title and section in two each), or 255 and the three counts as varints. So the common posting is one byte.
 */
import type { ByteWriter } from './bytes.ts'

export interface PostingSink {
  posting(ordinal: number, body: number, title: number, section: number): void
}

/** Writes one list; ordinals must rise. */
export class PostingWriter implements PostingSink {
  readonly #out: ByteWriter
  #last = -1
  count = 0

  constructor(out: ByteWriter) {
    this.#out = out
  }

  start(): void {
    this.#last = -1
    this.count = 0
  }

  posting(ordinal: number, body: number, title: number, section: number): void {
    const gap = (ordinal - this.#last - 1) * 4
    this.#last = ordinal
    this.count++
    if (title > 0 || section > 0) this.#fields(gap, body, title, section)
    else if (body < 3) this.#out.varint(gap + body - 1)
    else {
      this.#out.varint(gap + 2)
      this.#out.varint(body)
    }
  }

  #fields(gap: number, body: number, title: number, section: number): void {
    this.#out.varint(gap + 3)
    const packed = body | (title << 4) | (section << 6)
    if (body < 16 && title < 4 && section < 4 && packed !== 255) this.#out.byte(packed)
    else {
      this.#out.byte(255)
      this.#out.varint(body)
      this.#out.varint(title)
      this.#out.varint(section)
    }
  }
}

/** Walks a list, posting by posting: for merges and for what happens a few times a query. Scoring has its own loop. */
export class PostingReader {
  ordinal = -1
  body = 0
  title = 0
  section = 0
  #bytes: Uint8Array
  #at: number
  #end: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  /** The byte before which it stands. */
  get at(): number {
    return this.#at
  }

  /** Reads on in another list with the same reader, `ordinal` being the one before (-1 at the start of a list). */
  reset(bytes: Uint8Array, start: number, end: number, ordinal: number): void {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.ordinal = ordinal
  }

  /** Moves to the next posting. @returns false at the end */
  next(): boolean {
    if (this.#at >= this.#end) return false
    const value = this.#varint()
    this.ordinal += (value >>> 2) + 1
    const kind = value & 3
    if (kind < 2) this.#set(kind + 1, 0, 0)
    else if (kind === 2) this.#set(this.#varint(), 0, 0)
    else {
      const packed = this.#bytes[this.#at++] ?? 0
      if (packed === 255) this.#set(this.#varint(), this.#varint(), this.#varint())
      else this.#set(packed & 15, (packed >> 4) & 3, packed >> 6)
    }
    return true
  }

  #set(body: number, title: number, section: number): void {
    this.body = body
    this.title = title
    this.section = section
  }

  #varint(): number {
    let byte = this.#bytes[this.#at++] ?? 0
    if (byte < 128) return byte
    let value = byte & 127
    for (let shift = 7; byte > 127 && shift < 32; shift += 7) {
      byte = this.#bytes[this.#at++] ?? 0
      value |= (byte & 127) << shift
    }
    return value >>> 0
  }
}
