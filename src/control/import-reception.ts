/** An archive on its way in: every file has a known name, is there once, and has its room before a byte of it is read. */
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { freeBytes } from '../base/fs.ts'
import { Problem } from '../base/problem.ts'
import { receivedPath } from '../tenancy/layout.ts'
import { manifestName } from '../tenancy/manifest.ts'
import { quotaProblem } from '../tenancy/quota.ts'
import { receivedManifestBytesMax, refusedArchive } from '../tenancy/received.ts'
import type { Reservation } from './reservations.ts'
import type { TenantHandle } from './tenant-directory.ts'

const documentsMax = 1_000_000
/** Kept free for everybody else while an archive comes in. */
const freeBytesMin = 256 * 2 ** 20

/** What a file of an archive is to be, before its bytes are read. */
export interface IncomingFile {
  readonly path: string
  readonly bytes: number
  readonly content: AsyncIterable<Buffer>
}

/**
 * Writes the files, synced, into a directory that has an empty `books/`.
 * @throws Problem `invalid_request`, `quota_exceeded`, `too_large`, `disk_full`
 */
export async function receiveArchive(
  tenant: TenantHandle,
  directory: string,
  files: AsyncIterable<IncomingFile>,
): Promise<void> {
  const reception = new Reception(tenant, directory)
  try {
    for await (const file of files) await reception.take(file)
  } finally {
    reception.release()
  }
}

class Reception {
  readonly #tenant: TenantHandle
  readonly #directory: string
  readonly #reserved: Reservation[] = []
  #documents = 0
  #databaseBytes = 0

  constructor(tenant: TenantHandle, directory: string) {
    this.#tenant = tenant
    this.#directory = directory
  }

  release(): void {
    for (const { release } of this.#reserved) release()
  }

  async take({ path, bytes, content }: IncomingFile): Promise<void> {
    const to = receivedPath(this.#directory, path)
    if (to === undefined)
      throw refusedArchive(`“${printable(path)}” is no name of a file in an export`)
    await this.#reserve(path, bytes)
    if (bytes + freeBytesMin > freeBytes(this.#directory))
      throw new Problem('disk_full', 'The server has no room for the archive. Tell its operator.')
    try {
      await pipeline(content, createWriteStream(to, { flags: 'wx', mode: 0o600, flush: true }))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST')
        throw refusedArchive(`it holds ${path} twice`)
      throw error
    }
  }

  async #reserve(path: string, bytes: number): Promise<void> {
    if (path.startsWith('books/')) await this.#reserveOriginal(bytes)
    else if (path !== manifestName) this.#checkDatabase(bytes)
    else if (bytes > receivedManifestBytesMax)
      throw new Problem('too_large', 'The manifest of the archive is too large.')
  }

  async #reserveOriginal(bytes: number): Promise<void> {
    const { documents: limit, upload_bytes: bytesMax } = this.#tenant.limits
    const documents = ++this.#documents
    if (documents > documentsMax)
      throw new Problem('too_large', `An archive has at most ${documentsMax} originals.`)
    if (limit !== null && documents > limit)
      throw quotaProblem({ which: 'documents', used: documents, limit })
    if (bytesMax !== null && bytes > bytesMax)
      throw new Problem('too_large', `A file in the archive is larger than ${bytesMax} bytes.`)
    this.#reserved.push(await this.#tenant.reserve(bytes))
  }

  #checkDatabase(bytes: number): void {
    this.#databaseBytes += bytes
    const { database_bytes: limit } = this.#tenant.limits
    if (limit !== null && this.#databaseBytes > limit)
      throw quotaProblem({ which: 'database_bytes', used: this.#databaseBytes, limit })
  }
}

function printable(path: string): string {
  return path.replaceAll(/[^\x20-\x7e]/g, '?')
}
