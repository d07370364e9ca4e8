/** The parts of a DOCX package and how they refer to each other (ECMA-376, part 2). */
import { parsePart } from '../archive/part.ts'
import type { ZipArchive } from '../archive/zip.ts'
import { ExtractError } from '../contract.ts'
import { cleanLine } from '../markup/clean-block.ts'
import { attribute } from '../markup/parser.ts'

const relationshipsMax = 10_000
const titleMax = 300

export interface DocxParts {
  readonly document: string
  /** Undefined for what the document does without. */
  readonly styles: string | undefined
  readonly numbering: string | undefined
  readonly footnotes: string | undefined
  readonly endnotes: string | undefined
}

/** @throws ExtractError `damaged` when there is no main document */
export async function findParts(archive: ZipArchive): Promise<DocxParts> {
  const root = await readRelationships(archive, '', '_rels/.rels')
  const document = root.get('officeDocument') ?? archive.find('word/document.xml')
  if (document === undefined)
    throw new ExtractError(
      'damaged',
      'The file is not a valid DOCX: the document itself is not in it. Save or export it again, and upload that copy.',
    )
  const folder = document.slice(0, document.lastIndexOf('/') + 1)
  const file = document.slice(folder.length)
  const own = await readRelationships(archive, folder, `${folder}_rels/${file}.rels`)
  const part = (type: string) => own.get(type) ?? archive.find(`${folder}${type}.xml`)
  return {
    document,
    styles: part('styles'),
    numbering: part('numbering'),
    footnotes: part('footnotes'),
    endnotes: part('endnotes'),
  }
}

/** Parts inside the archive by the last word of their relationship's type; external ones lead nowhere. */
async function readRelationships(
  archive: ZipArchive,
  folder: string,
  name: string,
): Promise<Map<string, string>> {
  const parts = new Map<string, string>()
  if (archive.find(name) === undefined) return parts
  await parsePart(archive, name, 'xml', {
    open(element, attributes) {
      if (element !== 'Relationship' || parts.size >= relationshipsMax) return
      if (attribute(attributes, 'TargetMode')?.toLowerCase() === 'external') return
      const type = attribute(attributes, 'Type')?.split('/').at(-1) ?? ''
      const target = attribute(attributes, 'Target') ?? ''
      const found = archive.find(target.startsWith('/') ? target.slice(1) : folder + target)
      if (found !== undefined && !parts.has(type)) parts.set(type, found)
    },
    close() {},
    text() {},
  })
  return parts
}

/** The title that the author gave in the document's properties (`dc:title`); null without one. */
export async function readTitle(archive: ZipArchive, name: string): Promise<string | null> {
  if (archive.find(name) === undefined) return null
  let title = ''
  let isTitle = false
  await parsePart(archive, name, 'xml', {
    open(element) {
      isTitle = element === 'title' && title === ''
    },
    close() {
      isTitle = false
    },
    text(data) {
      if (isTitle) title = (title + data).slice(0, titleMax)
    },
  })
  return cleanLine(title) || null
}
