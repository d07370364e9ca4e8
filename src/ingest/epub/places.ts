/** Which places of a book its table of contents and its list of printed pages lead to. */
import type { ZipArchive } from '../archive/zip.ts'
import type { OutlineEntry } from '../contract.ts'
import { type CfiTarget, parseCfi } from './cfi.ts'
import type { Navigation } from './navigation.ts'
import type { EpubPackage } from './package.ts'
import type { PlacedEntry } from './sections.ts'

export class BookPlaces {
  readonly #archive: ZipArchive
  readonly #entries: readonly PlacedEntry[]
  /** By file, by id in it. */
  readonly #entriesByFile = new Map<string, Map<string, PlacedEntry[]>>()
  readonly #printed = new Map<string, Map<string, string>>()
  readonly #points = new Map<string, Map<string, CfiTarget[]>>()
  #hasPages = false
  readonly #pageOf = new Map<string, number>()

  constructor(archive: ZipArchive, book: EpubPackage, { entries, pages }: Navigation) {
    this.#archive = archive
    this.#entries = entries.map((entry, index) => ({ ...entry, id: `entry ${index}` }))
    for (const entry of this.#entries) {
      const path = entry.target && archive.find(entry.target.path)
      if (path === undefined || !entry.target) continue
      const file = group(this.#entriesByFile, path, () => new Map<string, PlacedEntry[]>())
      group(file, entry.target.fragment, () => []).push(entry)
    }
    this.#addPages(book, pages)
  }

  #addPages({ spine }: EpubPackage, pages: Navigation['pages']): void {
    const files = new Set(spine.map(({ path }) => path))
    for (const { label, target } of pages) {
      const point = parseCfi(target.fragment)
      const path = point ? spine[point.spineIndex]?.path : this.#archive.find(target.path)
      if (path === undefined || !files.has(path)) continue
      this.#hasPages = true
      if (point) {
        const file = group(this.#points, path, () => new Map<string, CfiTarget[]>())
        group(file, point.path, () => []).push({ offset: point.offset, label })
      } else {
        const file = group(this.#printed, path, () => new Map<string, string>())
        if (!file.has(target.fragment)) file.set(target.fragment, label)
      }
    }
  }

  entriesOf(path: string): ReadonlyMap<string, readonly PlacedEntry[]> {
    return this.#entriesByFile.get(path) ?? new Map()
  }

  fragmentsOf(path: string): ReadonlySet<string> {
    return new Set(this.entriesOf(path).keys())
  }

  /** Labels by id; null where the book has no list of pages and its text may mark them instead. */
  pagesOf(path: string): ReadonlyMap<string, string> | null {
    if (!this.#hasPages) return null
    return this.#printed.get(path) ?? new Map()
  }

  /** Labels by points. */
  pointsOf(path: string): ReadonlyMap<string, readonly CfiTarget[]> | undefined {
    return this.#points.get(path)
  }

  /** The mark that stands for the beginning of a file. */
  markOf(path: string): string {
    return `file ${path}`
  }

  settle(mark: string, page: number): void {
    this.#pageOf.set(mark, page)
  }

  /** Undefined without a table of contents. Complete once the whole book was read. */
  outline(): OutlineEntry[] | undefined {
    if (this.#entries.length === 0) return undefined
    return this.#entries.map(({ id, title, level, target }) => {
      const path = target && this.#archive.find(target.path)
      const start = path === undefined ? undefined : this.#pageOf.get(this.markOf(path))
      return { title, level, page: this.#pageOf.get(id) ?? start ?? null }
    })
  }
}

function group<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = create()
    map.set(key, value)
  }
  return value
}
