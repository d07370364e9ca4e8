/** EPUB 2 and 3: the chapters in reading order, under the titles of the table of contents. */
import { parsePart } from '../archive/part.ts'
import { ZipArchive } from '../archive/zip.ts'
import { ExtractError, type OutlineEntry } from '../contract.ts'
import { CfiTracker } from '../epub/cfi.ts'
import { type Navigation, readNavigation } from '../epub/navigation.ts'
import { type EpubPackage, notEpub, readPackage } from '../epub/package.ts'
import { BookPlaces } from '../epub/places.ts'
import { refuseProtected } from '../epub/protection.ts'
import { SectionPlacer } from '../epub/sections.ts'
import type { ExtractInput, Extraction, MarkedPage } from '../extraction.ts'
import { checkLimits } from '../limits.ts'
import type { FlowItem } from '../markup/flow.ts'
import { FlowPager } from '../markup/flow-pages.ts'
import { HtmlFlow } from '../markup/html-flow.ts'

const outlineMax = 5_000

export async function extractEpub(input: ExtractInput): Promise<Extraction> {
  const archive = await ZipArchive.open(input.source, 'EPUB')
  const book = await readPackage(archive)
  await refuseProtected(archive, book)
  return new EpubReading(input, archive, book, await readNavigation(archive, book)).extraction()
}

/** One book being read. */
class EpubReading {
  readonly #input: ExtractInput
  readonly #archive: ZipArchive
  readonly #book: EpubPackage
  readonly #places: BookPlaces
  readonly #headings: OutlineEntry[] = []
  #missing = 0
  #damaged = 0

  constructor(input: ExtractInput, archive: ZipArchive, book: EpubPackage, nav: Navigation) {
    this.#input = input
    this.#archive = archive
    this.#book = book
    this.#places = new BookPlaces(archive, book, nav)
  }

  extraction(): Extraction {
    return {
      pagesTotal: null,
      pages: this.#pages(),
      end: () => ({
        title: this.#book.title ?? this.#headings[0]?.title ?? null,
        outline: this.#places.outline() ?? this.#headings,
        warnings: this.#warnings(),
      }),
    }
  }

  async *#pages(): AsyncGenerator<MarkedPage> {
    const limits = checkLimits(this.#input)
    const placer = new SectionPlacer()
    const pager = new FlowPager({
      keepsEmpty: true,
      onMark: (id, page) => this.#places.settle(id, page),
    })
    const take = (): MarkedPage[] => {
      const pages = pager.take()
      for (const page of pages) {
        limits.page(page.text.length)
        this.#addHeadings(page)
      }
      return pages
    }
    let chapters = 0
    for await (const { path, items } of this.#chapters()) {
      chapters++
      const placed = placer.place(items, this.#places.entriesOf(path))
      // A printed page goes on over the end of a chapter; without printed pages a chapter begins one.
      if (pager.label === null && !beginsWithPage(placed)) pager.startPage(null)
      pager.push({ kind: 'mark', id: this.#places.markOf(path) })
      for (const item of placed) pager.push(item)
      yield* take()
    }
    if (chapters === 0) throw notEpub('none of the chapters that it lists can be read')
    pager.end()
    yield* take()
  }

  #addHeadings({ headings, number }: MarkedPage): void {
    for (const { title, level } of headings)
      if (this.#headings.length < outlineMax) this.#headings.push({ title, level, page: number })
  }

  async *#chapters(): AsyncGenerator<{ path: string; items: FlowItem[] }> {
    const seen = new Set<string>()
    for (const { path, mediaType } of this.#book.spine) {
      if (path === undefined) this.#missing++
      else if (!seen.has(path)) {
        seen.add(path)
        const items = isText(mediaType) ? await this.#readChapter(path) : []
        if (items) yield { path, items }
      }
    }
  }

  /** What could be read of a chapter; undefined for nothing because it is damaged. */
  async #readChapter(path: string): Promise<FlowItem[] | undefined> {
    const { charactersMax } = this.#input
    const flow = new HtmlFlow({
      charactersMax,
      marks: this.#places.fragmentsOf(path),
      pages: this.#places.pagesOf(path),
    })
    let isDamaged = false
    try {
      const points = this.#places.pointsOf(path)
      const handler = points ? new CfiTracker(flow, points) : flow
      await parsePart(this.#archive, path, 'html', handler)
    } catch (error) {
      if (!(error instanceof ExtractError) || error.code !== 'damaged') throw error
      isDamaged = true
      this.#damaged++
    }
    flow.end()
    const items = flow.take()
    if (items.length === 0 && isDamaged) return undefined
    const label = this.#places.pagesOf(path)?.get('')
    return label === undefined ? items : [{ kind: 'page', label }, ...items]
  }

  #warnings(): string[] {
    const warnings: string[] = []
    const of = `of the ${this.#book.spine.length} parts of the book`
    if (this.#missing > 0)
      warnings.push(`${this.#missing} ${of} are not in the file and were left out.`)
    if (this.#damaged > 0)
      warnings.push(`${this.#damaged} ${of} are damaged; text of theirs is missing.`)
    return warnings
  }
}

/** Pictures, sound and film may stand in the spine by themselves. */
function isText(mediaType: string): boolean {
  return !/^(?:image|audio|video|font)\//.test(mediaType) || mediaType === 'image/svg+xml'
}

function beginsWithPage(items: readonly FlowItem[]): boolean {
  return items.find(({ kind }) => kind === 'block' || kind === 'page')?.kind === 'page'
}
