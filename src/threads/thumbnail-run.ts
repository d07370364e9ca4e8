/** The picture of one document, drawn by a reader process that has read it, within limits of its own. */
import { thumbnailBytesMax, thumbnailSideMax } from '../ingest/picture/limits.ts'
import { isPngWithin } from '../ingest/picture/png.ts'
import { Guard, type GuardLimits } from './extractor-guard.ts'
import { childMessage } from './extractor-messages.ts'
import type { ExtractorProcess } from './extractor-process.ts'
import {
  type RunLimits,
  type RunRequest,
  type RunResult,
  readBytes,
  readDocument,
  sizeOf,
} from './extractor-run.ts'

/** A first page that takes longer to draw than this goes without; the document is read all the same. */
const thumbnailLimits = { cpuMsMax: 5_000, silenceMsMax: 15_000 }

export interface ThumbnailRequest extends RunRequest {
  /** Takes the document's picture (PNG), or null, before the reading ends; not given: none is made. */
  readonly onThumbnail?: (png: Uint8Array | null) => void
}

/** Never throws, as `readDocument`. */
export async function readWithThumbnail(
  process: ExtractorProcess,
  request: ThumbnailRequest,
  limits: RunLimits,
): Promise<RunResult> {
  const read = await readDocument(process, request, limits)
  if (!read.summary || !read.isReusable || !request.onThumbnail) return read
  const drawn = await drawThumbnail(process, request, { ...limits, ...thumbnailLimits })
  request.onThumbnail(drawn.png)
  return { ...read, isReusable: drawn.isReusable }
}

/** Never throws: a document without a picture is a document. */
async function drawThumbnail(
  process: ExtractorProcess,
  { fd, mediaType, filename }: Pick<RunRequest, 'fd' | 'mediaType' | 'filename'>,
  limits: GuardLimits,
): Promise<{ png: Uint8Array | null; isReusable: boolean }> {
  const guard = new Guard(process, limits)
  try {
    limits.signal.throwIfAborted()
    const size = await sizeOf(fd)
    const none = { charactersMax: 0, pagesMax: 0 }
    process.begin({ task: 'thumbnail', mediaType, filename, size, ...none })
    for (;;) {
      const message = await guard.wait(process.next(childMessage))
      if (message?.type === 'read') {
        process.sendBytes(await readBytes(fd, size, message))
        continue
      }
      const isReusable = message?.type === 'thumbnail' && guard.reason === undefined
      const png = message?.type === 'thumbnail' && message.png !== null ? message.png : ''
      return { png: checkedPng(Buffer.from(png, 'base64')), isReusable }
    }
  } catch {
    return { png: null, isReusable: false }
  } finally {
    guard.stop()
  }
}

function checkedPng(png: Buffer): Uint8Array | null {
  const isGood = png.length <= thumbnailBytesMax && isPngWithin(png, thumbnailSideMax)
  return isGood ? new Uint8Array(png) : null
}
