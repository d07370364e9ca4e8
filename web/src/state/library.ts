/** The documents, kept in step with the server: loaded page by page, then told of each change. */
import { listDocuments } from '../api/documents.ts'
import { messageOf } from '../api/http.ts'
import type { DocumentRow } from '../api/types.ts'
import { Store } from '../base/store.ts'

export interface Library {
  /** Newest first. */
  readonly documents: readonly DocumentRow[]
  readonly state: 'loading' | 'loaded' | 'failed'
  readonly problem: string
}

export const library = new Store<Library>({ documents: [], state: 'loading', problem: '' })
let loading: Promise<void> | undefined

/** Reads the whole list; what is shown already stays until it is replaced. One at a time. */
export function loadLibrary(): Promise<void> {
  loading ??= load().finally(() => {
    loading = undefined
  })
  return loading
}

async function load(): Promise<void> {
  const rows: DocumentRow[] = []
  const isFirst = library.value.state !== 'loaded'
  try {
    let cursor: string | null = null
    do {
      const page = await listDocuments(cursor)
      rows.push(...page.items)
      cursor = page.next_cursor
      // The first screenful at once; the rest of a long list follows behind it.
      if (isFirst && cursor !== null) library.update((now) => ({ ...now, documents: [...rows] }))
    } while (cursor !== null)
    library.set({ documents: rows, state: 'loaded', problem: '' })
  } catch (error) {
    const state = isFirst ? 'failed' : 'loaded'
    library.update((now) => ({ ...now, state, problem: messageOf(error) }))
  }
}

export function putDocument(document: DocumentRow): void {
  library.update((now) => {
    const at = now.documents.findIndex(({ id }) => id === document.id)
    const documents = at === -1 ? [document, ...now.documents] : now.documents.with(at, document)
    return { ...now, documents }
  })
}

export function changeRow(id: string, change: Partial<DocumentRow>): void {
  const row = library.value.documents.find((document) => document.id === id)
  if (row) putDocument({ ...row, ...change })
}

export function dropDocument(id: string): void {
  library.update((now) => ({
    ...now,
    documents: now.documents.filter((document) => document.id !== id),
  }))
}

export function isSettled({ status }: DocumentRow): boolean {
  return status === 'ready' || status === 'failed'
}
