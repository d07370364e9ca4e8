/** Parts of resumable uploads on disk: the bytes so far, and beside them what was said about the file. */
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectoryLater } from '../base/fs.ts'
import { partialDirectory, partialPath } from '../tenancy/layout.ts'

/** What was said at the creation, and what came of it. */
export interface PartInfo {
  /** Bytes of the whole file. */
  readonly length: number
  readonly filename: string
  readonly title: string | null
  readonly tags: readonly string[]
  /** Once it is whole and taken: its documents, and what of an archive was skipped. */
  readonly result?: PartResult
}

export interface PartResult {
  readonly documents: readonly string[]
  readonly skipped: readonly { archive: string; name: string; reason: string }[]
}

export interface Part {
  readonly id: string
  readonly info: PartInfo
  /** Bytes that are there. */
  readonly offset: number
  /** When it was last written, Unix milliseconds. */
  readonly touchedAtMs: number
}

/** Of one tenant. The size of a part's file is how far it has come, so no second record can contradict it. */
export class PartFiles {
  readonly #directory: string

  /** @param directory the tenant's */
  constructor(directory: string) {
    this.#directory = directory
  }

  /** Durable when it resolves. */
  async create(id: string, info: PartInfo): Promise<Part> {
    // Not `recursive`: a library that was deleted meanwhile must not come back as an empty folder.
    await mkdir(partialDirectory(this.#directory), { mode: 0o700 }).catch(unlessThere)
    const handle = await open(partialPath(this.#directory, id), 'wx', 0o600)
    await handle.close()
    await this.#writeInfo(id, info)
    await syncDirectoryLater(join(partialDirectory(this.#directory), '..'))
    return { id, info, offset: 0, touchedAtMs: Date.now() }
  }

  async find(id: string): Promise<Part | undefined> {
    const path = partialPath(this.#directory, id)
    const info = await readFile(infoPath(path), 'utf8').then(parseInfo, unlessGone)
    if (!info) return undefined
    const infoStat = await stat(infoPath(path)).catch(unlessGone)
    const data = await stat(path).catch(unlessGone)
    if (!infoStat || (!data && !info.result)) return undefined
    return {
      id,
      info,
      offset: info.result ? info.length : (data?.size ?? 0),
      touchedAtMs: Math.max(infoStat.mtimeMs, data?.mtimeMs ?? 0),
    }
  }

  /** For writing behind what is there, and for reading. */
  openData(id: string): Promise<FileHandle> {
    return open(partialPath(this.#directory, id), constants.O_RDWR | constants.O_NOFOLLOW)
  }

  /** Keeps what came of it for a client that missed the answer; the bytes are the document's now. */
  async finish({ id, info }: Part, result: PartResult): Promise<void> {
    await this.#writeInfo(id, { ...info, result })
    await rm(partialPath(this.#directory, id), { force: true })
  }

  /** The bytes first: what is said about a part without bytes is known to be left over. */
  async remove(id: string): Promise<void> {
    const path = partialPath(this.#directory, id)
    await rm(path, { force: true })
    await rm(infoPath(path), { force: true })
    await syncDirectoryLater(partialDirectory(this.#directory))
  }

  /** Every part; what belongs to none and is older than `strayBeforeMs` is removed. */
  async list(strayBeforeMs: number): Promise<Part[]> {
    const directory = partialDirectory(this.#directory)
    const parts: Part[] = []
    for (const name of (await readdir(directory).catch(unlessGone)) ?? []) {
      const [id = ''] = name.split('.')
      const part = /^[0-9a-f]{32}$/.test(id) ? await this.find(id) : undefined
      if (part && name === `${id}.json`) parts.push(part)
      else if (!part || name.endsWith('.new'))
        await removeStray(join(directory, name), strayBeforeMs)
    }
    return parts
  }

  async #writeInfo(id: string, info: PartInfo): Promise<void> {
    const path = infoPath(partialPath(this.#directory, id))
    const handle = await open(`${path}.new`, 'w', 0o600)
    try {
      await handle.writeFile(JSON.stringify(info))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(`${path}.new`, path)
    await syncDirectoryLater(partialDirectory(this.#directory))
  }
}

async function removeStray(path: string, beforeMs: number): Promise<void> {
  const found = await stat(path).catch(unlessGone)
  if (found && found.mtimeMs < beforeMs) await rm(path, { recursive: true, force: true })
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

/** What cannot be read at the moment is not gone: it would be refused for good, or removed. */
function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

function infoPath(path: string): string {
  return `${path}.json`
}

function parseInfo(text: string): PartInfo | undefined {
  try {
    return JSON.parse(text) as PartInfo
  } catch {
    return undefined
  }
}
