/**
 * Behind the proxies whose settings are in deploy/, as they stand there but for names, ports and the certificate: uploads go
 * through as they come, events too, addresses are believed from the proxy alone. Needs CARREL_LONG=1, openssl, nginx and caddy.
 */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { type RequestOptions, request as requestHttps } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signToken } from '../../bench/lib/client.ts'
import { readEvents } from '../../bench/lib/event-source.ts'
import { type RunningServer, startServer } from '../../bench/lib/server.ts'
import { keptDirectory, temporaryDirectory } from '../helpers.ts'
import {
  makeCertificate,
  name,
  type RunningProxy,
  startCaddy,
  startNginx,
} from './proxy-programs.ts'

const isLong = process.env['CARREL_LONG'] === '1'
const secret = 'a proxy secret of at least thirty-two bytes'
const fileBytesMax = 24 * 2 ** 20
/** Another address of this machine: a proxy on 127.0.0.1 and its client are two. */
const clientAddress = '127.0.0.2'

interface Proxy {
  readonly name: string
  readonly has: boolean
  readonly start: (upstream: string, directory: string) => Promise<RunningProxy>
}

const hasProgram = (program: string, ...args: string[]): boolean =>
  spawnSync(program, args).status === 0

const proxies: readonly Proxy[] = [
  { name: 'nginx', has: isLong && hasProgram('nginx', '-v'), start: startNginx },
  { name: 'caddy', has: isLong && hasProgram('caddy', 'version'), start: startCaddy },
]

describe.each(proxies)('behind $name (CARREL_LONG=1, and the program)', ({ has, start }) => {
  let carrel: RunningServer
  let dataDir: string
  let certificate: string
  let proxy: RunningProxy
  let token: string

  beforeAll(async () => {
    if (!has) return
    const directory = keptDirectory()
    certificate = makeCertificate(directory)
    dataDir = keptDirectory()
    carrel = await startServer(dataDir, {
      JWT_SECRET: secret,
      PUBLIC_URL: `https://${name}`,
      TRUST_PROXY: '127.0.0.1',
      UPLOAD_BYTES_MAX: String(fileBytesMax),
    })
    proxy = await start(new URL(carrel.url).host, directory)
    token = await signToken(secret, 'alice', { tier: 'ultra' })
  })
  afterAll(async () => {
    await proxy?.stop()
    await carrel?.stop()
  })

  test.skipIf(!has)(
    'twenty megabytes arrive while they are sent, and are kept nowhere on the way',
    async () => {
      const body = multipart('big.txt', lines(20 * 2 ** 20))
      const half = body.length / 2
      const { request, answered } = ask('POST', '/v1/documents', body.length, body.type)
      request.write(body.bytes.subarray(0, half))
      // The server has a good part of the first half before the second was sent.
      await expect.poll(() => receivedBytes(), { timeout: 20_000 }).toBeGreaterThan(half / 2)
      expect(filesIn(proxy.bodies)).toEqual([])
      request.end(body.bytes.subarray(half))
      const { response, text: answer } = await answered
      expect([response.statusCode, JSON.parse(answer).documents[0]]).toMatchObject([
        202,
        { filename: 'big.txt' },
      ])
      expect(filesIn(proxy.bodies)).toEqual([])
    },
  )

  test.skipIf(!has)('an event comes while the stream stays open', async () => {
    const { request, answered } = ask('GET', '/v1/events')
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    expect(response.headers['content-type']).toMatch(/event-stream/)
    const events = readEvents(response as unknown as ReadableStream<Uint8Array>)
    const body = multipart('note.txt', Buffer.from('An oak stood by the bridge.'))
    const { document } = await upload(body)
    for await (const { event, data } of events) {
      const told = JSON.parse(data) as { id: string; status: string }
      if (event === 'document' && told.id === document.id && told.status === 'ready') break
    }
    request.destroy()
    await answered.catch(() => undefined)
  })

  test.skipIf(!has)('the client’s own address counts, and not the one that it says', async () => {
    const body = multipart('mine.txt', Buffer.from('My own address.'))
    const { document } = await upload(body, { 'x-forwarded-for': '203.0.113.7' })
    const { request, answered } = ask('GET', '/v1/audit')
    request.end()
    const { items } = JSON.parse((await answered).text) as {
      items: { target: string; address: string }[]
    }
    expect(items.find(({ target }) => target === document.id)?.address).toBe(clientAddress)
  })

  test.skipIf(!has)('what is too large is refused in Carrel’s words', async () => {
    const body = multipart('huge.txt', lines(fileBytesMax + 2 ** 20))
    const { request, answered } = ask('POST', '/v1/documents', body.length, body.type)
    request.on('error', () => undefined)
    request.end(body.bytes)
    const { response, text: answer } = await answered
    expect([response.statusCode, response.headers['content-type']]).toEqual([
      413,
      'application/problem+json',
    ])
    expect(JSON.parse(answer)).toMatchObject({ code: 'too_large', status: 413 })
  })

  test.skipIf(!has)(
    'a token of nearly eight kilobytes passes, and browsers are told to come by https',
    async () => {
      const long = await signToken(secret, 'alice', { tier: 'ultra', x: 'x'.repeat(5_800) })
      expect(long.length).toBeGreaterThan(7_800)
      const { request, answered } = ask('GET', '/v1/me', undefined, undefined, {
        authorization: `Bearer ${long}`,
      })
      request.end()
      const { response, text: answer } = await answered
      expect([response.statusCode, JSON.parse(answer).user_id]).toEqual([200, 'alice'])
      expect(response.headers['strict-transport-security']).toMatch(/max-age=/)
    },
  )

  function ask(
    method: string,
    path: string,
    length?: number,
    type?: string,
    more: Record<string, string> = {},
  ) {
    const options: RequestOptions = {
      ...{ host: '127.0.0.1', port: proxy.port, servername: name, ca: certificate, method, path },
      localAddress: clientAddress,
      agent: false,
      headers: {
        ...{ host: name, authorization: `Bearer ${token}` },
        ...(length !== undefined && { 'content-length': length }),
        ...(type !== undefined && { 'content-type': type }),
        ...more,
      },
    }
    const request = requestHttps(options)
    const answered = once(request, 'response').then(async ([response]) => ({
      response: response as IncomingMessage,
      text: path === '/v1/events' ? '' : await text(response as IncomingMessage),
    }))
    return { request, answered }
  }

  async function upload(body: Multipart, more: Record<string, string> = {}) {
    const { request, answered } = ask('POST', '/v1/documents', body.length, body.type, more)
    request.end(body.bytes)
    const { response, text: answer } = await answered
    expect([response.statusCode, answer]).toEqual([202, expect.anything()])
    return { document: JSON.parse(answer).documents[0] as { id: string } }
  }

  /** Of uploads under way. */
  function receivedBytes(): number {
    const uploads = join(dataDir, 'alice', 'uploads')
    const sizes = filesIn(uploads).map((file) => statSync(join(uploads, file)).size)
    return Math.max(0, ...sizes)
  }
})

test.skipIf(!isLong || !hasProgram('systemd-analyze', '--version'))(
  'the systemd unit is one (CARREL_LONG=1, and systemd-analyze)',
  () => {
    const unit = readFileSync('deploy/carrel.service', 'utf8')
      .replace('/usr/bin/node', process.execPath)
      .replace('/opt/carrel/bin/carrel.mjs', join(process.cwd(), 'bin', 'carrel.mjs'))
      .replace('/opt/carrel\n', `${process.cwd()}\n`)
    const path = join(temporaryDirectory(), 'carrel.service')
    writeFileSync(path, unit)
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path])
    expect([status, stderr.toString()]).toEqual([0, ''])
  },
)

interface Multipart {
  readonly bytes: Buffer
  readonly length: number
  readonly type: string
}

function multipart(filename: string, content: Buffer): Multipart {
  const head = `--edge\r\nContent-Disposition: form-data; name="file"; filename="${filename}"\r\nContent-Type: text/plain\r\n\r\n`
  const bytes = Buffer.concat([Buffer.from(head), content, Buffer.from('\r\n--edge--\r\n')])
  return { bytes, length: bytes.length, type: 'multipart/form-data; boundary=edge' }
}

function lines(bytes: number): Buffer {
  return Buffer.alloc(bytes, 'An oak stood by the bridge, and nobody knew who had planted it.\n')
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.(?:json|lock|uuid|pem)$/.test(entry.name))
      .map((entry) => entry.name)
  } catch {
    return []
  }
}
