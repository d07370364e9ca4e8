/** The picture on the cover of an EPUB, as something that can be drawn. */
import { ZipArchive } from '../archive/zip.ts'
import { readPackage } from '../epub/package.ts'
import type { ByteSource } from '../extraction.ts'
import { picturePdf } from './picture-pdf.ts'

const coverBytesMax = 20 * 1024 * 1024

/** @returns a PDF of one page; undefined where there is no cover, or one of an unknown kind. @throws ExtractError */
export async function coverOf(source: ByteSource): Promise<ByteSource | undefined> {
  const archive = await ZipArchive.open(source, 'EPUB')
  const { cover } = await readPackage(archive)
  const pdf = cover && picturePdf(await archive.bytes(cover, coverBytesMax))
  if (!pdf) return undefined
  return { size: pdf.length, read: (at, length) => pdf.subarray(at, at + length) }
}
