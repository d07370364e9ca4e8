/** Writing tar as POSIX describes it (ustar): a header of 512 bytes, the file, zeroes up to the next 512. */

const blockBytes = 512
/** Eleven octal digits; larger files are written in base 256, as GNU tar and libarchive read and write them. */
const octalBytesMax = 8 ** 11

export interface TarEntry {
  /** At most a hundred ASCII characters. */
  readonly path: string
  readonly bytes: number
  readonly mtimeMs: number
}

/** @throws Error for a name that has no room */
export function tarHeader({ path, bytes, mtimeMs }: TarEntry): Buffer {
  if (!/^[\x21-\x7e]{1,100}$/.test(path)) throw new Error(`not a name for a tar entry: ${path}`)
  const header = Buffer.alloc(blockBytes)
  header.write(path, 0, 'ascii')
  header.write(octal(0o600, 7), 100)
  header.write(octal(0, 7), 108)
  header.write(octal(0, 7), 116)
  if (bytes < octalBytesMax) header.write(octal(bytes, 11), 124)
  else {
    header[124] = 0x80
    header.writeBigUInt64BE(BigInt(bytes), 128)
  }
  header.write(octal(Math.floor(mtimeMs / 1000), 11), 136)
  header.write('        ', 148)
  header.write('0', 156)
  header.write('ustar\0' + '00', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 6)} `, 148)
  return header
}

/** What follows a file of so many bytes. */
export function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((blockBytes - (bytes % blockBytes)) % blockBytes)
}

/** Two empty blocks. */
export const tarEnd = Buffer.alloc(2 * blockBytes)

/** The whole archive, end included, of entries of these sizes. */
export function tarBytes(sizes: readonly number[]): number {
  return sizes.reduce(
    (sum, bytes) => sum + blockBytes + bytes + tarPadding(bytes).length,
    tarEnd.length,
  )
}

/** NUL-terminated by the zero that is there already. */
function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}
