/** Addresses of the screens: read from and written to one form, so that a link, a reload and the back button agree. */

import { type TenantSort, tenantSorts } from './admin-figures.ts'

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

export interface AdminRoute {
  readonly screen: 'admin'
  /** The user whose library is looked at; empty for all of them. */
  readonly tenant: string
  readonly filter: string
  readonly sort: TenantSort
  readonly isReversed: boolean
}

export interface DocsRoute {
  readonly screen: 'docs'
  readonly filter: string
}

export interface AccountRoute {
  readonly screen: 'account'
}

export type Route =
  | LibraryRoute
  | SearchRoute
  | ReadRoute
  | ChatRoute
  | AdminRoute
  | DocsRoute
  | AccountRoute

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

export function adminRoute(tenant: string, given: Partial<AdminRoute> = {}): AdminRoute {
  return { screen: 'admin', tenant, filter: '', sort: 'name', isReversed: false, ...given }
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
    return readRoute(decode(id), pageOf(page, 1), {
      query: text('q'),
      passage: text('passage'),
      asText: text('view') === 'text',
    })
  if (screen === 'chat')
    return chatRoute(decode(id ?? ''), {
      at: text('at'),
      page: pageOf(text('page'), 0),
      documents: query.getAll('doc'),
    })
  if (screen === 'admin')
    return adminRoute(decode(id ?? ''), {
      filter: text('filter'),
      sort: tenantSorts.find((one) => one === text('sort')) ?? 'name',
      isReversed: query.has('reversed'),
    })
  if (screen === 'docs') return { screen: 'docs', filter: text('filter') }
  if (screen === 'account') return { screen: 'account' }
  const sort = sorts.find((one) => one === text('sort')) ?? 'added'
  return { screen: 'library', filter: text('filter'), tag: text('tag'), sort }
}

type Pair = readonly [name: string, value: string]

/** @returns the address, path and query, that `parseRoute` reads back */
export function formatRoute(route: Route): string {
  switch (route.screen) {
    case 'account':
      return '/account'
    case 'docs':
      return address('/docs', [['filter', route.filter]])
    case 'library':
      return address('/', [
        ['filter', route.filter],
        ['tag', route.tag],
        ['sort', unless('added', route.sort)],
      ])
    case 'search':
      return address('/search', [
        ['q', route.query],
        ['mode', unless('keyword', route.mode)],
        ...pairs('tag', route.tags),
        ...pairs('type', route.mediaTypes),
        ...pairs('lang', route.languages),
        ...pairs('doc', route.documents),
      ])
    case 'read':
      return address(`${pathOf('/read', route.id)}/${route.page}`, [
        ['q', route.query],
        ['passage', route.passage],
        ['view', route.asText ? 'text' : ''],
      ])
    case 'chat':
      return address(pathOf('/chat', route.id), [
        ['at', route.at],
        ['page', unless('0', String(route.page))],
        ...pairs('doc', route.documents),
      ])
    case 'admin':
      return address(pathOf('/admin', route.tenant), [
        ['filter', route.filter],
        ['sort', unless('name', route.sort)],
        ['reversed', route.isReversed ? '1' : ''],
      ])
  }
}

function pathOf(screen: string, id: string): string {
  return id === '' ? screen : `${screen}/${encodeURIComponent(id)}`
}

/** What goes without saying is not said. */
function unless(usual: string, value: string): string {
  return value === usual ? '' : value
}

function pairs(name: string, values: readonly string[]): Pair[] {
  return values.map((value) => [name, value])
}

function address(path: string, given: readonly Pair[]): string {
  const query = new URLSearchParams(
    given.filter(([, value]) => value !== '').map(([name, value]) => [name, value]),
  )
  return query.size === 0 ? path : `${path}?${query}`
}

function pageOf(text: string | undefined, least: number): number {
  return Math.max(least, Number.parseInt(text ?? '', 10) || least)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
