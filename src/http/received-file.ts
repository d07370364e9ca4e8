/** A file as it was received: written to the tenant's uploads, measured and hashed on the way, and synced. */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PassedBytes } from '../base/young-garbage.ts'
import type { UploadFile } from '../control/upload-file.ts'
import { cleanFilename } from './filename.ts'

/** What type detection looks at. */
const headBytesMax = 64 * 1024
const readBytes = 256 * 1024

export interface ReceivedFile {
  /** In `uploads/`. */
  readonly name: string
  /** As the client called it, made harmless. */
  readonly filename: string
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
  /** The first 64 KB. */
  readonly head: Uint8Array
}

/** Writes all of `source` and syncs it. @throws whatever the source or the disk throws */
export async function receiveFile(
  upload: UploadFile,
  source: Readable,
  originalName: string,
): Promise<ReceivedFile> {
  const meter = new Meter()
  await pipeline(
    source,
    (chunks: AsyncIterable<Buffer>) => meter.pass(chunks),
    upload.handle.createWriteStream({ flush: true }),
  )
  return { name: upload.name, filename: cleanFilename(originalName), ...meter.result() }
}

/** A file that is there already and synced. */
export async function measureFile(upload: UploadFile, filename: string): Promise<ReceivedFile> {
  const meter = new Meter()
  for await (const _chunk of meter.pass(chunksOf(upload)));
  return { name: upload.name, filename, ...meter.result() }
}

async function* chunksOf({ handle }: UploadFile): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(readBytes)
  for (let position = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, readBytes, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

/** Measures what passes: length, SHA-256, the beginning. */
class Meter {
  readonly #hash = createHash('sha256')
  readonly #head: Buffer[] = []
  readonly #passed = new PassedBytes()
  #headBytes = 0
  #bytes = 0

  async *pass(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.#hash.update(chunk)
      this.#bytes += chunk.length
      this.#passed.add(chunk.length)
      if (this.#headBytes < headBytesMax) {
        // Copied: a slice would keep the whole chunk in memory.
        const part = Buffer.from(chunk.subarray(0, headBytesMax - this.#headBytes))
        this.#head.push(part)
        this.#headBytes += part.length
      }
      yield chunk
    }
  }

  result(): Pick<ReceivedFile, 'bytes' | 'sha256' | 'head'> {
    return {
      bytes: this.#bytes,
      sha256: this.#hash.digest('hex'),
      head: Buffer.concat(this.#head),
    }
  }
}
