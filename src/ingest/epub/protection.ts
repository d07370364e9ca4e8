/** Finds out whether a shop has locked an EPUB's text (OCF 3.3, 4.2.6.3.2: META-INF/encryption.xml). */
import { parsePart } from '../archive/part.ts'
import type { ZipArchive } from '../archive/zip.ts'
import { ExtractError } from '../contract.ts'
import { attribute } from '../markup/parser.ts'
import { resolveHref } from './hrefs.ts'
import type { EpubPackage } from './package.ts'

const encryptionName = 'META-INF/encryption.xml'
const urisMax = 20_000

/** @throws ExtractError `unsupported` when a chapter is encrypted; fonts may be */
export async function refuseProtected(archive: ZipArchive, book: EpubPackage): Promise<void> {
  if (archive.find(encryptionName) === undefined) return
  const encrypted = new Set<string>()
  await parsePart(archive, encryptionName, 'xml', {
    open(name, attributes) {
      if (name !== 'CipherReference' || encrypted.size >= urisMax) return
      const target = resolveHref('', (attribute(attributes, 'URI') ?? '').replace(/^\//, ''))
      const found = target && archive.find(target.path)
      if (found !== undefined) encrypted.add(found)
    },
    close() {},
    text() {},
  })
  const isText = (mediaType: string) => /html|xml|^text\//.test(mediaType)
  const isLocked = book.spine.some(
    ({ path, mediaType }) => path !== undefined && isText(mediaType) && encrypted.has(path),
  )
  if (isLocked) throw protectedBook()
}

function protectedBook(): ExtractError {
  return new ExtractError(
    'unsupported',
    'The book is protected against copying (DRM): its text is encrypted, and only programs of the shop it comes from can read it. Upload an edition without DRM.',
  )
}
