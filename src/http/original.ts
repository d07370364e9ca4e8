/** The original's bytes: whole or one range, streamed from its file, to be saved; a PDF may be shown, in a sandbox. */
import type { FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { create as contentDisposition } from 'content-disposition'
import type { Request, Response } from 'express'
import { Problem } from '../base/problem.ts'
import type { TenantHandle } from '../control/tenant-directory.ts'

/** Large enough that a book takes a few hundred reads, small enough that a thousand downloads take little memory. */
const chunkBytes = 128 * 1024

/** Everything else is saved, however it is asked for: HTML and SVG run programs, text is guessed at. */
const shown: ReadonlySet<string> = new Set(['application/pdf'])
/** An origin of its own, no scripts, no forms, nothing fetched; into no frame but those of this server's own pages. */
const savedPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'"
const shownPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"

interface Download {
  readonly request: Request
  readonly response: Response
  readonly signal: AbortSignal
  /** To be shown instead of saved, where the type allows it. */
  readonly isInline: boolean
  /** A client that takes nothing for this long is cut. */
  readonly idleMs: number
}

interface Span {
  readonly start: number
  /** Included. */
  readonly end: number
}

/**
 * Answers 200, 206, or 304 with nothing. The file is closed whatever happens to the client.
 * @throws Problem `not_found`; `range_not_satisfiable`; `tenant_damaged` when the row is there and the file is not
 */
export async function sendOriginal(
  tenant: TenantHandle,
  id: string,
  { request, response, signal, isInline, idleMs }: Download,
): Promise<void> {
  const original = await tenant.call('documents.original', { id }, { signal })
  const etag = `"${original.sha256}"`
  response.setHeader('ETag', etag)
  response.setHeader('Accept-Ranges', 'bytes')
  // Whatever the file claims to be, it is not a page of ours: never run, never drawn into another site.
  const isShown = isInline && shown.has(original.media_type)
  response.setHeader('Content-Security-Policy', isShown ? shownPolicy : savedPolicy)
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
  if (isKnown(request.headers['if-none-match'], etag)) {
    response.statusCode = 304
    response.end()
    return
  }
  const span = spanOf(request, response, etag, original.bytes)
  const { start, end } = span ?? { start: 0, end: original.bytes - 1 }
  // Before the headers that describe it: a file that is missing is a problem, and problems are JSON.
  await using handle =
    request.method === 'HEAD'
      ? undefined
      : await open(tenant, id, original.sha256, original.extension)
  response.statusCode = span ? 206 : 200
  if (span) response.setHeader('Content-Range', `bytes ${start}-${end}/${original.bytes}`)
  response.setHeader('Content-Type', original.media_type)
  const type = isShown ? 'inline' : 'attachment'
  response.setHeader('Content-Disposition', contentDisposition(original.filename, { type }))
  response.setHeader('Content-Length', end - start + 1)
  if (!handle) {
    response.end()
    return
  }
  response.setTimeout(idleMs)
  const stream = handle.createReadStream({ start, end, highWaterMark: chunkBytes })
  await pipeline(stream, response).catch((error) => {
    if (!signal.aborted) throw error
  })
}

/** Whether the client has these bytes. RFC 9110, section 13.1.2: weak comparison, a list, or any. */
export function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === etag)
}

/**
 * The one range asked for. Several, a unit we do not know, or an If-Range for other bytes: the whole (RFC 9110, section 14.2).
 * @throws Problem `range_not_satisfiable`
 */
function spanOf(
  request: Request,
  response: Response,
  etag: string,
  bytes: number,
): Span | undefined {
  if (request.method !== 'GET') return undefined
  const ifRange = request.headers['if-range']
  if (ifRange !== undefined && ifRange !== etag) return undefined
  const ranges = request.range(bytes)
  if (ranges === -1) {
    response.setHeader('Content-Range', `bytes */${bytes}`)
    throw new Problem(
      'range_not_satisfiable',
      `The document has ${bytes} bytes, and the range lies outside of them.`,
    )
  }
  if (!Array.isArray(ranges) || ranges.type !== 'bytes' || ranges.length !== 1) return undefined
  return ranges[0]
}

async function open(
  tenant: TenantHandle,
  id: string,
  sha256: string,
  extension: string,
): Promise<FileHandle> {
  try {
    return await tenant.openOriginal(sha256, extension)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // Deleted a moment ago: then this says so.
    await tenant.call('documents.original', { id })
    throw new Problem(
      'tenant_damaged',
      'The document’s original is missing: restore it from a backup.',
      { cause: error },
    )
  }
}
