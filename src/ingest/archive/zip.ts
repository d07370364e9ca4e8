/** Reads ZIP archives, which half of all document formats are, within limits that no honest document reaches. */
import { crc32 } from 'node:zlib'
import { type Entry, fromRandomAccessReaderPromise, type ZipFile } from 'yauzl'
import { ExtractError } from '../contract.ts'
import type { ByteSource } from '../extraction.ts'
import { entryName, foldName } from './entry-name.ts'
import { SourceReader } from './source-reader.ts'

/** A book of a thousand chapters and pictures is a large one; each entry costs memory before anything is read. */
const entriesMax = 10_000
/** Deflate ends at 1032:1; markup that repeats itself reaches 50:1, seldom 100:1. */
const ratioMax = 200
/** What may be unpacked whatever its ratio: too little to hurt. */
const freeBytes = 16 * 1024 * 1024
/** The markup of the longest texts people have is a tenth of this. */
const entryBytesMax = 256 * 1024 * 1024
const totalBytesMax = 1024 * 1024 * 1024
const shownNameMax = 80
/** The upper half of the external attributes is a Unix mode (APPNOTE 4.4.15); these bits of it say "symbolic link". */
const symlinkMode = 0xa000

/** An archive being read. Only what is asked for is ever unpacked; archives inside it are bytes like any other. */
export class ZipArchive {
  readonly #source: ByteSource
  readonly #reader: SourceReader
  readonly #file: ZipFile
  readonly #entries = new Map<string, Entry>()
  readonly #folded = new Map<string, string>()
  #inflated = 0
  /** Entries left out because their name leads out of the archive, is taken already, or is a link. */
  ignored = 0

  private constructor(source: ByteSource, reader: SourceReader, file: ZipFile) {
    this.#source = source
    this.#reader = reader
    this.#file = file
  }

  /**
   * @param format what the file should be, for a person
   * @throws ExtractError `damaged` for what is no archive, `unsupported` over a limit
   */
  static async open(source: ByteSource, format: string): Promise<ZipArchive> {
    const reader = new SourceReader(source)
    try {
      const file = await fromRandomAccessReaderPromise(reader, source.size, {
        autoClose: false,
        decodeStrings: false,
      })
      const archive = new ZipArchive(source, reader, file)
      await archive.#list()
      return archive
    } catch (error) {
      throw explain(error, reader, () => noArchive(format))
    }
  }

  async #list(): Promise<void> {
    if (this.#file.entryCount > entriesMax) throw tooManyEntries(this.#file.entryCount)
    let declared = 0
    for await (const entry of this.#file.eachEntry()) {
      declared += entry.uncompressedSize
      this.#add(entry)
    }
    // Told by the archive itself, so it costs nothing to believe it: bombs that hide nothing end here.
    if (declared > freeBytes && declared > this.#source.size * ratioMax) throw bomb()
  }

  #add(entry: Entry): void {
    const name = entryName(entry)
    if (name?.endsWith('/')) return
    const isLink = ((entry.externalFileAttributes >>> 16) & 0xf000) === symlinkMode
    // Of two entries with one name the first counts: every program here sees the same one.
    if (name === undefined || isLink || this.#entries.has(name)) {
      this.ignored++
      return
    }
    this.#entries.set(name, entry)
    const folded = foldName(name)
    if (!this.#folded.has(folded)) this.#folded.set(folded, name)
  }

  /** In the order of the archive's directory; folders are not among them. */
  names(): Iterable<string> {
    return this.#entries.keys()
  }

  /** The entry's own name for `name`, which may differ in case; undefined where there is none. */
  find(name: string): string | undefined {
    const wanted = name.normalize('NFC')
    return this.#entries.has(wanted) ? wanted : this.#folded.get(foldName(wanted))
  }

  /** Unpacks an entry piece by piece. @throws ExtractError when it is missing, damaged, encrypted or over a limit */
  async *chunks(name: string): AsyncGenerator<Uint8Array> {
    const entry = this.#entries.get(this.find(name) ?? name)
    if (!entry) throw damagedPart(name)
    if (entry.isEncrypted()) throw encrypted()
    if (entry.uncompressedSize > entryBytesMax) throw bomb()
    let bytes = 0
    let checksum = 0
    try {
      const stream = await this.#file.openReadStreamPromise(entry)
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        bytes += chunk.length
        checksum = crc32(chunk, checksum)
        this.#count(chunk.length, bytes, entry.compressedSize)
        yield chunk
      }
    } catch (error) {
      throw explain(error, this.#reader, () => damagedPart(name))
    }
    if (checksum !== entry.crc32) throw damagedPart(name)
  }

  /** Unpacks a small entry as a whole. @throws ExtractError as `chunks` does */
  async bytes(name: string, bytesMax: number): Promise<Buffer> {
    const parts: Uint8Array[] = []
    let length = 0
    for await (const chunk of this.chunks(name)) {
      length += chunk.length
      if (length > bytesMax) throw bomb()
      parts.push(chunk)
    }
    return Buffer.concat(parts)
  }

  #count(step: number, bytes: number, packed: number): void {
    this.#inflated += step
    const isOver =
      bytes > entryBytesMax ||
      this.#inflated > totalBytesMax ||
      (bytes > freeBytes && bytes > packed * ratioMax) ||
      (this.#inflated > freeBytes * 4 && this.#inflated > this.#source.size * ratioMax)
    if (isOver) throw bomb()
  }
}

/** Errors of ours and of the source stay what they are; yauzl's and zlib's mean one thing. */
function explain(error: unknown, { failure }: SourceReader, otherwise: () => Error): unknown {
  if (failure !== undefined) return failure
  return error instanceof ExtractError ? error : otherwise()
}

function noArchive(format: string): ExtractError {
  return new ExtractError(
    'damaged',
    `The file is not a valid ${format}: it should be a ZIP archive, and that is cut off or damaged. Fetch or export it again, and upload that copy.`,
  )
}

function damagedPart(name: string): ExtractError {
  const shown = name.replace(/\p{C}/gu, '').slice(0, shownNameMax).toWellFormed()
  return new ExtractError(
    'damaged',
    `The part “${shown}” of the file is missing or damaged. Fetch or export the file again, and upload that copy.`,
  )
}

function tooManyEntries(count: number): ExtractError {
  return new ExtractError(
    'unsupported',
    `The file is an archive of ${count} parts; up to ${entriesMax} are read. Split it and upload the parts.`,
  )
}

function bomb(): ExtractError {
  return new ExtractError(
    'unsupported',
    'The file unpacks to far more than a document has. That is how files are made that shall harm a server, so it was not opened any further.',
  )
}

function encrypted(): ExtractError {
  return new ExtractError(
    'password_required',
    'The file is encrypted with a password. Save it without one, and upload that copy.',
  )
}
