/** Whether a browser sent a request from our own pages: Fetch Metadata and Origin, compared with Host. */
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
