/** The frames between the server and a reader process: length-prefixed, over two pipes, in both directions. */

/**
 * Child to parent: a four-byte little-endian length, then JSON in UTF-8. Parent to child: the same, and, after the child
 * asked for bytes, the same with the raw bytes. JSON because its parser is the one hostile input meets most often.
 */
export const headerBytes = 4
/** Holds the largest batch: one page of `pageCharactersMax` and the passages in flight, all of three-byte characters. */
export const frameBytesMax = 16 * 1024 * 1024
/** What a child may ask for at a time. */
export const blockBytesMax = 1024 * 1024

/** What the parent says to begin a document; everything after are blocks of bytes the child asked for. */
export interface StartMessage {
  /** Not given: to read it. */
  readonly task?: 'thumbnail'
  readonly mediaType: string
  readonly filename: string
  readonly size: number
  readonly charactersMax: number
  readonly pagesMax: number
  /** Whether pages without text are to be sent as pictures. */
  readonly hasOcr?: boolean
}

/** The answer to a page that was sent to be recognised. */
export interface OcrMessage {
  readonly text: string | null
}

export function encodeFrame(body: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(headerBytes + body.length)
  frame.writeUInt32LE(body.length, 0)
  frame.set(body, headerBytes)
  return frame
}

export function encodeJson(message: object): Uint8Array {
  return encodeFrame(Buffer.from(JSON.stringify(message)))
}

/**
 * The bodies of frames in a stream of bytes. Memory is bounded by one frame; the stream is read no faster than taken.
 * @throws RangeError for a frame longer than `frameBytesMax` or one that is cut off.
 */
export async function* decodeFrames(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    chunks.push(chunk)
    size += chunk.length
    for (;;) {
      const length = frameLength(chunks, size)
      if (length === undefined || size < headerBytes + length) break
      const all = Buffer.concat(chunks)
      yield all.subarray(headerBytes, headerBytes + length)
      const rest = all.subarray(headerBytes + length)
      chunks = rest.length > 0 ? [rest] : []
      size = rest.length
    }
  }
  if (size > 0) throw new RangeError('The reader stopped in the middle of a message.')
}

function frameLength(chunks: Buffer[], size: number): number | undefined {
  if (size < headerBytes) return undefined
  const [first] = chunks
  const head = first && first.length >= headerBytes ? first : Buffer.concat(chunks)
  const length = head.readUInt32LE(0)
  if (length > frameBytesMax) throw new RangeError('The reader sent a message that is too long.')
  return length
}
