/** Cookies that we set ourselves: their names, what they say to a browser, and how they are read back. */
import { Problem } from '../base/problem.ts'

export interface CookieNames {
  /** The login. */
  readonly session: string
  /** What is remembered between leaving for the identity provider and coming back. */
  readonly pending: string
}

/**
 * @param isSecure whether browsers reach us by https: the names then carry `__Host-`, with which browsers take a cookie from
 * this very host only, and never from a neighbour in its domain
 */
export function cookieNames(isSecure: boolean): CookieNames {
  const prefix = isSecure ? '__Host-' : ''
  return { session: `${prefix}crl_session`, pending: `${prefix}crl_sign_in` }
}

/** @returns a `Set-Cookie`; with 0 seconds one that takes the cookie away */
export function setCookie(name: string, value: string, maxAgeS: number): string {
  const secure = name.startsWith('__Host-') ? '; Secure' : ''
  // Lax: the way back from the identity provider is a link from another site, and has to bring the cookie.
  return `${name}=${value}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Lax${secure}`
}

/** @returns the value, or undefined for none or an empty one. @throws Problem `invalid_request` for two that differ */
export function cookieValue(cookie: string | undefined, name: string): string | undefined {
  let found: string | undefined
  for (const pair of cookie?.split(';') ?? []) {
    const at = pair.indexOf('=')
    if (at === -1 || pair.slice(0, at).trim() !== name) continue
    const value = pair.slice(at + 1).trim()
    if (found !== undefined && found !== value)
      throw new Problem('invalid_request', `The cookie ${name} was given twice.`)
    found = value
  }
  return found === '' ? undefined : found
}
