/** Whether a browser sent a request from our own pages: Fetch Metadata and Origin, compared with Host. */
import { Problem } from '../base/problem.ts'
import type { AuthRequest } from './principal.ts'

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Methods that change nothing (RFC 9110, section 9.2.1). */
export function isSafeMethod(method: string | undefined): boolean {
  return method !== undefined && safeMethods.has(method)
}

/**
 * Whether `Sec-Fetch-Site` says the request came from our own pages or from the person (typed address, bookmark).
 * A request without the header is not from a present-day browser and passes here.
 */
export function isOwnFetchSite({ headers }: AuthRequest): boolean {
  const site = headers['sec-fetch-site']
  return site === undefined || site === 'same-origin' || site === 'none'
}

/**
 * Whether an Origin is the one that Host names. The scheme is not compared, because behind a proxy that ends TLS we do not
 * know ours; `publicOrigin`, where configured, is compared whole.
 * @param origin such as `https://library.example:8443`; `null` (a sandboxed page) is nobody's
 */
export function isOwnOrigin(
  origin: string,
  host: string | undefined,
  publicOrigin?: string,
): boolean {
  if (publicOrigin !== undefined && origin.toLowerCase() === publicOrigin.toLowerCase()) return true
  const match = /^https?:\/\/(.+)$/i.exec(origin)
  return host !== undefined && match?.[1]?.toLowerCase() === host.toLowerCase()
}

/** What no name server can lead elsewhere: localhost and addresses as such. */
const fixedHost = /^(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])(?::\d{1,5})?$/i

/**
 * Refuses what a page in a browser sends that is not ours, also under a name that was made to lead to us (DNS rebinding): its
 * Origin and our Host agree then, but the name is neither this machine's nor the configured one. Programs send neither
 * Origin nor Fetch Metadata, and call us by whatever name they like.
 * @throws Problem `forbidden`
 */
export function refuseForeignPage(request: AuthRequest, publicOrigin?: string): void {
  const { host, origin, 'sec-fetch-site': site } = request.headers
  if (origin === undefined && site === undefined) return
  const isPublic = publicOrigin !== undefined && host === URL.parse(publicOrigin)?.host
  const isOurs = host !== undefined && (isPublic || fixedHost.test(host))
  const isFromUs = origin === undefined || isOwnOrigin(origin, host, publicOrigin)
  if (isOurs && isFromUs && isOwnFetchSite(request)) return
  throw new Problem(
    'forbidden',
    'This address does not answer pages of other sites. If the page is this server’s own, set PUBLIC_URL to the address that browsers know.',
  )
}
