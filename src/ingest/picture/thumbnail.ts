/** A small picture of a document, to know it by: a PDF's first page, an EPUB's cover. */
import type { ByteSource } from '../extraction.ts'
import { PdfDocument } from '../pdf/document.ts'
import type { PdfiumHost } from '../pdf/host.ts'
import { thumbnailSideMax } from './limits.ts'
import { encodePng } from './png.ts'

/** As sharp as a shelf of covers needs on a screen of double density. */
const widthMax = 320
const scaleMax = 2

/** @returns PNG; null where there is nothing to draw. @throws what reading the document throws */
export async function drawThumbnail(
  host: PdfiumHost,
  mediaType: string,
  source: ByteSource,
): Promise<Uint8Array | null> {
  const isPdf = mediaType === 'application/pdf'
  // What reads EPUBs is loaded with the first of them.
  const drawable = isPdf ? source : await (await import('./cover.ts')).coverOf(source)
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
