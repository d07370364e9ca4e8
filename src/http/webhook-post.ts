/** One message to one webhook: signed as Standard Webhooks has it, sent to a public address, and to that very one. */
import { createHmac } from 'node:crypto'
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { type AddressOptions, addressOf } from './fetch-url.ts'

const timeoutMs = 15_000
const headerBytesMax = 16 * 1024

export interface WebhookMessage {
  readonly url: string
  readonly secret: string
  readonly id: string
  readonly body: string
  readonly nowMs: number
}

/** @returns the status of the answer, whose body nobody reads. @throws Error whose message says what was wrong */
export async function postWebhook(
  message: WebhookMessage,
  options: AddressOptions & { readonly signal: AbortSignal },
): Promise<number> {
  const url = new URL(message.url)
  const address = await addressOf(url, options)
  const isSecure = url.protocol === 'https:'
  const family = isIP(address)
  const lookup: LookupFunction = (_hostname, { all }, done) =>
    all ? done(null, [{ address, family }]) : done(null, address, family)
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)])
  const bytes = Buffer.from(message.body)
  return new Promise((resolve, reject) => {
    const outgoing = (isSecure ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      agent: isSecure ? new HttpsAgent() : new HttpAgent(),
      lookup,
      maxHeaderSize: headerBytesMax,
      signal,
      headers: {
        'Content-Type': 'application/json',
        'Content-Length': bytes.length,
        'User-Agent': 'Carrel',
        ...signatureHeaders(message),
      },
    })
    outgoing.once('response', (incoming) => {
      resolve(incoming.statusCode ?? 0)
      incoming.destroy()
    })
    outgoing.once('error', reject)
    outgoing.end(bytes)
  })
}

/** https://www.standardwebhooks.com: the id, the time of this attempt and the body, by HMAC-SHA256. */
export function signatureHeaders({
  secret,
  id,
  body,
  nowMs,
}: Omit<WebhookMessage, 'url'>): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1_000))
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  }
}
