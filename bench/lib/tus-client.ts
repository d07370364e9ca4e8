/** A small tus 1.0 client whose connection breaks when it is told to: for tests and tortures. */
import { type IncomingHttpHeaders, request } from 'node:http'

const version = { 'Tus-Resumable': '1.0.0' }
/** Small, so that a cut may come anywhere. */
const chunkBytes = 64 * 1024

export interface TusAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Where the connection breaks: after so many bytes were handed to the system, and then when `ready` resolves. */
export interface Cut {
  readonly bytes: number
  readonly ready?: () => Promise<unknown>
}

export class TusClient {
  readonly #url: string
  readonly #headers: Record<string, string>

  constructor(url: string, token?: string) {
    this.#url = url
    this.#headers = { ...version, ...(token && { Authorization: `Bearer ${token}` }) }
  }

  /** @returns the upload's path */
  async create(length: number, metadata: Readonly<Record<string, string>>): Promise<string> {
    const pairs = Object.entries(metadata).map(
      ([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`,
    )
    const answer = await this.send('POST', '/v1/uploads', {
      'Upload-Length': String(length),
      'Upload-Metadata': pairs.join(','),
    })
    const { location } = answer.headers
    if (answer.status !== 201 || location === undefined)
      throw new Error(`creation: ${answer.status} ${answer.text}`)
    return location
  }

  /** How far it is, as the server says. */
  async offset(path: string): Promise<number> {
    const { status, headers } = await this.send('HEAD', path)
    if (status !== 200) throw new Error(`HEAD: ${status}`)
    return Number(headers['upload-offset'])
  }

  /** Sends all from `offset` on; a cut is the error. */
  patch(path: string, bytes: Uint8Array, offset: number, cut?: Cut): Promise<TusAnswer> {
    const headers = {
      'Content-Type': 'application/offset+octet-stream',
      'Upload-Offset': String(offset),
      'Content-Length': String(bytes.length - offset),
    }
    return this.send('PATCH', path, headers, bytes.subarray(offset), cut)
  }

  send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body: Uint8Array = new Uint8Array(),
    cut?: Cut,
  ): Promise<TusAnswer> {
    return new Promise((resolve, reject) => {
      const all = { ...this.#headers, ...headers }
      const outgoing = request(this.#url + path, { method, headers: all }, (incoming) => {
        let text = ''
        incoming.setEncoding('utf8')
        incoming.on('data', (chunk) => {
          text += chunk
        })
        incoming.on('error', reject)
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }),
        )
      })
      outgoing.on('error', reject)
      const end = Math.min(body.length, cut?.bytes ?? body.length)
      let at = 0
      const write = (): void => {
        while (at < end) {
          const next = Math.min(end, at + chunkBytes)
          const isTaken = outgoing.write(body.subarray(at, next))
          at = next
          if (isTaken) continue
          outgoing.once('drain', write)
          return
        }
        if (!cut) outgoing.end()
        else void (cut.ready?.() ?? Promise.resolve()).then(() => outgoing.destroy(broken()))
      }
      write()
    })
  }
}

function broken(): Error {
  return new Error('cut')
}
