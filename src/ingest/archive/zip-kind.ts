/** Tells from the beginning of a ZIP archive which document format it is. */

/** Not a document: an archive of them. */
export const zipMediaType = 'application/zip'

export type ZipKind = 'epub' | 'docx' | 'odt' | 'archive'

const localHeader = Buffer.from('PK\x03\x04', 'latin1')
const headerBytes = 30
/** Entries that are looked at: what tells comes first in what honest programs write. */
const entriesMax = 1_000
const kindOfType: Readonly<Record<string, ZipKind>> = {
  'application/epub+zip': 'epub',
  'application/vnd.oasis.opendocument.text': 'odt',
  'application/vnd.oasis.opendocument.text-template': 'odt',
}

/** Whether it begins like an archive with something in it. */
export function isZip(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, localHeader.length)).equals(localHeader)
}

/**
 * By the entry `mimetype` (OCF 3.3, 4.3; OpenDocument 1.3, part 2), by names that only one format has, and, where the
 * beginning says nothing, by the file's own name: the reader looks at the whole archive and refuses what is not so.
 * @returns `archive` where nothing says that it is one document; undefined for documents of other formats
 */
export function zipKind(head: Uint8Array, filename: string): ZipKind | undefined {
  const named = /\.(epub|docx|odt)$/i.exec(filename)?.[1]?.toLowerCase() as ZipKind | undefined
  let kind: ZipKind | undefined
  let isOffice = false
  for (const { name, content } of entriesIn(Buffer.from(head))) {
    if (name === 'mimetype' && content.length > 0) return kindOfType[content.trim()]
    if (name === 'META-INF/container.xml') return 'epub'
    if (/^(?:xl|ppt|visio)\/.*\.(?:xml|rels|bin)$/.test(name)) return undefined
    if (/^word\/.*\.(?:xml|rels)$/.test(name)) kind = 'docx'
    isOffice ||= name === '[Content_Types].xml'
  }
  // Somebody calls it a book: the reader of books says best what is wrong with it.
  if (named === 'epub') return 'epub'
  return kind ?? named ?? (isOffice ? undefined : 'archive')
}

function* entriesIn(head: Buffer): Generator<{ name: string; content: string }> {
  let at = 0
  for (let i = 0; i < entriesMax && at >= 0 && at + headerBytes <= head.length; i++) {
    const method = head.readUInt16LE(at + 8)
    const packed = head.readUInt32LE(at + 18)
    const start = at + headerBytes + head.readUInt16LE(at + 26)
    const data = start + head.readUInt16LE(at + 28)
    const name = head.toString('latin1', at + headerBytes, start)
    const content =
      method === 0 ? head.toString('latin1', data, Math.min(data + packed, data + 100)) : ''
    yield { name, content }
    // Where sizes follow the data, packed is 0: the next header is searched for.
    at = head.indexOf(localHeader, Math.max(data + packed, at + localHeader.length))
  }
}
