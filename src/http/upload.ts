/** Receiving files: streamed to the tenant's uploads, hashed on the way, synced, and gone again unless a document took them. */
import type { Readable } from 'node:stream'
import type { Request, Response } from 'express'
import multer, { MulterError } from 'multer'
import { Problem } from '../base/problem.ts'
import type { Reservation } from '../control/reservations.ts'
import type { TenantHandle } from '../control/tenant-directory.ts'
import type { UploadFile } from '../control/upload-file.ts'
import { cleanFilename } from './filename.ts'
import type { HttpLimits } from './limits.ts'
import { type ReceivedFile, receiveFile } from './received-file.ts'

/** A multipart part has two or three headers. */
const headerPairsMax = 16
/** `title`, `tags` thirty-two times, and one that is wrong so that it can be named. */
const fieldsMax = 34
const fieldNameBytesMax = 64
const fieldBytesMax = 16 * 1024
/** Boundaries, headers of parts, and what fields commonly hold. */
const wrappingBytesMax = 64 * 1024

export type UploadFields = Readonly<Record<string, unknown>>

export interface Upload extends AsyncDisposable {
  readonly files: readonly ReceivedFile[]
  readonly fields: UploadFields
}

/**
 * Reads a multipart request to its end. Data are synced; directory entries are whoever's who renames them.
 * Disposing of the upload removes what no document took over. When this throws, nothing is left.
 * @throws Problem `unsupported_media_type`, `too_large`, `invalid_request`
 */
export async function receiveUpload(
  request: Request,
  tenant: TenantHandle,
  limits: HttpLimits,
): Promise<Upload> {
  checkHeaders(request, limits)
  const reservation = await reserveRoom(request, tenant, limits)
  const storage = new UploadStorage(tenant)
  const stopWatching = watch(request, limits)
  try {
    await runMulter(request, storage, limits)
  } catch (error) {
    await storage.release()
    reservation.release()
    throw asUploadProblem(error, limits)
  } finally {
    stopWatching()
  }
  const files = storage.files()
  if (files.length === 0) {
    await storage.release()
    reservation.release()
    throw new Problem('invalid_request', 'The upload has no file: send it in the field `file`.', {
      errors: [{ path: 'file', message: 'is missing' }],
    })
  }
  return {
    files,
    fields: { ...(request.body as UploadFields) },
    [Symbol.asyncDispose]: async () => {
      await storage.release()
      reservation.release()
    },
  }
}

function checkHeaders(request: Request, { uploadBytesMax }: HttpLimits): void {
  if (!request.is('multipart/form-data'))
    throw new Problem(
      'unsupported_media_type',
      'Files come as `multipart/form-data`, in the field `file`.',
    )
  if (Number(request.headers['content-length']) > uploadBytesMax)
    throw new Problem('too_large', `The upload is larger than ${uploadBytesMax} bytes.`)
}

/** What is certainly files and not their wrapping; an upload that does not say its length gets what room there is, up to a file. */
function reserveRoom(
  request: Request,
  tenant: TenantHandle,
  { fileBytesMax }: HttpLimits,
): Promise<Reservation> {
  const length = request.headers['content-length']
  return length === undefined
    ? tenant.reserve(fileBytesMax, 1)
    : tenant.reserve(Math.max(1, Number(length) - wrappingBytesMax))
}

/** Cuts an upload that stands still or crawls. @returns stops watching */
export function watch(request: Request, limits: HttpLimits): () => void {
  const { idleMs, uploadBytesMax, uploadBytesPerSecondMin } = limits
  const bytes = Number(request.headers['content-length'] ?? uploadBytesMax)
  const patienceMs = idleMs + (bytes / uploadBytesPerSecondMin) * 1000
  // A timer holds 31 bits of milliseconds, some 24 days.
  const timer = setTimeout(() => request.destroy(), Math.min(patienceMs, 2 ** 31 - 1))
  // Node cuts a connection that is idle for so long when nobody listens for it.
  request.setTimeout(idleMs)
  return () => {
    clearTimeout(timer)
    request.setTimeout(0)
  }
}

function runMulter(request: Request, storage: UploadStorage, limits: HttpLimits): Promise<void> {
  const { fileBytesMax, filesMax, uploadBytesMax } = limits
  const middleware = multer({
    storage,
    defParamCharset: 'utf8',
    limits: {
      fileSize: fileBytesMax,
      files: filesMax,
      fields: fieldsMax,
      parts: filesMax + fieldsMax,
      fieldNameSize: fieldNameBytesMax,
      fieldSize: fieldBytesMax,
      headerPairs: headerPairsMax,
      fieldNestingDepth: 0,
      fieldArrayIndexLimit: 0,
    },
    streamHandler: (_request: Request, sink: NodeJS.WritableStream) => {
      // After a fault multer drains what is coming; that, too, has an end.
      let received = 0
      request.on('data', (chunk: Buffer) => {
        received += chunk.length
        if (received > uploadBytesMax) request.destroy()
      })
      request.pipe(sink)
    },
  } as multer.Options).array('file')
  return new Promise((resolve, reject) => {
    middleware(request, {} as Response, (error?: unknown) => (error ? reject(error) : resolve()))
  })
}

/** Where multer puts files: the tenant's uploads. Made for one request, it knows all that it opened. */
class UploadStorage implements multer.StorageEngine {
  readonly #tenant: TenantHandle
  readonly #receiving: Promise<ReceivedFile | undefined>[] = []
  readonly #opened: UploadFile[] = []
  readonly #received: ReceivedFile[] = []

  constructor(tenant: TenantHandle) {
    this.#tenant = tenant
  }

  _handleFile(
    _request: Request,
    file: Express.Multer.File,
    callback: (error?: unknown, info?: Partial<Express.Multer.File>) => void,
  ): void {
    // Its place is that of its part: the next file may begin before this one is opened.
    const place = this.#receiving.length
    const receiving = this.#receive(file.stream, file.originalname, place)
    this.#receiving.push(receiving.catch(() => undefined))
    receiving.then(
      ({ bytes }) => callback(null, { size: bytes }),
      (error) => callback(error),
    )
  }

  /** Nothing: `release` knows more than multer does. */
  _removeFile(
    _request: Request,
    _file: Express.Multer.File,
    callback: (error: null) => void,
  ): void {
    callback(null)
  }

  /** In the order they came. */
  files(): readonly ReceivedFile[] {
    return this.#received
  }

  /** Waits for what is still being written, then lets go of every file. */
  async release(): Promise<void> {
    await Promise.all(this.#receiving)
    await Promise.all(this.#opened.map((upload) => upload.release()))
  }

  async #receive(source: Readable, originalName: string, place: number): Promise<ReceivedFile> {
    const upload = await this.#tenant.openUpload()
    this.#opened.push(upload)
    const file = await receiveFile(upload, source, originalName)
    this.#received[place] = file
    return file
  }
}

function asUploadProblem(error: unknown, limits: HttpLimits): unknown {
  if (error instanceof MulterError) return limitProblem(error, limits)
  if (error instanceof Error && isMalformed(error))
    return new Problem('invalid_request', 'The upload is not complete, well-formed multipart.', {
      cause: error,
    })
  return error
}

/** What busboy and multer say of a body that is cut or not multipart: they have words, not codes. */
function isMalformed({ message }: Error): boolean {
  return /^(?:Unexpected end of|Malformed|Multipart:|Request (?:aborted|closed|error))/.test(
    message,
  )
}

function limitProblem(error: MulterError, { fileBytesMax, filesMax }: HttpLimits): Problem {
  switch (error.code) {
    case 'LIMIT_FILE_SIZE':
      return new Problem('too_large', `A file is larger than ${fileBytesMax} bytes.`)
    case 'LIMIT_FILE_COUNT':
    case 'LIMIT_PART_COUNT':
      return new Problem('too_large', `An upload has at most ${filesMax} files and a few fields.`)
    case 'LIMIT_UNEXPECTED_FILE':
      return new Problem('invalid_request', 'Files come in the field `file`.', {
        errors: [{ path: cleanFilename(error.field ?? ''), message: 'takes no file' }],
      })
    default:
      return new Problem(
        'invalid_request',
        'The upload’s fields are `title` and `tags`, at most 32 tags, and no deeper names.',
        { errors: [{ path: cleanFilename(error.field ?? ''), message: error.message }] },
      )
  }
}
