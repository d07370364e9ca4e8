/**
 * The program of a reader process: takes documents one after the other through standard input, gives pages and passages
 * through descriptor 3. It has no files, no environment and no network code, and ends when its input does.
 */
import { readSync, writeSync } from 'node:fs'
import { zipMediaType } from '../ingest/archive/zip-kind.ts'
import { ExtractError, type ExtractFailure } from '../ingest/contract.ts'
import { createExtractors } from '../ingest/extract/registry.ts'
import type { ByteSource, PageRecogniser } from '../ingest/extraction.ts'
import { createLanguageDetector } from '../ingest/language.ts'
import { PdfiumHost } from '../ingest/pdf/host.ts'
import { drawThumbnail } from '../ingest/picture/thumbnail.ts'
import { readDocument } from '../ingest/reading.ts'
import type { ArchiveMessage } from './archive-messages.ts'
import {
  blockBytesMax,
  encodeFrame,
  encodeJson,
  frameBytesMax,
  headerBytes,
  type OcrMessage,
  type StartMessage,
} from './extractor-frames.ts'
import type { ChildMessage } from './extractor-messages.ts'

const input = 0
const output = 3
/** Small enough that a PDF's scattered reads do not fetch the whole file, large enough that they are few. */
const blockBytes = 256 * 1024
/** Blocks kept, oldest use out first: sixteen megabytes, whatever the size of the file. */
const blocksMax = 64

/** The server has gone, or has no more work: nothing to say to anybody. */
class InputEnded extends Error {}

/** Blocks until `length` bytes came. Reading and writing are synchronous: the pipe itself is the flow control. */
function receive(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; ) {
    const count = readSync(input, bytes, at, length - at, null)
    if (count === 0) throw new InputEnded()
    at += count
  }
  return bytes
}

function receiveFrame(): Uint8Array {
  const header = receive(headerBytes)
  const length = new DataView(header.buffer).getUint32(0, true)
  if (length > frameBytesMax) throw new InputEnded()
  return receive(length)
}

function send(message: ChildMessage | ArchiveMessage): void {
  write(encodeJson(message))
}

function write(frame: Uint8Array): void {
  for (let at = 0; at < frame.length; ) at += writeSync(output, frame, at)
}

/** The document's bytes, asked for block by block. */
function createSource(size: number): ByteSource {
  const blocks = new Map<number, Uint8Array>()
  function block(index: number): Uint8Array {
    const known = blocks.get(index)
    blocks.delete(index)
    const bytes = known ?? fetchBlock(index * blockBytes)
    blocks.set(index, bytes)
    const [oldest] = blocks.keys()
    if (blocks.size > blocksMax && oldest !== undefined) blocks.delete(oldest)
    return bytes
  }
  function fetchBlock(position: number): Uint8Array {
    const length = Math.min(blockBytes, blockBytesMax, size - position)
    send({ type: 'read', position, length })
    return receiveFrame()
  }
  return {
    size,
    read(position, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - position)))
      for (let at = 0; at < bytes.length; ) {
        const offset = (position + at) % blockBytes
        const index = Math.floor((position + at) / blockBytes)
        const part = block(index).subarray(offset, offset + bytes.length - at)
        if (part.length === 0) return bytes.subarray(0, at)
        bytes.set(part, at)
        at += part.length
      }
      return bytes
    },
  }
}

async function expand(source: ByteSource): Promise<void> {
  const { expandArchive } = await import('../ingest/archive/expand.ts')
  for await (const part of expandArchive(source)) {
    if (part.type === 'bytes') {
      send({ type: 'bytes', length: part.bytes.length })
      write(encodeFrame(part.bytes))
    } else send(part)
  }
  send({ type: 'expanded' })
}

/** Pictures of pages go out, their text comes back. */
const recogniser: PageRecogniser = {
  known: (page) => ask(page, null),
  recognise: (page, png) => ask(page, Buffer.from(png).toString('base64')),
}

function ask(page: number, png: string | null): string | null {
  send({ type: 'ocr', page, png })
  return (JSON.parse(Buffer.from(receiveFrame()).toString('utf8')) as OcrMessage).text
}

function failureOf(error: unknown): ExtractFailure {
  if (error instanceof ExtractError) return { code: error.code, detail: error.message }
  if (error instanceof RangeError && /memory|allocation|length/i.test(error.message))
    return { code: 'out_of_memory', detail: 'Reading the document took more memory than allowed.' }
  return {
    code: 'reader_crashed',
    detail:
      'The program that reads documents failed on this one. Open the file in another program, save or export it again, and upload that copy.',
  }
}

async function main(): Promise<void> {
  const host = new PdfiumHost()
  const extractors = createExtractors(host)
  const detect = await createLanguageDetector()
  send({ type: 'ready' })
  for (;;) {
    const start = JSON.parse(Buffer.from(receiveFrame()).toString('utf8')) as StartMessage
    const source = createSource(start.size)
    try {
      if (start.mediaType === zipMediaType) {
        await expand(source)
        continue
      }
      if (start.task === 'thumbnail') {
        const png = await drawThumbnail(host, start.mediaType, source)
        send({ type: 'thumbnail', png: png && Buffer.from(png).toString('base64') })
        continue
      }
      const summary = await readDocument({
        extractors,
        mediaType: start.mediaType,
        input: { ...start, source, ...(start.hasOcr && { recogniser }) },
        detect,
        onBatch: (batch) => send({ type: 'batch', batch }),
      })
      send({ type: 'done', summary })
    } catch (error) {
      if (error instanceof InputEnded || isBrokenPipe(error)) throw error
      send({ type: 'failed', failure: failureOf(error) })
    }
  }
}

function isBrokenPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EPIPE'
}

try {
  await main()
} catch (error) {
  process.exitCode = error instanceof InputEnded || isBrokenPipe(error) ? 0 : 1
}
process.exit()
