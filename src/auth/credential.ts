/** The credential of a request: one, from one place. A request that brings two that differ is refused. */
import { Problem } from '../base/problem.ts'
import { cookieValue } from './cookies.ts'
import type { AuthRequest } from './principal.ts'
import { isOwnFetchSite, isOwnOrigin, isSafeMethod } from './same-origin.ts'

/**
 * `bearer` is the Authorization header; `session` the header `X-CF-Session` or the cookie `cf_session`; `login` the cookie
 * that our own sign-in set.
 */
export interface Credential {
  readonly kind: 'bearer' | 'session' | 'login'
  readonly token: string
}

export interface CredentialOptions {
  /** Scheme, host and port under which browsers reach us, where a proxy changes the Host header. */
  readonly publicOrigin?: string | undefined
  /** The name of our own session cookie; without it there is none. */
  readonly loginCookie?: string | undefined
}

/** Tokens are read whole before they are verified: no longer than a header of a sensible size. */
const tokenBytesMax = 8 * 1024
const sessionHeader = 'x-cf-session'
const sessionCookie = 'cf_session'
/** Node keeps the first of two: which one a proxy in front looked at is anybody's guess. */
const onceOnly: ReadonlySet<string> = new Set(['authorization', sessionHeader])

/**
 * @returns the credential, or undefined when there is none that counts
 * @throws Problem `invalid_request` for a token in the query, a header given twice, or two different credentials;
 * `unauthorized` for a scheme that is not Bearer, a token that is too long, or a cookie sent by another site's page
 */
export function readCredential(
  request: AuthRequest,
  options: CredentialOptions = {},
): Credential | undefined {
  refuseTokenInQuery(request.url)
  refuseRepeatedHeaders(request.rawHeaders)
  const { authorization, [sessionHeader]: session, cookie } = request.headers
  let found: Credential | undefined
  if (authorization !== undefined) found = { kind: 'bearer', token: bearerToken(authorization) }
  if (session !== undefined) found = only(found, { kind: 'session', token: String(session) })
  const inCookies = cookie === undefined ? [] : cookieCredentials(cookie, options)
  if (inCookies.length > 0) {
    if (isFromOwnPages(request, options)) for (const one of inCookies) found = only(found, one)
    else if (!found)
      throw new Problem(
        'unauthorized',
        'The session cookie counts only for requests from this server’s own pages; send the token in the Authorization header.',
      )
  }
  if (found && found.token.length > tokenBytesMax)
    throw new Problem('unauthorized', `The token is longer than ${tokenBytesMax} bytes.`)
  return found
}

/** RFC 6750, section 5.3: addresses are logged, kept in histories and sent on as referrers. */
function refuseTokenInQuery(url: string | undefined): void {
  if (url === undefined) return
  const at = url.indexOf('?')
  if (at !== -1 && new URLSearchParams(url.slice(at)).has('access_token'))
    throw new Problem(
      'invalid_request',
      'A token does not belong in the address, where it is logged: send it in the Authorization header.',
    )
}

function refuseRepeatedHeaders(rawHeaders: readonly string[]): void {
  let seen = ''
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    // The lengths of the two names: most headers need no lower-casing.
    if (name.length !== 13 && name.length !== 12) continue
    const lower = name.toLowerCase()
    if (!onceOnly.has(lower)) continue
    if (seen.includes(lower))
      throw new Problem('invalid_request', `The header ${name} was given twice: send it once.`)
    seen += `${lower},`
  }
}

function bearerToken(authorization: string): string {
  const match = /^Bearer +([^\s,]+) *$/i.exec(authorization)
  if (!match?.[1])
    throw new Problem('unauthorized', 'The Authorization header has to be `Bearer <token>`.')
  return match[1]
}

function only(first: Credential | undefined, second: Credential): Credential {
  if (first && first.token !== second.token)
    throw new Problem(
      'invalid_request',
      'Two different credentials came with one request: send only one of Authorization, X-CF-Session and the session cookie.',
    )
  return first ?? second
}

function cookieCredentials(cookie: string, { loginCookie }: CredentialOptions): Credential[] {
  const found: Credential[] = []
  const session = cookieValue(cookie, sessionCookie)
  if (session !== undefined) found.push({ kind: 'session', token: session })
  const login = loginCookie === undefined ? undefined : cookieValue(cookie, loginCookie)
  if (login !== undefined) found.push({ kind: 'login', token: login })
  return found
}

/** Whether a browser that sends cookies along sent this from a page of ours, and not from another site's. */
export function isFromOwnPages(request: AuthRequest, { publicOrigin }: CredentialOptions): boolean {
  if (!isOwnFetchSite(request)) return false
  const { origin, host } = request.headers
  if (origin === undefined) return isSafeMethod(request.method)
  return isOwnOrigin(origin, host, publicOrigin)
}
