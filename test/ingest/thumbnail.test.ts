/** Pictures of documents: a PDF's first page, an EPUB's cover in whatever way it is stored. */
import { crc32, deflateSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PdfiumHost } from '../../src/ingest/pdf/host.ts'
import { picturePdf } from '../../src/ingest/picture/picture-pdf.ts'
import { encodePng, isPngWithin, type Picture, pngSignature } from '../../src/ingest/picture/png.ts'
import { drawThumbnail } from '../../src/ingest/picture/thumbnail.ts'
import { writeEpub } from '../fixtures/formats/documents.ts'
import { writePdf } from '../fixtures/pdf.ts'
import { sourceOf } from '../fixtures/source.ts'

const host = new PdfiumHost()
const pdfType = 'application/pdf'
const epubType = 'application/epub+zip'

/** Our own PNG, unpacked again. */
function decode(png: Uint8Array): Picture {
  const bytes = Buffer.from(png)
  expect(bytes.subarray(0, 8)).toEqual(pngSignature)
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
  const channels = bytes[25] === 0 ? 1 : 3
  const length = bytes.readUInt32BE(33)
  expect(bytes.readUInt32BE(41 + length)).toBe(crc32(bytes.subarray(37, 41 + length)))
  const rows = inflateSync(bytes.subarray(41, 41 + length))
  const stride = width * channels
  const pixels = new Uint8Array(stride * height)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < stride; x++) {
      const left = x < channels ? 0 : (pixels[y * stride + x - channels] ?? 0)
      pixels[y * stride + x] = (rows[y * (stride + 1) + 1 + x] ?? 0) + left
    }
  return { width, height, channels, pixels }
}

function colourAt({ width, channels, pixels }: Picture, x: number, y: number): number[] {
  return [...pixels.subarray((y * width + x) * channels, (y * width + x + 1) * channels)]
}

test('PNG comes back as it went in', () => {
  const anyPicture = fc
    .record({
      width: fc.integer({ min: 1, max: 9 }),
      height: fc.integer({ min: 1, max: 9 }),
      channels: fc.constantFrom(1 as const, 3 as const),
    })
    .chain((size) => {
      const length = size.width * size.height * size.channels
      return fc
        .uint8Array({ minLength: length, maxLength: length })
        .map((pixels) => ({ ...size, pixels }))
    })
  fc.assert(
    fc.property(anyPicture, (picture) => {
      const png = encodePng(picture)
      expect(decode(png)).toEqual(picture)
      expect(isPngWithin(png, 9)).toBe(true)
      expect(isPngWithin(png, 0)).toBe(false)
    }),
  )
})

test('a PDF has its first page, as large as fits', async () => {
  const red = '1 0 0 rg 0 421 595 421 re f'
  const bytes = writePdf({ pages: [{ commands: red }, { commands: '0 1 0 rg 0 0 595 842 re f' }] })
  const png = await drawThumbnail(host, pdfType, sourceOf(bytes))
  const picture = decode(png ?? Buffer.alloc(0))
  expect([picture.width, picture.height]).toEqual([320, 453])
  expect(colourAt(picture, 100, 50)).toEqual([255, 0, 0])
  expect(colourAt(picture, 100, 400)).toEqual([255, 255, 255])
})

test.each([
  ['a strip', 20, 14_000],
  ['a banner', 14_000, 20],
  ['a stamp', 30, 30],
])('%s of a page stays within the frame', async (_, width, height) => {
  const bytes = writePdf({ width, height, pages: [{ commands: '0 0 10 10 re f' }] })
  const picture = decode((await drawThumbnail(host, pdfType, sourceOf(bytes))) ?? Buffer.alloc(0))
  expect(picture.width).toBeLessThanOrEqual(320)
  expect(picture.height).toBeLessThanOrEqual(480)
  if (width === 30) expect([picture.width, picture.height]).toEqual([60, 60])
})

const [width, height] = [40, 60]
/** Blue above, transparent or white below. */
function cover(type: number): Buffer {
  const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[type] ?? 1
  const rows = Array.from({ length: height }, (_, y) => {
    const isAbove = y < height / 2
    const pixel = {
      0: [isAbove ? 80 : 255],
      2: isAbove ? [0, 0, 255] : [255, 255, 255],
      3: [isAbove ? 1 : 0],
      4: [80, isAbove ? 255 : 0],
      6: isAbove ? [0, 0, 255, 255] : [0, 0, 0, 0],
    }[type] ?? [0]
    return [0, ...Array.from({ length: width }, () => pixel).flat()]
  })
  expect(rows[0]).toHaveLength(width * channels + 1)
  const header = Buffer.from([0, 0, 0, width, 0, 0, 0, height, 8, type, 0, 0, 0])
  const part = (name: string, data: Uint8Array): Buffer => {
    const size = Buffer.alloc(4)
    size.writeUInt32BE(data.length)
    return Buffer.concat([size, Buffer.from(name), data, Buffer.alloc(4)])
  }
  return Buffer.concat([
    pngSignature,
    part('IHDR', header),
    part('PLTE', Buffer.from([255, 255, 255, 0, 0, 255])),
    part('IDAT', deflateSync(Buffer.from(rows.flat()))),
    part('IEND', Buffer.alloc(0)),
  ])
}

function epubWith(picture: Uint8Array, isOld = false): Buffer {
  const item = `<item id="pic" href="cover.png" media-type="image/png"${isOld ? '' : ' properties="cover-image"'}/>`
  return writeEpub([{ name: 'a.xhtml', body: '<p>Words.</p>' }], {
    title: isOld ? 'A</dc:title><meta name="cover" content="pic"/><dc:title>B' : 'A',
    manifest: item,
    parts: [{ name: 'EPUB/cover.png', data: picture }],
  })
}

test.each([
  ['grey', 0, [80, 80, 80]],
  ['colours', 2, [0, 0, 255]],
  ['a palette', 3, [0, 0, 255]],
  ['grey with transparency', 4, [80, 80, 80]],
  ['colours with transparency', 6, [0, 0, 255]],
] as const)('an EPUB has its cover: a PNG of %s', async (_, type, above) => {
  for (const isOld of [false, true]) {
    const png = await drawThumbnail(host, epubType, sourceOf(epubWith(cover(type), isOld)))
    const picture = decode(png ?? Buffer.alloc(0))
    expect([picture.width, picture.height]).toEqual([80, 120])
    expect(colourAt(picture, 40, 20)).toEqual([...above])
    expect(colourAt(picture, 40, 100)).toEqual([255, 255, 255])
  }
})

test('an EPUB without a cover, or with one that is no picture, has none', async () => {
  const plain = writeEpub([{ name: 'a.xhtml', body: '<p>Words.</p>' }])
  expect(await drawThumbnail(host, epubType, sourceOf(plain))).toBeNull()
  for (const bytes of [Buffer.from('GIF89a'), Buffer.alloc(0), pngSignature])
    expect(await drawThumbnail(host, epubType, sourceOf(epubWith(bytes)))).toBeNull()
})

test('damaged pictures are wrapped or refused, never looped over', () => {
  const jpeg = Buffer.from(
    'ffd8ffe000104a46494600010100000100010000ffc0001108003c002803012200',
    'hex',
  )
  expect(picturePdf(jpeg)?.toString('latin1')).toContain('/Width 40 /Height 60')
  fc.assert(
    fc.property(
      fc.constantFrom(jpeg, ...[0, 2, 3, 4, 6].map(cover)),
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 20 }),
      fc.nat(400),
      (bytes, changes, length) => {
        const copy = Buffer.from(bytes.subarray(0, Math.max(10, length)))
        for (const [at, byte] of changes) if (at < copy.length) copy[at] = byte
        expect(picturePdf(copy) ?? Buffer.alloc(0)).toBeInstanceOf(Buffer)
      },
    ),
    { numRuns: 500 },
  )
})
