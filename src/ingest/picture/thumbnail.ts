/** A small picture of a document, to know it by: a PDF's first page, an EPUB's cover. */
import { ZipArchive } from '../archive/zip.ts'
import { readPackage } from '../epub/package.ts'
import type { ByteSource } from '../extraction.ts'
import { PdfDocument } from '../pdf/document.ts'
import type { PdfiumHost } from '../pdf/host.ts'
import { thumbnailSideMax } from './limits.ts'
import { picturePdf } from './picture-pdf.ts'
import { encodePng } from './png.ts'

/** As sharp as a shelf of covers needs on a screen of double density. */
const widthMax = 320
const scaleMax = 2
const coverBytesMax = 20 * 1024 * 1024

/** @returns PNG; null where there is nothing to draw. @throws what reading the document throws */
export async function drawThumbnail(
  host: PdfiumHost,
  mediaType: string,
  source: ByteSource,
): Promise<Uint8Array | null> {
  const drawable = mediaType === 'application/pdf' ? source : await coverOf(source)
  if (!drawable) return null
  const { pdfium, guard } = await host.load()
  const picture = guard(() => {
    const document = new PdfDocument(pdfium, drawable)
    const first = document.draw(0, {
      widthMax,
      heightMax: thumbnailSideMax,
      isGrey: false,
      scaleMax,
    })
    document.close()
    return first
  })
  return picture ? encodePng(picture) : null
}

async function coverOf(source: ByteSource): Promise<ByteSource | undefined> {
  const archive = await ZipArchive.open(source, 'EPUB')
  const { cover } = await readPackage(archive)
  const pdf = cover && picturePdf(await archive.bytes(cover, coverBytesMax))
  if (!pdf) return undefined
  return { size: pdf.length, read: (at, length) => pdf.subarray(at, at + length) }
}
