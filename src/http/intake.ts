/** From received files to documents, whichever way they came: looked at together, archives taken apart, then made one by one. */
import { PassThrough } from 'node:stream'
import { Problem } from '../base/problem.ts'
import type { Reservation } from '../control/reservations.ts'
import type { TenantHandle } from '../control/tenant-directory.ts'
import type { UploadFile } from '../control/upload-file.ts'
import { zipMediaType } from '../ingest/archive/zip-kind.ts'
import { ExtractError } from '../ingest/contract.ts'
import type { DocumentView } from '../library/documents.ts'
import type { ArchiveSink, ExpandRequest } from '../threads/archive-run.ts'
import { type ReceivedFile, receiveFile } from './received-file.ts'
import { tagLengthMax, tagsMax } from './wire.ts'

/** Documents in one archive. */
const archiveDocumentsMax = 1_000
/** Faults that one answer names. */
const namedMax = 32

export interface MediaType {
  readonly mediaType: string
  /** Lower case, without a dot. */
  readonly extension: string
}

/** What files are, told by their bytes first and their names second. */
export interface MediaTypes {
  /** @param head the file's first bytes, at most 64 KB */
  readonly detect: (
    head: Uint8Array,
    filename: string,
  ) => MediaType | undefined | Promise<MediaType | undefined>
  /** A list for a person: `PDF, EPUB, …`. */
  readonly accepted: string
  /** The format that a name promises, for a person whose file is none. */
  readonly formatOfName?: (filename: string) => string | undefined
}

/** What adding needs to know of the rest of the server. */
export interface Intake {
  readonly mediaTypes: MediaTypes
  /** Takes an archive apart in a process of its own. */
  readonly expand: (request: ExpandRequest) => Promise<void>
}

/** What the person said about the files. */
export interface Chosen {
  readonly title: string | null
  readonly tags: readonly string[]
}

/** An entry of an archive that is no document, and why. */
export interface Skipped {
  readonly archive: string
  readonly name: string
  readonly reason: string
}

export interface Added {
  readonly documents: DocumentView[]
  readonly skipped: Skipped[]
}

type KnownFile = ReceivedFile & MediaType & { readonly tags: readonly string[] }

/**
 * Every file is received and looked at before the first becomes a document: one that is empty or of an unknown kind refuses
 * the whole upload, and nothing of it stays. Then documents are made in the order of their files; where one cannot be
 * (the quota is full), the answer is that problem, says how many came before it, and those stay. What is in an archive
 * becomes a document as if it had been uploaded, its folders are tags, and what cannot be read is skipped.
 * @throws Problem
 */
export async function addFiles(
  tenant: TenantHandle,
  received: readonly ReceivedFile[],
  chosen: Chosen,
  intake: Intake,
  signal: AbortSignal,
): Promise<Added> {
  await using expanding = new Expanding(tenant, intake, signal)
  const files: KnownFile[] = []
  for (const file of received) {
    const known = { ...(await identify(file, intake.mediaTypes)), tags: chosen.tags }
    if (known.mediaType === zipMediaType) files.push(...(await expanding.documentsIn(known)))
    else files.push(known)
  }
  const { title } = chosen
  if (title !== null && files.length > 1) throw titleForMany(files.length)
  const documents: DocumentView[] = []
  for (const { name, sha256, bytes, filename, tags, mediaType, extension } of files) {
    const args = { uploadName: name, sha256, bytes, filename, title, tags, mediaType, extension }
    try {
      documents.push(await tenant.call('documents.create', args))
    } catch (error) {
      throw withCount(error, documents.length, files.length)
    }
  }
  return { documents, skipped: expanding.skipped }
}

/** A document of an archive while its bytes come. */
interface Entry {
  readonly name: string
  readonly source: PassThrough
  readonly receiving: Promise<ReceivedFile>
  bytes: number
}

/** The archives of one upload being taken apart. Disposing of it removes what no document took over. */
class Expanding implements AsyncDisposable {
  readonly skipped: Skipped[] = []
  readonly #tenant: TenantHandle
  readonly #intake: Intake
  readonly #signal: AbortSignal
  readonly #opened: UploadFile[] = []
  readonly #reserved: Reservation[] = []

  constructor(tenant: TenantHandle, intake: Intake, signal: AbortSignal) {
    this.#tenant = tenant
    this.#intake = intake
    this.#signal = signal
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((upload) => upload.release()))
    for (const { release } of this.#reserved) release()
  }

  async documentsIn(archive: KnownFile): Promise<KnownFile[]> {
    const files: KnownFile[] = []
    const before = this.skipped.length
    const sink = this.#sink(archive, files, this.#roomBeyond(archive.bytes))
    const handle = await this.#tenant.openReceived(archive.name)
    try {
      const documentsMax = archiveDocumentsMax
      await this.#intake.expand({ fd: handle.fd, documentsMax, sink, signal: this.#signal })
    } catch (error) {
      if (!(error instanceof ExtractError)) throw error
      throw new Problem('invalid_request', `“${archive.filename}”: ${error.message}`)
    } finally {
      await sink.abandon()
      await handle.close()
    }
    if (files.length === 0) throw nothingIn(archive.filename, this.skipped.slice(before))
    return files
  }

  /** Sets room aside for documents. What was set aside for their archive is theirs: it becomes none itself. */
  #roomBeyond(covered: number): (bytes: number) => Promise<void> {
    let left = covered
    return async (bytes) => {
      const more = bytes - left
      left = Math.max(0, -more)
      if (more > 0) this.#reserved.push(await this.#tenant.reserve(more))
    }
  }

  #sink(
    archive: KnownFile,
    files: KnownFile[],
    reserve: (bytes: number) => Promise<void>,
  ): ArchiveSink & { abandon(): Promise<void> } {
    const { upload_bytes: bytesMax } = this.#tenant.limits
    const skip = (name: string, reason: string): void => {
      this.skipped.push({ archive: archive.filename, name, reason })
    }
    let entry: Entry | undefined
    const abandon = async (): Promise<void> => {
      entry?.source.destroy(new Error('The entry is damaged.'))
      await entry?.receiving.catch(() => undefined)
      entry = undefined
    }
    return {
      begin: async (name) => {
        const upload = await this.#tenant.openUpload()
        this.#opened.push(upload)
        const source = new PassThrough()
        const receiving = receiveFile(upload, source, name)
        // Its fault is told to whoever awaits it; until then it is nobody's.
        receiving.catch(() => undefined)
        entry = { name, source, receiving, bytes: 0 }
      },
      bytes: async (chunk) => {
        if (!entry) return
        entry.bytes += chunk.length
        if (bytesMax !== null && entry.bytes > bytesMax) {
          skip(entry.name, `It is larger than ${bytesMax} bytes.`)
          return abandon()
        }
        const { source, receiving } = entry
        if (source.write(chunk)) return
        // A disk that is full ends the receiving, and nothing is drained any more.
        await Promise.race([new Promise((resolve) => source.once('drain', resolve)), receiving])
      },
      end: async () => {
        if (!entry) return
        const { name, source, receiving } = entry
        source.end()
        const file = await receiving
        entry = undefined
        const type = await this.#intake.mediaTypes.detect(file.head, file.filename)
        if (!type || type.mediaType === zipMediaType)
          return skip(name, 'It is of a kind that cannot be read.')
        await reserve(file.bytes)
        files.push({ ...file, ...type, tags: tagsOf(name, archive.tags) })
      },
      drop: async (name, reason) => {
        if (!entry) return
        await abandon()
        skip(name, reason)
      },
      skip,
      abandon,
    }
  }
}

/** Folders are how people sort files: each becomes a tag, after those that the person chose. */
function tagsOf(path: string, chosen: readonly string[]): string[] {
  const folders = path
    .split('/')
    .slice(0, -1)
    .map((folder) =>
      folder
        .replaceAll(/[\p{Cc}\s]+/gu, ' ')
        .trim()
        .slice(0, tagLengthMax)
        .toWellFormed()
        .trim(),
    )
  return [...new Set([...chosen, ...folders.filter((folder) => folder !== '')])].slice(0, tagsMax)
}

function nothingIn(archive: string, skipped: readonly Skipped[]): Problem {
  return new Problem(
    'unsupported_media_type',
    `There is no document in the archive “${archive}” that can be read.`,
    {
      errors: skipped
        .slice(0, namedMax)
        .map(({ name, reason }) => ({ path: name || archive, message: reason })),
    },
  )
}

export function titleForMany(files: number): Problem {
  return new Problem('invalid_request', 'A title goes with a single file: leave it out.', {
    errors: [{ path: 'title', message: `there are ${files} files` }],
  })
}

async function identify(
  file: ReceivedFile,
  { detect, accepted, formatOfName }: MediaTypes,
): Promise<ReceivedFile & MediaType> {
  if (file.bytes === 0)
    throw new Problem('invalid_request', `The file “${file.filename}” is empty.`, {
      errors: [{ path: 'file', message: 'has no bytes' }],
    })
  const type = await detect(file.head, file.filename)
  if (!type) {
    const promised = formatOfName?.(file.filename)
    const what = promised
      ? `is not a valid ${promised}: it is something else, or damaged from its first bytes on`
      : 'is of a kind that cannot be read'
    throw new Problem(
      'unsupported_media_type',
      `The file “${file.filename}” ${what}. Accepted are ${accepted}.`,
    )
  }
  return { ...file, ...type }
}

/** Somebody who sent ten files wants to know which ones to send again. */
function withCount(error: unknown, made: number, of: number): unknown {
  if (!(error instanceof Problem) || of === 1) return error
  const before = made === 0 ? 'None of the files was' : `The first ${made} of ${of} files were`
  return new Problem(error.code, `${error.detail} ${before} added.`, {
    errors: error.errors,
    retryAfterS: error.retryAfterS,
    quota: error.quota,
    cause: error.cause,
  })
}
