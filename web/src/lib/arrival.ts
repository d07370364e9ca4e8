/** What an address of the sign-in screen brings along: a link's code, or why a sign-in failed. */

export interface Arrival {
  /** Of a one-time link; empty without one. */
  readonly code: string
  /** The problem's code; empty when nothing failed. */
  readonly failed: string
}

const pathCharsMax = 1_000

/** @param hash such as `#abc`, which browsers send to nobody */
export function parseArrival(path: string, search: string, hash: string): Arrival {
  if (path !== '/sign-in') return { code: '', failed: '' }
  return { code: hash.slice(1), failed: new URLSearchParams(search).get('failed') ?? '' }
}

/** @returns where to sign in with the provider, and to come back to this screen */
export function providerAddress(path: string, search: string): string {
  const here = (path + search).replaceAll('\\', '%5C')
  const to = path === '/sign-in' || here.length > pathCharsMax ? '/' : here
  return `/auth/sign-in?${new URLSearchParams({ to })}`
}
