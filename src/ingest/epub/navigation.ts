/** The table of contents and the list of printed pages of an EPUB: navigation document (EPUB 3) or NCX (EPUB 2). */
import { parsePart } from '../archive/part.ts'
import type { ZipArchive } from '../archive/zip.ts'
import { ExtractError } from '../contract.ts'
import { cleanLine } from '../markup/clean-block.ts'
import { semantics } from '../markup/html-elements.ts'
import { type Attributes, attribute, type TagHandler } from '../markup/parser.ts'
import { type PartTarget, resolveHref } from './hrefs.ts'
import type { EpubPackage } from './package.ts'

const entriesMax = 5_000
const pagesMax = 20_000
const titleMax = 300
const labelMax = 40
const levelMax = 8

export interface NavEntry {
  readonly title: string
  /** 1 is the highest. */
  readonly level: number
  /** Undefined for a heading of the list that links to nothing. */
  readonly target: PartTarget | undefined
}

export interface PrintedPage {
  readonly label: string
  readonly target: PartTarget
}

export interface Navigation {
  readonly entries: readonly NavEntry[]
  readonly pages: readonly PrintedPage[]
}

/** Empty where a book has none, or a damaged one: the text can be read without. */
export async function readNavigation(
  archive: ZipArchive,
  { nav, ncx }: EpubPackage,
): Promise<Navigation> {
  const modern = nav === undefined ? undefined : await readWith(archive, nav, 'html', NavHandler)
  const isComplete = modern && modern.entries.length > 0 && modern.pages.length > 0
  if (isComplete || ncx === undefined) return modern ?? { entries: [], pages: [] }
  const old = await readWith(archive, ncx, 'xml', NcxHandler)
  return {
    entries: modern && modern.entries.length > 0 ? modern.entries : old.entries,
    pages: modern && modern.pages.length > 0 ? modern.pages : old.pages,
  }
}

async function readWith(
  archive: ZipArchive,
  path: string,
  mode: 'xml' | 'html',
  Handler: new (navigation: Draft) => TagHandler,
): Promise<Navigation> {
  const draft = new Draft(path)
  try {
    await parsePart(archive, path, mode, new Handler(draft))
  } catch (error) {
    if (!(error instanceof ExtractError) || error.code !== 'damaged') throw error
  }
  return draft
}

/** Gathers entries and pages, no more than a book has. */
class Draft implements Navigation {
  readonly entries: NavEntry[] = []
  readonly pages: PrintedPage[] = []
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  addEntry(text: string, level: number, href: string | undefined): void {
    const title = oneLine(text, titleMax)
    if (title === '' || this.entries.length >= entriesMax) return
    const target = href === undefined ? undefined : resolveHref(this.#path, href)
    this.entries.push({ title, level: Math.min(Math.max(1, level), levelMax), target })
  }

  addPage(text: string, href: string | undefined): void {
    const label = oneLine(text, labelMax)
    const target = href === undefined ? undefined : resolveHref(this.#path, href)
    if (label !== '' && target && this.pages.length < pagesMax) this.pages.push({ label, target })
  }
}

function oneLine(text: string, lengthMax: number): string {
  return cleanLine(text).slice(0, lengthMax).toWellFormed()
}

/** `<nav epub:type="toc">` with lists in lists; entries that lead nowhere stand in a `<span>` (EPUB 3.3, 7.3). */
class NavHandler implements TagHandler {
  readonly #draft: Draft
  #kind: 'toc' | 'page-list' | undefined
  #level = 0
  #open: { element: string; text: string; href: string | undefined } | undefined

  constructor(draft: Draft) {
    this.#draft = draft
  }

  open(name: string, attributes: Attributes): void {
    if (name === 'nav')
      this.#kind = /(?:^|\s)(toc|page-list)(?:\s|$)/.exec(semantics(attributes))?.[1] as 'toc'
    else if (name === 'ol') this.#level++
    else if (this.#kind && !this.#open && (name === 'a' || name === 'span'))
      this.#open = { element: name, text: '', href: attributes['href'] }
  }

  close(name: string): void {
    if (name === 'nav') this.#kind = undefined
    else if (name === 'ol') this.#level--
    else if (name === this.#open?.element) this.#add()
  }

  text(data: string): void {
    if (this.#open && this.#open.text.length < titleMax) this.#open.text += data
  }

  #add(): void {
    const { text, href } = this.#open ?? { text: '', href: undefined }
    this.#open = undefined
    if (this.#kind === 'page-list') this.#draft.addPage(text, href)
    else if (this.#kind === 'toc') this.#draft.addEntry(text, this.#level, href)
  }
}

/** `navPoint` in `navPoint`, and `pageTarget` (OPF 2.0.1, 2.4.1; ANSI/NISO Z39.86). */
class NcxHandler implements TagHandler {
  readonly #draft: Draft
  #level = 0
  #label = ''
  #isLabel = false
  #value: string | undefined
  #isPage = false

  constructor(draft: Draft) {
    this.#draft = draft
  }

  open(name: string, attributes: Attributes): void {
    if (name === 'navPoint' || name === 'pageTarget') this.#begin(name, attributes)
    else if (name === 'navLabel') this.#isLabel = true
    else if (name === 'content') this.#add(attribute(attributes, 'src'))
  }

  close(name: string): void {
    if (name === 'navPoint') this.#level--
    else if (name === 'navLabel') this.#isLabel = false
  }

  text(data: string): void {
    if (this.#isLabel && this.#label.length < titleMax) this.#label += data
  }

  #begin(name: string, attributes: Attributes): void {
    this.#isPage = name === 'pageTarget'
    if (!this.#isPage) this.#level++
    this.#label = ''
    this.#value = attribute(attributes, 'value')
  }

  #add(src: string | undefined): void {
    if (this.#isPage) this.#draft.addPage(this.#label.trim() || (this.#value ?? ''), src)
    else this.#draft.addEntry(this.#label, this.#level, src)
    this.#label = ''
  }
}
