/** Documents, as the app asks for them. */
import { request } from './http.ts'
import type { Account, ContentsItem, DocumentPage, DocumentRow, PageReport } from './types.ts'

interface DocumentList {
  readonly items: readonly DocumentRow[]
  readonly next_cursor: string | null
}

const at = (id: string): string => `/v1/documents/${encodeURIComponent(id)}`

export const listDocuments = (cursor: string | null): Promise<DocumentList> =>
  request(
    `/v1/documents?limit=100${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
  )

export const getDocument = (id: string, signal?: AbortSignal): Promise<DocumentRow> =>
  request(at(id), { signal })

export const changeDocument = (
  id: string,
  change: { title?: string; tags?: readonly string[] },
): Promise<DocumentRow> => request(at(id), { method: 'PATCH', body: change })

export const deleteDocument = (id: string): Promise<void> => request(at(id), { method: 'DELETE' })

export const reprocessDocument = (id: string): Promise<DocumentRow> =>
  request(`${at(id)}/reprocess`, { method: 'POST' })

export const getPage = (id: string, page: number, signal?: AbortSignal): Promise<DocumentPage> =>
  request(`${at(id)}/pages/${page}`, { signal })

export const getContents = (
  id: string,
  signal?: AbortSignal,
): Promise<{ items: readonly ContentsItem[] }> => request(`${at(id)}/contents`, { signal })

export const getReport = (id: string, cursor: string | null): Promise<PageReport> =>
  request(`${at(id)}/report${cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`}`)

export const originalAddress = (id: string): string => `${at(id)}/original`

export const getAccount = (): Promise<Account> => request('/v1/me')
