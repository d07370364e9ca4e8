/** The library as the person wants to see it: filtered, with one tag or all, in one of some orders. */
import type { DocumentRow } from '../api/types.ts'
import type { LibraryRoute, Sort } from './route.ts'

const statusOrder = { failed: 0, processing: 1, queued: 2, ready: 3 } as const
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

const orders: Readonly<Record<Sort, (a: DocumentRow, b: DocumentRow) => number>> = {
  added: (a, b) => b.created_at.localeCompare(a.created_at),
  title: (a, b) => collator.compare(a.title, b.title),
  size: (a, b) => b.bytes - a.bytes,
  status: (a, b) => statusOrder[a.status] - statusOrder[b.status],
}

/** @returns a new list; equal ones stay in the order they came in */
export function shownDocuments(
  documents: readonly DocumentRow[],
  { filter, tag, sort }: Pick<LibraryRoute, 'filter' | 'tag' | 'sort'>,
): DocumentRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  return documents
    .filter((document) => {
      if (tag !== '' && !document.tags.includes(tag)) return false
      const text =
        `${document.title}\n${document.filename}\n${document.tags.join('\n')}`.toLowerCase()
      return words.every((word) => text.includes(word))
    })
    .toSorted(orders[sort])
}

/** Every tag with how many documents have it, the most frequent first. */
export function tagCounts(documents: readonly DocumentRow[]): [tag: string, count: number][] {
  const counts = new Map<string, number>()
  for (const { tags } of documents)
    for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  return [...counts].toSorted(([a, m], [b, n]) => n - m || collator.compare(a, b))
}

/** @param text tags with commas between; each once, no empty ones */
export function parseTags(text: string): string[] {
  return [...new Set(text.split(/[,،、]/).map((tag) => tag.trim()))].filter(Boolean)
}
