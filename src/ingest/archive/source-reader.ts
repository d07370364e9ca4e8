/** Lets yauzl read an archive through a document's `ByteSource`. */
import { Readable } from 'node:stream'
import { RandomAccessReader } from 'yauzl'
import type { ByteSource } from '../extraction.ts'

const chunkBytes = 64 * 1024

export class SourceReader extends RandomAccessReader {
  readonly #source: ByteSource
  /** What the source itself threw: that is not the archive's fault. */
  failure: unknown

  constructor(source: ByteSource) {
    super()
    this.#source = source
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#chunks(start, end), { objectMode: false })
  }

  /** Replaces yauzl's own, which makes a stream for each header of some fifty bytes. */
  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    let error: Error | null = null
    try {
      const bytes = this.#take(position, length)
      if (bytes.length < length) error = new Error('The archive ends too early.')
      else buffer.set(bytes, offset)
    } catch (cause) {
      error = cause as Error
    }
    // Never at once: yauzl would recurse over its entries.
    queueMicrotask(() => callback(error))
  }

  *#chunks(start: number, end: number): Generator<Uint8Array> {
    for (let at = start; at < end; at += chunkBytes) {
      const bytes = this.#take(at, Math.min(chunkBytes, end - at))
      if (bytes.length === 0) return
      yield bytes
    }
  }

  #take(position: number, length: number): Uint8Array {
    try {
      return this.#source.read(position, length)
    } catch (error) {
      this.failure = error
      throw error
    }
  }
}
