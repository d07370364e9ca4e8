/** Addresses of model endpoints: what an operator writes, what is asked, and what a sentence may show. */
import { type EndpointFault, fault } from './endpoint-fault.ts'

const headerSafe = /^[\x21-\x7e]+$/

export interface Endpoint {
  /** What it is for, in the sentences: `embeddings endpoint`. */
  readonly name: string
  readonly url: string
  readonly apiKey?: string | undefined
}

/**
 * The address to post to, from what an operator writes: a server (`http://host:11434`), a base (`…/v1`) or the route itself.
 * @param route the last part of the path, such as `embeddings`
 * @param bare the whole path where only a server is named
 */
export function endpointUrl(given: string, route: string, bare: string): string {
  const url = URL.parse(given)
  if (!url) return given
  const path = url.pathname.replace(/\/+$/, '')
  if (path === '') url.pathname = bare
  else if (!path.endsWith(`/${route}`)) url.pathname = `${path}/${route}`
  return url.href
}

/** How a sentence begins. Scheme, host and path: no user, no password, no query (some carry a key). */
export function whoIs(endpoint: Endpoint): string {
  const url = URL.parse(endpoint.url)
  return `The ${endpoint.name} ${url ? `${url.origin}${url.pathname}` : '(not an address)'}`
}

/** Checked before asking, because the platform's own exceptions repeat the value that they complain of. */
export function faultOfSettings(endpoint: Endpoint): EndpointFault | undefined {
  const who = whoIs(endpoint)
  const url = URL.parse(endpoint.url)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return fault('refused', `${who} cannot be asked: write its address as http://… or https://….`)
  if (url.username || url.password)
    return fault('refused', `${who} has a password in its address: use the API key setting.`)
  if (endpoint.apiKey && !headerSafe.test(endpoint.apiKey))
    return fault(
      'unauthorized',
      `${who} cannot be given its API key, which has characters that a header does not carry: look for blanks and line ends.`,
    )
  return undefined
}
