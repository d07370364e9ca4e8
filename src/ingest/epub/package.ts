/** The package document of an EPUB: its title, and its parts in the order they are read (EPUB 3.3, 5; OPF 2.0.1). */
import { parsePart } from '../archive/part.ts'
import type { ZipArchive } from '../archive/zip.ts'
import { ExtractError } from '../contract.ts'
import { cleanLine } from '../markup/clean-block.ts'
import { type Attributes, attribute } from '../markup/parser.ts'
import { resolveHref } from './hrefs.ts'

/** More parts than an archive may have cannot be real. */
const itemsMax = 20_000
const titleMax = 300
const packageType = 'application/oebps-package+xml'
const containerName = 'META-INF/container.xml'

export interface SpineItem {
  /** Name in the archive; undefined for a part that is not there or would lie outside. */
  readonly path: string | undefined
  readonly mediaType: string
}

export interface EpubPackage {
  readonly title: string | null
  readonly spine: readonly SpineItem[]
  /** Names in the archive of the two forms a table of contents may have. */
  readonly nav: string | undefined
  readonly ncx: string | undefined
  /** Name of its picture. */
  readonly cover: string | undefined
}

interface ManifestItem {
  readonly href: string
  readonly mediaType: string
  readonly properties: string
}

/** What is gathered while the package document is read. */
interface Draft {
  readonly titles: string[]
  readonly manifest: Map<string, ManifestItem>
  readonly spine: string[]
  tocId: string | undefined
  /** EPUB 2 names it in a `meta` element. */
  coverId: string | undefined
}

/** @throws ExtractError `damaged` when it is not an EPUB or lists nothing to read */
export async function readPackage(archive: ZipArchive): Promise<EpubPackage> {
  const path = await findPackage(archive)
  const draft = await readDraft(archive, path)
  const find = (href: string | undefined): string | undefined => {
    const target = href === undefined ? undefined : resolveHref(path, href)
    return target && archive.find(target.path)
  }
  const spine = draft.spine.map((id) => {
    const item = draft.manifest.get(id)
    return { path: find(item?.href), mediaType: item?.mediaType ?? '' }
  })
  if (spine.length === 0) throw notEpub('its list of chapters is empty')
  const items = [...draft.manifest.values()]
  const nav = items.find(({ properties }) => /(?:^|\s)nav(?:\s|$)/.test(properties))
  const ncx =
    draft.manifest.get(draft.tocId ?? '') ??
    items.find(({ mediaType }) => mediaType === 'application/x-dtbncx+xml')
  const title = draft.titles.map((text) => cleanLine(text)).find(Boolean)
  return {
    title: title?.slice(0, titleMax) ?? null,
    spine,
    nav: find(nav?.href),
    ncx: find(ncx?.href),
    cover: find((items.find(isCover) ?? draft.manifest.get(draft.coverId ?? ''))?.href),
  }
}

function isCover({ properties }: ManifestItem): boolean {
  return /(?:^|\s)cover-image(?:\s|$)/.test(properties)
}

async function findPackage(archive: ZipArchive): Promise<string> {
  if (archive.find(containerName) === undefined) throw notEpub(whatElse(archive))
  let path: string | undefined
  await parsePart(archive, containerName, 'xml', {
    open(name, attributes) {
      if (name !== 'rootfile' || path !== undefined) return
      const type = attribute(attributes, 'media-type') ?? packageType
      if (type === packageType) path = attribute(attributes, 'full-path')
    },
    close() {},
    text() {},
  })
  const target = path === undefined ? undefined : resolveHref('', path)
  const found = target && archive.find(target.path)
  if (found === undefined) throw notEpub('the package document that it names is not in it')
  return found
}

function whatElse(archive: ZipArchive): string {
  if (archive.find('word/document.xml') !== undefined)
    return 'it is a Word document with another name. Call it .docx and upload it again'
  return 'it has no META-INF/container.xml'
}

async function readDraft(archive: ZipArchive, path: string): Promise<Draft> {
  const draft: Draft = {
    titles: [],
    manifest: new Map(),
    spine: [],
    tocId: undefined,
    coverId: undefined,
  }
  let isTitle = false
  await parsePart(archive, path, 'xml', {
    open(name, attributes) {
      isTitle = name === 'title' && draft.titles.length < 10
      if (isTitle) draft.titles.push('')
      addItem(draft, name, attributes)
    },
    close() {
      isTitle = false
    },
    text(data) {
      if (isTitle) draft.titles.push((draft.titles.pop() ?? '') + data.slice(0, 1_000))
    },
  })
  return draft
}

function addItem(draft: Draft, name: string, attributes: Attributes): void {
  const { manifest, spine } = draft
  switch (name) {
    case 'item': {
      const id = attribute(attributes, 'id')
      if (id === undefined || manifest.size >= itemsMax || manifest.has(id)) break
      manifest.set(id, {
        href: attribute(attributes, 'href') ?? '',
        mediaType: attribute(attributes, 'media-type')?.toLowerCase() ?? '',
        properties: attribute(attributes, 'properties') ?? '',
      })
      break
    }
    case 'meta':
      if (attribute(attributes, 'name') === 'cover')
        draft.coverId ??= attribute(attributes, 'content')
      break
    case 'spine':
      draft.tocId = attribute(attributes, 'toc')
      break
    case 'itemref':
      if (spine.length < itemsMax) spine.push(attribute(attributes, 'idref') ?? '')
      break
  }
}

export function notEpub(why: string): ExtractError {
  return new ExtractError('damaged', `The file is not a valid EPUB: ${why}.`)
}
