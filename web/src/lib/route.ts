/** Addresses of the screens: read from and written to one form, so that a link, a reload and the back button agree. */

export type SearchMode = 'keyword' | 'hybrid'
export const sorts = ['added', 'title', 'size', 'status'] as const
export type Sort = (typeof sorts)[number]

export interface LibraryRoute {
  readonly screen: 'library'
  /** What titles, filenames or tags have to contain. */
  readonly filter: string
  readonly tag: string
  readonly sort: Sort
}

export interface SearchRoute {
  readonly screen: 'search'
  readonly query: string
  readonly mode: SearchMode
  readonly tags: readonly string[]
  readonly mediaTypes: readonly string[]
  readonly languages: readonly string[]
  readonly documents: readonly string[]
}

export interface ReadRoute {
  readonly screen: 'read'
  readonly id: string
  readonly page: number
  /** The search that led here, and its hit: what is highlighted. */
  readonly query: string
  readonly passage: string
  /** Text even where the original could be drawn. */
  readonly asText: boolean
}

export interface ChatRoute {
  readonly screen: 'chat'
  /** Empty for a conversation that has not begun. */
  readonly id: string
  /** The citation whose page is open beside the answer: the answer's id, a dot, its place among the citations. */
  readonly at: string
  /** The page that is open; 0 is the citation's own. */
  readonly page: number
  /** Documents that a new conversation asks. */
  readonly documents: readonly string[]
}

export interface AccountRoute {
  readonly screen: 'account'
}

export type Route = LibraryRoute | SearchRoute | ReadRoute | ChatRoute | AccountRoute

export const libraryRoute: LibraryRoute = { screen: 'library', filter: '', tag: '', sort: 'added' }

export function searchRoute(query: string, given: Partial<SearchRoute> = {}): SearchRoute {
  return {
    screen: 'search',
    query,
    mode: 'keyword',
    tags: [],
    mediaTypes: [],
    languages: [],
    documents: [],
    ...given,
  }
}

export function readRoute(id: string, page: number, given: Partial<ReadRoute> = {}): ReadRoute {
  return { screen: 'read', id, page, query: '', passage: '', asText: false, ...given }
}

export function chatRoute(id: string, given: Partial<ChatRoute> = {}): ChatRoute {
  return { screen: 'chat', id, at: '', page: 0, documents: [], ...given }
}

/** @param path such as `/read/doc_1/4`  @param search such as `?q=oak`; anything unknown is the library */
export function parseRoute(path: string, search: string): Route {
  const query = new URLSearchParams(search)
  const text = (name: string): string => query.get(name) ?? ''
  const [, screen, id, page] = path.split('/')
  if (screen === 'search')
    return searchRoute(text('q'), {
      mode: text('mode') === 'hybrid' ? 'hybrid' : 'keyword',
      tags: query.getAll('tag'),
      mediaTypes: query.getAll('type'),
      languages: query.getAll('lang'),
      documents: query.getAll('doc'),
    })
  if (screen === 'read' && id)
    return readRoute(decode(id), Math.max(1, Number.parseInt(page ?? '1', 10) || 1), {
      query: text('q'),
      passage: text('passage'),
      asText: text('view') === 'text',
    })
  if (screen === 'chat')
    return chatRoute(decode(id ?? ''), {
      at: text('at'),
      page: Math.max(0, Number.parseInt(text('page'), 10) || 0),
      documents: query.getAll('doc'),
    })
  if (screen === 'account') return { screen: 'account' }
  const sort = sorts.find((one) => one === text('sort')) ?? 'added'
  return { screen: 'library', filter: text('filter'), tag: text('tag'), sort }
}

/** @returns the address, path and query, that `parseRoute` reads back */
export function formatRoute(route: Route): string {
  if (route.screen === 'account') return '/account'
  if (route.screen === 'library')
    return address('/', [
      ['filter', route.filter],
      ['tag', route.tag],
      ['sort', route.sort === 'added' ? '' : route.sort],
    ])
  if (route.screen === 'chat')
    return address(route.id === '' ? '/chat' : `/chat/${encodeURIComponent(route.id)}`, [
      ['at', route.at],
      ['page', route.page === 0 ? '' : String(route.page)],
      ...route.documents.map((value) => ['doc', value] as const),
    ])
  if (route.screen === 'read')
    return address(`/read/${encodeURIComponent(route.id)}/${route.page}`, [
      ['q', route.query],
      ['passage', route.passage],
      ['view', route.asText ? 'text' : ''],
    ])
  return address('/search', [
    ['q', route.query],
    ['mode', route.mode === 'hybrid' ? 'hybrid' : ''],
    ...route.tags.map((value) => ['tag', value] as const),
    ...route.mediaTypes.map((value) => ['type', value] as const),
    ...route.languages.map((value) => ['lang', value] as const),
    ...route.documents.map((value) => ['doc', value] as const),
  ])
}

function address(path: string, pairs: readonly (readonly [string, string])[]): string {
  const query = new URLSearchParams(
    pairs.filter(([, value]) => value !== '').map(([name, value]) => [name, value]),
  )
  return query.size === 0 ? path : `${path}?${query}`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
