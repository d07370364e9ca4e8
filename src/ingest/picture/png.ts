/** Writes pixels as PNG (ISO/IEC 15948). */
import { crc32, deflateSync } from 'node:zlib'

export interface Picture {
  readonly width: number
  readonly height: number
  /** Grey, or red, green and blue; eight bits each, rows one after the other. */
  readonly channels: 1 | 3
  readonly pixels: Uint8Array
}

export const pngSignature = Buffer.from('89504e470d0a1a0a', 'hex')
const headerLength = 13
const greyType = 0
const rgbType = 2
/** Filter type of a row: each byte as the difference from the one a pixel before. */
const subFilter = 1

/** @param level of zlib, 1 (fast) to 9 (small) */
export function encodePng({ width, height, channels, pixels }: Picture, level = 9): Buffer {
  const header = Buffer.alloc(headerLength)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  header[9] = channels === 1 ? greyType : rgbType
  const stride = width * channels
  const rows = Buffer.alloc((stride + 1) * height)
  for (let y = 0, to = 0; y < height; y++) {
    rows[to++] = subFilter
    for (let x = 0, from = y * stride; x < stride; x++, from++)
      rows[to++] = (pixels[from] ?? 0) - (x < channels ? 0 : (pixels[from - channels] ?? 0))
  }
  return Buffer.concat([
    pngSignature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

/** Whether these bytes begin as a PNG of at most `side` pixels each way. */
export function isPngWithin(bytes: Uint8Array, side: number): boolean {
  const head = Buffer.from(bytes.subarray(0, 24))
  return (
    head.length === 24 &&
    head.subarray(0, 8).equals(pngSignature) &&
    head.readUInt32BE(16) <= side &&
    head.readUInt32BE(20) <= side
  )
}
