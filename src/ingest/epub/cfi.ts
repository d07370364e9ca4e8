/** EPUB Canonical Fragment Identifiers, which lists of printed pages may use instead of ids (EPUB CFI 1.1, 3). */
import type { Attributes, TagHandler } from '../markup/parser.ts'

const stepsMax = 100

/** A point inside a chapter. */
export interface CfiPoint {
  /** 0-based place of the chapter in the spine. */
  readonly spineIndex: number
  /** Steps from the chapter's root element: even ones are elements, odd ones the text between them; joined by `/`. */
  readonly path: string
  /** Characters of the text before the point; 0 for an element. */
  readonly offset: number
}

/** @param fragment behind `#`, decoded; @returns undefined for anything else than a point in a chapter */
export function parseCfi(fragment: string): CfiPoint | undefined {
  const body = /^epubcfi\((.{1,2000})\)$/s.exec(fragment)?.[1]
  if (body === undefined || body.length > 2_000) return undefined
  // What stands in brackets only helps to find a place again after the text has changed.
  const [inPackage = '', inChapter = '', ...more] = body.replace(/\[[^\]]*\]/g, '').split('!')
  const item = /^\/\d+\/(\d+)$/.exec(inPackage)?.[1]
  const point = /^((?:\/\d+)+)(?::(\d+))?/.exec(inChapter)
  if (item === undefined || !point || more.length > 0) return undefined
  const steps = point[1]?.slice(1) ?? ''
  if (steps.split('/').length > stepsMax) return undefined
  return { spineIndex: Number(item) / 2 - 1, path: steps, offset: Number(point[2] ?? 0) }
}

export interface CfiTarget {
  readonly offset: number
  readonly label: string
}

/** What takes the tags, and is told where pages begin between them. */
export interface PageTaker extends TagHandler {
  startPage(label: string): void
}

/** Counts its way through a chapter and begins a page at each point. */
export class CfiTracker implements TagHandler {
  readonly #inner: PageTaker
  readonly #points: ReadonlyMap<string, readonly CfiTarget[]>
  /** Of each open element: its path, children so far, characters since the last of them. */
  readonly #stack: { path: string; children: number; characters: number }[] = []

  /** @param points by path, in order of their offsets */
  constructor(inner: PageTaker, points: ReadonlyMap<string, readonly CfiTarget[]>) {
    this.#inner = inner
    this.#points = points
  }

  open(name: string, attributes: Attributes): void {
    const parent = this.#stack.at(-1)
    let path = ''
    if (parent) {
      parent.children++
      parent.characters = 0
      const step = parent.children * 2
      path = parent.path === '' ? String(step) : `${parent.path}/${step}`
    }
    this.#stack.push({ path, children: 0, characters: 0 })
    for (const { label } of this.#points.get(path) ?? []) this.#inner.startPage(label)
    this.#inner.open(name, attributes)
  }

  close(name: string): void {
    this.#stack.pop()
    this.#inner.close(name)
  }

  text(data: string): void {
    const parent = this.#stack.at(-1)
    if (!parent) {
      this.#inner.text(data)
      return
    }
    const start = parent.characters
    parent.characters += data.length
    let from = 0
    for (const { offset, label } of this.#points.get(`${parent.path}/${parent.children * 2 + 1}`) ??
      []) {
      if (offset < start || offset >= start + data.length) continue
      this.#inner.text(data.slice(from, offset - start))
      this.#inner.startPage(label)
      from = offset - start
    }
    this.#inner.text(data.slice(from))
  }
}
