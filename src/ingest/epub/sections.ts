/** Fits the table of contents to the text: each of its entries becomes a heading where it leads, said once. */
import type { FlowItem } from '../markup/flow.ts'
import type { TextBlock } from '../page-composer.ts'
import type { NavEntry } from './navigation.ts'

/** A paragraph that repeats the entry is its heading, whatever the publisher made it of; longer ones are text. */
const titleLengthMax = 200
const levelMax = 9

/** An entry with its place in the whole table of contents. */
export interface PlacedEntry extends NavEntry {
  readonly id: string
}

/** Goes through a book's files in order. */
export class SectionPlacer {
  /** Level of the entry that the text stands under; 0 above all of them. */
  #level = 0
  /** What a heading's own level is moved by to stand under that entry. */
  #shift = 0
  #pending: PlacedEntry[] = []

  /**
   * Gives one file's items with headings at the levels of the table of contents.
   * @param entries of this file, by the id they lead to; empty for its beginning
   */
  place(
    items: readonly FlowItem[],
    entries: ReadonlyMap<string, readonly PlacedEntry[]>,
  ): FlowItem[] {
    const headings = items.flatMap((item) =>
      item.kind === 'block' && item.block.level !== undefined ? [item.block.level] : [],
    )
    const highest = headings.length === 0 ? 1 : Math.min(...headings.slice(0, 10_000))
    const isApart = entries.size === 0 && beginsWithHeading(items)
    if (isApart) {
      this.#level = 0
      this.#shift = 0
    }
    return [...this.#walk(items, entries, highest)]
  }

  *#walk(
    items: readonly FlowItem[],
    entries: ReadonlyMap<string, readonly PlacedEntry[]>,
    highest: number,
  ): Generator<FlowItem> {
    yield* this.#enter(entries.get('') ?? [])
    for (const item of items) {
      if (item.kind === 'mark') yield* this.#enter(entries.get(item.id) ?? [])
      else if (item.kind === 'block') yield* this.#block(item.block, highest)
      else yield item
    }
    yield* this.#settle(highest)
  }

  *#enter(entries: readonly PlacedEntry[]): Generator<FlowItem> {
    for (const entry of entries) {
      this.#pending.push(entry)
      yield { kind: 'mark', id: entry.id }
    }
  }

  *#block(block: TextBlock, highest: number): Generator<FlowItem> {
    const entry = this.#pending.at(-1)
    if (entry && says(block, entry.title)) {
      this.#pending.pop()
      yield* this.#settle(highest)
      this.#level = entry.level
      this.#shift = entry.level - (block.level ?? highest)
      yield { kind: 'block', block: { text: block.text, level: entry.level } }
      return
    }
    yield* this.#settle(highest)
    const { level } = block
    if (level === undefined) yield { kind: 'block', block }
    else yield { kind: 'block', block: { ...block, level: this.#under(level) } }
  }

  /** Entries whose words the text does not repeat. */
  *#settle(highest: number): Generator<FlowItem> {
    for (const { level, title } of this.#pending) {
      this.#level = level
      this.#shift = level + 1 - highest
      yield { kind: 'section', level, title }
    }
    this.#pending = []
  }

  #under(level: number): number {
    return Math.min(Math.max(this.#level + 1, level + this.#shift), levelMax)
  }
}

function beginsWithHeading(items: readonly FlowItem[]): boolean {
  const first = items.find((item) => item.kind === 'block')
  return first?.kind === 'block' && first.block.level !== undefined
}

/** Whether a block is what an entry calls it, or the beginning of that: `CHAPTER 1` for `Chapter 1. Loomings`. */
function says({ text, level }: TextBlock, title: string): boolean {
  if (text.length > titleLengthMax) return false
  const block = letters(text)
  const entry = letters(title)
  if (block === '' || entry === '') return false
  if (block === entry) return true
  return level !== undefined && (entry.startsWith(block) || block.startsWith(entry))
}

function letters(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
}
