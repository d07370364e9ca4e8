/** Wraps a JPEG or PNG into a PDF of one page, so that PDFium, which decodes and scales both, can draw it. */
import { deflateSync, inflateSync } from 'node:zlib'
import { pngSignature } from './png.ts'

/** Pixels: the largest covers have ten million. */
const pixelsMax = 40_000_000
/** With transparency the pixels are unpacked here, four bytes each. */
const transparentPixelsMax = 8_000_000
/** APP14: Adobe's programs write CMYK the other way round. */
const adobeMarker = 0xee
const colourSpaces: Readonly<Record<number, string>> = {
  1: '/DeviceGray',
  3: '/DeviceRGB',
  4: '/DeviceCMYK',
}

interface Image {
  readonly width: number
  readonly height: number
  /** What its dictionary says besides the size. */
  readonly entries: string
  readonly data: Uint8Array
}

/** @returns undefined for what is no picture of these kinds, or too large a one */
export function picturePdf(bytes: Buffer): Buffer | undefined {
  const image = bytes.subarray(0, 8).equals(pngSignature) ? readPng(bytes) : readJpeg(bytes)
  if (!image || image.width < 1 || image.height < 1) return undefined
  if (image.width * image.height > pixelsMax) return undefined
  return writeDocument(image)
}

function writeDocument({ width, height, entries, data }: Image): Buffer {
  const draw = `q ${width} 0 0 ${height} 0 0 cm /P Do Q`
  const head = [
    '%PDF-1.7',
    '1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj',
    '2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj',
    `3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 ${width} ${height}] /Resources << /XObject << /P 5 0 R >> >> /Contents 4 0 R >> endobj`,
    `4 0 obj << /Length ${draw.length} >> stream\n${draw}\nendstream endobj`,
    `5 0 obj << /Type /XObject /Subtype /Image /Width ${width} /Height ${height} ${entries} /Length ${data.length} >> stream\n`,
  ].join('\n')
  // Without a table of objects: readers build one, and so does PDFium.
  const tail = '\nendstream endobj\ntrailer << /Root 1 0 R /Size 6 >>\n%%EOF\n'
  return Buffer.concat([Buffer.from(head, 'latin1'), data, Buffer.from(tail, 'latin1')])
}

/** Its size and its number of colours stand in the first frame header (ITU T.81, B.2.2). */
function readJpeg(bytes: Buffer): Image | undefined {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return undefined
  let isAdobe = false
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1] ?? 0
    if (isFrame(marker)) return readFrame(bytes, at, isAdobe)
    isAdobe ||= marker === adobeMarker
    // Markers may be padded with any number of 0xff.
    at += marker === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2)
  }
  return undefined
}

function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
}

function readFrame(bytes: Buffer, at: number, isAdobe: boolean): Image | undefined {
  const colours = bytes[at + 9] ?? 0
  const space = colourSpaces[colours]
  if (space === undefined) return undefined
  const inverted = colours === 4 && isAdobe ? ' /Decode [1 0 1 0 1 0 1 0]' : ''
  return {
    width: bytes.readUInt16BE(at + 7),
    height: bytes.readUInt16BE(at + 5),
    entries: `/ColorSpace ${space} /BitsPerComponent 8 /Filter /DCTDecode${inverted}`,
    data: bytes,
  }
}

interface PngParts {
  readonly header: Buffer
  readonly palette: Buffer
  readonly data: Buffer
}

function readPng(bytes: Buffer): Image | undefined {
  const parts = readChunks(bytes)
  if (!parts) return undefined
  const { header, palette, data } = parts
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const [depth = 0, type = 0] = header.subarray(8)
  const isInterlaced = header[12] !== 0
  if (isInterlaced || width * height > pixelsMax) return undefined
  const isTransparent = type === 4 || type === 6
  if (isTransparent)
    return depth === 8 ? onWhite(width, height, type === 4 ? 1 : 3, data) : undefined
  const colours = type === 2 ? 3 : 1
  const space =
    type === 3
      ? `[/Indexed /DeviceRGB ${Math.max(0, Math.floor(palette.length / 3) - 1)} <${palette.toString('hex')}>]`
      : (colourSpaces[colours] ?? '')
  const parameters = `/DecodeParms << /Predictor 15 /Colors ${colours} /BitsPerComponent ${depth} /Columns ${width} >>`
  const entries = `/ColorSpace ${space} /BitsPerComponent ${depth} /Filter /FlateDecode ${parameters}`
  return { width, height, entries, data }
}

function readChunks(bytes: Buffer): PngParts | undefined {
  let header: Buffer | undefined
  let palette = Buffer.alloc(0)
  const data: Buffer[] = []
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at)
    const body = bytes.subarray(at + 8, at + 8 + length)
    switch (bytes.toString('latin1', at + 4, at + 8)) {
      case 'IHDR':
        header = body
        break
      case 'PLTE':
        palette = Buffer.from(body.subarray(0, 768))
        break
      case 'IDAT':
        data.push(body)
        break
    }
    at += 12 + length
  }
  return header && header.length >= 13 && data.length > 0
    ? { header, palette, data: Buffer.concat(data) }
    : undefined
}

/** Pixels with transparency, laid on white paper. */
function onWhite(width: number, height: number, colours: 1 | 3, data: Buffer): Image | undefined {
  if (width * height > transparentPixelsMax) return undefined
  const channels = colours + 1
  const stride = width * channels
  const rows = unpack(data, (stride + 1) * height)
  if (!rows) return undefined
  const pixels = Buffer.alloc(width * height * colours)
  let before: Uint8Array = new Uint8Array(stride)
  for (let y = 0, to = 0; y < height; y++) {
    const row = rows.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1))
    unfilter(rows[y * (stride + 1)] ?? 0, row, before, channels)
    for (let x = 0; x < stride; x += channels) {
      const alpha = row[x + colours] ?? 255
      for (let c = 0; c < colours; c++)
        pixels[to++] = Math.round(((row[x + c] ?? 0) * alpha + 255 * (255 - alpha)) / 255)
    }
    before = row
  }
  const entries = `/ColorSpace ${colourSpaces[colours]} /BitsPerComponent 8 /Filter /FlateDecode`
  return { width, height, entries, data: deflateSync(pixels, { level: 1 }) }
}

function unpack(data: Buffer, length: number): Buffer | undefined {
  try {
    const rows = inflateSync(data, { maxOutputLength: length })
    return rows.length === length ? rows : undefined
  } catch {
    return undefined
  }
}

/** Undoes the filter of a row in place (ISO/IEC 15948, 9.2). */
function unfilter(type: number, row: Uint8Array, before: Uint8Array, step: number): void {
  for (let x = 0; x < row.length; x++) {
    const left = x < step ? 0 : (row[x - step] ?? 0)
    const up = before[x] ?? 0
    const corner = x < step ? 0 : (before[x - step] ?? 0)
    row[x] = (row[x] ?? 0) + predicted(type, left, up, corner)
  }
}

function predicted(type: number, left: number, up: number, corner: number): number {
  switch (type) {
    case 1:
      return left
    case 2:
      return up
    case 3:
      return (left + up) >> 1
    case 4: {
      const base = left + up - corner
      const [a, b, c] = [Math.abs(base - left), Math.abs(base - up), Math.abs(base - corner)]
      return a <= b && a <= c ? left : b <= c ? up : corner
    }
    default:
      return 0
  }
}
