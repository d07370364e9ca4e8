/**
 * Reading tar as strictly as this program writes it: plain files of ustar, one after another, to the end. What other
 * archivers add (links, devices, PAX and GNU headers, sparse files) is refused by name instead of being understood.
 */
import { Problem } from '../base/problem.ts'
import { PassedBytes } from '../base/young-garbage.ts'

const blockBytes = 512
const bytesMax = 2 ** 50
/** Some archivers fill the last record up. */
const paddingBytesMax = 2 ** 20

const kinds: Readonly<Record<string, string>> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a character device',
  '4': 'a block device',
  '5': 'a directory',
  '6': 'a pipe',
  '7': 'a reserved file',
  g: 'a PAX header for the whole archive',
  x: 'a PAX header',
  L: 'a GNU long name',
  K: 'a GNU long link',
  S: 'a sparse file',
  M: 'a part of a multi-volume archive',
  V: 'a volume label',
}

export interface TarFile {
  readonly path: string
  readonly bytes: number
  /** To be read to its end, or not at all, before the next file is asked for. */
  readonly content: AsyncIterable<Buffer>
}

/**
 * The files of an archive in their order; holds one chunk of it.
 * @throws Problem `invalid_request`, which says what is wrong with the archive
 */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<TarFile> {
  const chunks = source[Symbol.asyncIterator]()
  try {
    yield* filesOf(new Bytes(chunks))
  } finally {
    // Whoever gives the bytes can do something else with the rest.
    await chunks.return?.()
  }
}

async function* filesOf(bytes: Bytes): AsyncGenerator<TarFile> {
  for (let at = 1; ; at++) {
    const header = await bytes.block(`before its end: file ${at} is missing`)
    if (isZero(header)) break
    const { path, size } = parseHeader(header, at)
    const content = bytes.take(size)
    yield { path, bytes: size, content }
    for await (const _rest of content);
    const padding = (blockBytes - (size % blockBytes)) % blockBytes
    for await (const rest of bytes.take(padding)) refuseUnlessZero(rest)
  }
  refuseUnlessZero(await bytes.block('in the middle of its end'))
  for (let left = paddingBytesMax; ; ) {
    const rest = await bytes.some(blockBytes)
    if (!rest) return
    left -= rest.length
    if (left < 0) throw refused('it goes on after its end')
    refuseUnlessZero(rest)
  }
}

function parseHeader(header: Buffer, at: number): { path: string; size: number } {
  if (at === 1 && header[0] === 0x1f && header[1] === 0x8b)
    throw refused('it is compressed: unpack it with `gunzip` and send the tar itself')
  const sum = header.reduce((all, byte, i) => all + (i >= 148 && i < 156 ? 0x20 : byte), 0)
  if (octal(header.subarray(148, 156)) !== sum)
    throw refused(`the header of file ${at} is damaged, or it is no tar`)
  const kind = String.fromCharCode(header[156] ?? 0)
  if (kind !== '0' && kind !== '\0')
    throw refused(`file ${at} is ${kinds[kind] ?? 'of an unknown kind'}, not a plain file`)
  if (header.toString('latin1', 257, 265) !== 'ustar\x0000')
    throw refused(`file ${at} is not written as ustar`)
  const [link, prefix] = [header.subarray(157, 257), header.subarray(345, 512)]
  const [path, ...rest] = header.toString('latin1', 0, 100).split('\0')
  if (!isZero(link) || !isZero(prefix) || rest.some((part) => part !== ''))
    throw refused(`the header of file ${at} holds more than a name`)
  const size = sizeOf(header.subarray(124, 136))
  if (size === undefined || size > bytesMax) throw refused(`the size of file ${at} is not a number`)
  return { path: path ?? '', size }
}

function sizeOf(field: Buffer): number | undefined {
  if (field[0] !== 0x80) return octal(field)
  const value = field.readBigUInt64BE(4)
  return isZero(field.subarray(1, 4)) && value <= BigInt(bytesMax) ? Number(value) : undefined
}

function octal(field: Buffer): number | undefined {
  const [, digits] = /^([0-7]+)[\0 ]+$/.exec(field.toString('latin1')) ?? []
  return digits === undefined ? undefined : Number.parseInt(digits, 8)
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0)
}

function refuseUnlessZero(bytes: Buffer): void {
  if (!isZero(bytes)) throw refused('it holds bytes between or after its files')
}

function refused(why: string): Problem {
  return new Problem('invalid_request', `The archive was refused: ${why}.`)
}

/** A stream of bytes, taken in the sizes that are asked for. */
class Bytes {
  readonly #chunks: AsyncIterator<Buffer>
  readonly #passed = new PassedBytes()
  #chunk: Buffer = Buffer.alloc(0)

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks
  }

  /** What there is, at most so much; undefined at the end. */
  async some(atMost: number): Promise<Buffer | undefined> {
    while (this.#chunk.length === 0) {
      const { value, done } = await this.#chunks.next()
      if (done) return undefined
      this.#passed.add(value.length)
      this.#chunk = value
    }
    const taken = this.#chunk.subarray(0, atMost)
    this.#chunk = this.#chunk.subarray(taken.length)
    return taken
  }

  async block(where: string): Promise<Buffer> {
    const parts: Buffer[] = []
    for (let left = blockBytes; left > 0; ) {
      const part = await this.some(left)
      if (!part) throw refused(`it ends ${where}`)
      parts.push(part)
      left -= part.length
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
  }

  /** So many bytes as they come. What was not read of them when the next are asked for is read then. */
  take(bytes: number): AsyncIterable<Buffer> {
    let left = bytes
    const next = async (): Promise<IteratorResult<Buffer>> => {
      if (left === 0) return { value: undefined, done: true }
      const part = await this.some(left)
      if (!part) throw refused('it ends in the middle of a file')
      left -= part.length
      return { value: part, done: false }
    }
    return { [Symbol.asyncIterator]: () => ({ next }) }
  }
}
