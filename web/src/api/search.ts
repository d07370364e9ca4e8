/** Searches, as the app asks for them. */
import type { SearchRoute } from '../lib/route.ts'
import { request } from './http.ts'
import type { Hit, SearchAnswer } from './types.ts'

const hitsShown = 30
const hitsLooked = 100

export function search(
  route: SearchRoute,
  { explain = false, signal }: { explain?: boolean; signal?: AbortSignal } = {},
): Promise<SearchAnswer> {
  const filter = {
    ...(route.tags.length > 0 && { tags: route.tags }),
    ...(route.mediaTypes.length > 0 && { media_types: route.mediaTypes }),
    ...(route.languages.length > 0 && { languages: route.languages }),
    ...(route.documents.length > 0 && { document_ids: route.documents }),
  }
  const { query, mode } = route
  const body = { query, mode, limit: hitsShown, filter, explain, facets: true }
  return request('/v1/search', { method: 'POST', body, signal })
}

/** A hit again, by its address: after a reload, or from a link. @returns undefined where the search has it no more */
export async function findHit(
  query: string,
  documentId: string,
  passageId: string,
  signal?: AbortSignal,
): Promise<Hit | undefined> {
  const filter = { document_ids: [documentId] }
  const body = { query, mode: 'hybrid', limit: hitsLooked, filter }
  const { hits } = await request<SearchAnswer>('/v1/search', { method: 'POST', body, signal })
  return hits.find((hit) => hit.passage_id === passageId)
}
