/** Fetches a file from the open internet for a user who names its address, and is led nowhere else. */
import { lookup as systemLookup } from 'node:dns/promises'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { Problem } from '../base/problem.ts'
import { isPublicAddress } from './public-address.ts'

const redirectsMax = 5
/** The names of ports below this are other services' than the web's. */
const freePortsFrom = 1024
const webPorts: ReadonlySet<string> = new Set(['', '80', '443'])
const connectMs = 10_000
const headerBytesMax = 16 * 1024

/** Where one may be sent to. */
export interface AddressOptions {
  /** All addresses of a name; the system's resolver unless given. */
  readonly resolve?: ((hostname: string) => Promise<readonly string[]>) | undefined
  /** Whether an address may be connected to; the open internet unless given. */
  readonly isAllowed?: ((address: string) => boolean) | undefined
}

export interface FetchOptions extends AddressOptions {
  readonly bytesMax: number
  /** Time without a byte. */
  readonly idleMs: number
  /** Slower senders are cut. */
  readonly bytesPerSecondMin: number
  readonly signal: AbortSignal
}

export interface Fetched {
  /** Where the redirects ended. */
  readonly url: URL
  readonly contentDisposition: string | undefined
  /** Ends with an error when it is too long, too slow or cut off. */
  readonly body: AsyncIterable<Buffer>
}

/**
 * Follows redirects by hand, so that each is checked as the first was: name resolved once, every one of its addresses public,
 * connected to that very address. No proxy, no cookies, no credentials.
 * @throws Problem `invalid_request` for an address that is not fetched, `too_large`, `fetch_failed`
 */
export async function fetchUrl(address: string, options: FetchOptions): Promise<Fetched> {
  let url = parseUrl(address)
  for (let redirects = 0; redirects <= redirectsMax; redirects++) {
    const incoming = await send(url, await addressOf(url, options), options)
    const { statusCode = 0, headers } = incoming
    const isRedirect = statusCode >= 300 && statusCode < 400 && headers.location !== undefined
    if (!isRedirect) return receive(incoming, url, options)
    incoming.destroy()
    url = parseUrl(headers.location ?? '', url)
  }
  throw failed(`It leads from one address to the next, more than ${redirectsMax} times.`)
}

function parseUrl(address: string, base?: URL): URL {
  const url = URL.parse(address, base)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw refused('It has to be an address that begins with http:// or https://.')
  if (url.username !== '' || url.password !== '')
    throw refused('A name or password in the address is not sent.')
  if (!webPorts.has(url.port) && Number(url.port) < freePortsFrom)
    throw refused(`Port ${url.port} is not one of the web’s.`)
  return url
}

/** The one address to connect to. Where a name has public and private ones, it is up to something. */
export async function addressOf(url: URL, options: AddressOptions): Promise<string> {
  const { resolve = resolveName, isAllowed = isPublicAddress } = options
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const addresses = isIP(hostname) ? [hostname] : await resolve(hostname).catch(() => [])
  const [first] = addresses
  if (first === undefined) throw failed(`The name ${hostname} cannot be found.`)
  // In the same words whatever is there, so that nobody can look around in the operator's network.
  if (!addresses.every(isAllowed))
    throw refused(`${hostname} is not a public address, and others are not fetched.`)
  return first
}

async function resolveName(hostname: string): Promise<string[]> {
  const found = await systemLookup(hostname, { all: true, order: 'ipv4first' })
  return found.map(({ address }) => address)
}

function send(url: URL, address: string, options: FetchOptions): Promise<IncomingMessage> {
  const isSecure = url.protocol === 'https:'
  const family = isIP(address)
  const lookup: LookupFunction = (_hostname, { all }, done) =>
    all ? done(null, [{ address, family }]) : done(null, address, family)
  return new Promise((resolve, reject) => {
    const outgoing = (isSecure ? httpsRequest : httpRequest)(url, {
      // One of its own: no proxy of the environment, no connection of somebody else's request.
      agent: isSecure ? new HttpsAgent() : new HttpAgent(),
      lookup,
      maxHeaderSize: headerBytesMax,
      signal: options.signal,
      headers: { Accept: '*/*', 'Accept-Encoding': 'identity', 'User-Agent': 'Carrel' },
    })
    const timer = setTimeout(() => outgoing.destroy(new Error('no answer')), connectMs)
    outgoing.once('response', (incoming) => {
      clearTimeout(timer)
      resolve(incoming)
    })
    outgoing.once('error', (error) => {
      clearTimeout(timer)
      reject(options.signal.aborted ? error : failed('The other server does not answer.', error))
    })
    outgoing.end()
  })
}

function receive(incoming: IncomingMessage, url: URL, options: FetchOptions): Fetched {
  const { statusCode, headers } = incoming
  const fault = faultOf(incoming, options)
  if (fault) {
    incoming.destroy()
    throw fault
  }
  if (statusCode !== 200) {
    incoming.destroy()
    throw failed(`The other server answered with status ${statusCode}.`)
  }
  return {
    url,
    contentDisposition: headers['content-disposition'],
    body: bodyOf(incoming, options),
  }
}

function faultOf({ headers }: IncomingMessage, { bytesMax }: FetchOptions): Problem | undefined {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') return failed('The other server compresses what it sends.')
  return Number(headers['content-length'] ?? 0) > bytesMax ? tooLarge(bytesMax) : undefined
}

async function* bodyOf(incoming: IncomingMessage, options: FetchOptions): AsyncGenerator<Buffer> {
  const { bytesMax, idleMs, bytesPerSecondMin } = options
  const startedAtMs = performance.now()
  let bytes = 0
  incoming.setTimeout(idleMs, () => incoming.destroy(failed('The other server fell silent.')))
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > bytesMax) throw tooLarge(bytesMax)
      const ms = performance.now() - startedAtMs
      if (ms > idleMs && bytes / (ms / 1_000) < bytesPerSecondMin)
        throw failed('The other server sends too slowly.')
      yield chunk
    }
    if (!incoming.complete) throw failed('The connection was cut.')
  } catch (error) {
    if (error instanceof Problem || options.signal.aborted) throw error
    throw failed('The connection was cut.', error)
  } finally {
    incoming.destroy()
  }
}

function refused(reason: string): Problem {
  return new Problem('invalid_request', `This address is not fetched. ${reason}`, {
    errors: [{ path: 'url', message: 'is refused' }],
  })
}

function failed(reason: string, cause?: unknown): Problem {
  return new Problem('fetch_failed', `The file could not be fetched. ${reason}`, { cause })
}

function tooLarge(bytesMax: number): Problem {
  return new Problem('too_large', `The file at this address is larger than ${bytesMax} bytes.`)
}
