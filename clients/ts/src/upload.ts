/** A file sent in pieces (tus 1.0): with progress, and taken up again where it was, after a cut or a server that was killed. */
import { CarrelError, errorOf } from './problem.ts'
import type { paths } from './schema.ts'

/** What became of the file: one document, or several out of a ZIP archive. */
export type Uploaded =
  paths['/v1/uploads/{id}']['get']['responses'][200]['content']['application/json']

/** Asks the server at a path. It rejects when nobody answers. */
export type Send = (path: string, init: RequestInit) => Promise<Response>

export interface UploadOptions {
  readonly filename: string
  readonly title?: string
  readonly tags?: readonly string[]
  /** Told how many bytes the server has on its disk. */
  readonly onProgress?: (sentBytes: number, allBytes: number) => void
  /** An upload that began before, as `onStarted` told it; one that is gone begins anew. */
  readonly resume?: string | undefined
  /** Told where the upload is, to be kept for `resume`. */
  readonly onStarted?: (location: string) => void
  readonly signal?: AbortSignal | undefined
  readonly pieceBytes?: number
  /** How often in a row nobody may answer. */
  readonly triesMax?: number
}

const pieceBytesDefault = 8 * 2 ** 20
const triesMaxDefault = 8
const waitMsMax = 10_000
const tus = { 'Tus-Resumable': '1.0.0' }

/** @throws CarrelError when it is refused; what `send` throws when nobody answered too often */
export async function uploadFile(
  send: Send,
  file: Blob,
  options: UploadOptions,
): Promise<Uploaded> {
  const { signal, onProgress, pieceBytes = pieceBytesDefault } = options
  let location = options.resume
  let offset = location === undefined ? undefined : await offsetOf(send, location, signal)
  if (location === undefined || offset === undefined) {
    location = await create(send, file, options)
    offset = 0
  }
  options.onStarted?.(location)
  for (let tries = 0; offset < file.size; ) {
    onProgress?.(offset, file.size)
    try {
      offset = await sendPiece(
        send,
        location,
        file.slice(offset, offset + pieceBytes),
        offset,
        signal,
      )
      tries = 0
    } catch (error) {
      if (signal?.aborted || !isPassing(error) || tries >= (options.triesMax ?? triesMaxDefault))
        throw error
      await wait(Math.min(waitMsMax, 250 * 2 ** tries++), signal)
      // What of it arrived is the server's to say, once it answers.
      offset = (await offsetOf(send, location, signal).then(
        (there) => there ?? gone(),
        (reason) => (reason instanceof CarrelError ? Promise.reject(reason) : offset),
      )) as number
    }
  }
  onProgress?.(file.size, file.size)
  const answer = await send(location, { headers: tus, signal: signal ?? null })
  if (!answer.ok) throw await errorOf(answer)
  return (await answer.json()) as Uploaded
}

async function create(send: Send, file: Blob, options: UploadOptions): Promise<string> {
  const { filename, title, tags = [], signal } = options
  const metadata = [
    ['filename', filename],
    ...(title === undefined ? [] : [['title', title]]),
    ...(tags.length === 0 ? [] : [['tags', tags.join(',')]]),
  ]
    .map(([name, value = '']) => `${name} ${base64(value)}`)
    .join(',')
  const headers = { ...tus, 'Upload-Length': String(file.size), 'Upload-Metadata': metadata }
  const answer = await send('/v1/uploads', { method: 'POST', headers, signal: signal ?? null })
  const location = answer.headers.get('Location')
  if (!answer.ok || location === null) throw await errorOf(answer)
  // As a path, whatever name the server has for itself.
  return new URL(location, 'http://localhost').pathname
}

/** @returns undefined for an upload that is not there any more */
async function offsetOf(
  send: Send,
  location: string,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const answer = await send(location, { method: 'HEAD', headers: tus, signal: signal ?? null })
  if (answer.status === 404 || answer.status === 410) return undefined
  if (!answer.ok) throw await errorOf(answer)
  return Number(answer.headers.get('Upload-Offset'))
}

async function sendPiece(
  send: Send,
  location: string,
  piece: Blob,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const answer = await send(location, {
    method: 'PATCH',
    headers: {
      ...tus,
      'Content-Type': 'application/offset+octet-stream',
      'Upload-Offset': String(offset),
    },
    body: piece,
    signal: signal ?? null,
  })
  if (!answer.ok) throw await errorOf(answer)
  return Number(answer.headers.get('Upload-Offset'))
}

/** No answer, another place than the server's, or a server that is busy: not the file's fault. */
function isPassing(error: unknown): boolean {
  return (
    !(error instanceof CarrelError) ||
    error.status === 409 ||
    error.status >= 500 ||
    error.status === 429
  )
}

function gone(): never {
  throw new CarrelError(404, 'not_found', 'The upload is not there any more: begin again.')
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
