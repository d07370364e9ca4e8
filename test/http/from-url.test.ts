/** Fetching by address: what is fetched, and everything that is not. The web is a local server under names of our own. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Problem } from '../../src/base/problem.ts'
import { isPublicAddress } from '../../src/http/public-address.ts'
import { documentOf, jsonInit, problemOf, startServer } from './harness.ts'

const text = 'It is a truth universally acknowledged.'
const isPublic = (address: string): boolean => address === '127.0.0.1' || isPublicAddress(address)

async function start(web: RequestListener, { fileBytesMax = 10_000, idleMs = 5_000 } = {}) {
  const other = createServer(web)
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    other.closeAllConnections()
    other.close()
  })
  const resolved: string[] = []
  const resolve = async (hostname: string): Promise<string[]> => {
    resolved.push(hostname)
    if (hostname === 'web.test') return ['127.0.0.1']
    if (hostname === 'inside.test') return ['10.0.0.7']
    if (hostname === 'both.test') return ['127.0.0.1', '169.254.169.254']
    throw new Error('ENOTFOUND')
  }
  const server = await startServer({
    fromUrl: { resolve, isAllowed: isPublic },
    limits: { fileBytesMax, idleMs },
  })
  const { port } = other.address() as AddressInfo
  const fetchIt = (url: string, more = {}) =>
    server.as('alice', '/v1/documents/from-url', jsonInit('POST', { url, ...more }))
  return { server, fetchIt, resolved, base: `http://web.test:${port}`, port }
}

test('a file is fetched from the very address that was looked up, and is a document', async () => {
  const asked: unknown[] = []
  const { fetchIt, base, resolved, server } = await start((request, response) => {
    asked.push(request.headers)
    response.setHeader('Content-Disposition', `attachment; filename*=UTF-8''Pride%20%C3%A9.txt`)
    response.setHeader('Set-Cookie', 'a=b')
    response.end(text)
  })
  const answer = await fetchIt(`${base}/x`, { title: 'Pride', tags: ['novel'] })
  expect(await documentOf(answer)).toMatchObject({
    filename: 'Pride é.txt',
    title: 'Pride',
    tags: ['novel'],
    bytes: text.length,
  })
  expect(resolved).toEqual(['web.test'])
  expect(asked).toEqual([
    {
      accept: '*/*',
      'accept-encoding': 'identity',
      connection: 'close',
      host: base.slice(7),
      'user-agent': 'Carrel',
    },
  ])
  expect(server.tenant('alice').uploads()).toEqual([])
})

test('redirects are followed, each looked up anew, and the last address names the file', async () => {
  const { fetchIt, base, resolved } = await start((request, response) => {
    if (request.url === '/a') response.writeHead(302, { Location: '/b' }).end()
    else if (request.url === '/b')
      response.writeHead(308, { Location: 'c/my%20file.txt?x=1' }).end()
    else response.end(text)
  })
  expect((await documentOf(await fetchIt(`${base}/a`))).filename).toBe('my file.txt')
  expect(resolved).toEqual(['web.test', 'web.test', 'web.test'])
})

test.each([
  ['ftp://web.test/x', 'begins with http'],
  ['file:///etc/passwd', 'begins with http'],
  ['nonsense', 'begins with http'],
  ['http://user:secret@web.test/', 'password'],
  ['http://web.test:22/', 'Port 22'],
  ['http://inside.test/', 'not a public address'],
  ['http://both.test/', 'not a public address'],
  ['http://169.254.169.254/latest/meta-data/', 'not a public address'],
  ['http://0x7f.1/', undefined],
  ['http://2130706433/', undefined],
  ['http://[::1]/', 'not a public address'],
  ['http://[::ffff:10.0.0.1]/', 'not a public address'],
  ['http://[64:ff9b::a00:1]/', 'not a public address'],
  ['http://10.0.0.1/', 'not a public address'],
])('%s is refused, as an address and behind a redirect', async (url, words) => {
  const { fetchIt, base } = await start((_request, response) => {
    response.writeHead(302, { Location: url === 'nonsense' ? 'nonsense:x' : url }).end()
  })
  // Other spellings of 127.0.0.1, which this test's web is at: nothing listens there.
  if (words === undefined) expect((await problemOf(await fetchIt(url))).code).toBe('fetch_failed')
  else
    for (const first of [url, base]) {
      const problem = await problemOf(await fetchIt(first))
      expect(problem).toMatchObject({ status: 400, code: 'invalid_request' })
      expect(problem.detail).toContain(words)
    }
})

test('what is too large, endless, slow, compressed, missing or cut is not taken', async () => {
  let turns = 0
  const { fetchIt, base, server, port } = await start(
    (request, response) => {
      switch (request.url) {
        case '/announced':
          return response.writeHead(200, { 'Content-Length': 10_001 }).write('x')
        case '/endless': {
          const more = (): void => {
            while (!response.destroyed && response.write('x'.repeat(1_000)));
          }
          response.on('drain', more)
          return more()
        }
        case '/silent':
          return response.write('some')
        case '/drip': {
          const timer = setInterval(() => response.write('x'), 50)
          return response.once('close', () => clearInterval(timer))
        }
        case '/packed':
          return response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('x')
        case '/missing':
          return response.writeHead(404).end('Not here.')
        case '/cut':
          response.writeHead(200, { 'Content-Length': 100 }).write('half')
          return setImmediate(() => response.destroy())
        case '/round':
          turns++
          return response.writeHead(302, { Location: '/round' }).end()
        case '/exe':
          return response.end('MZ')
      }
    },
    { idleMs: 300 },
  )
  const codes = new Map<string, string>()
  for (const path of 'announced endless silent drip packed missing cut round exe'.split(' '))
    codes.set(path, (await problemOf(await fetchIt(`${base}/${path}`))).code)
  expect(Object.fromEntries(codes)).toEqual({
    announced: 'too_large',
    endless: 'too_large',
    silent: 'fetch_failed',
    drip: 'fetch_failed',
    packed: 'fetch_failed',
    missing: 'fetch_failed',
    cut: 'fetch_failed',
    round: 'fetch_failed',
    exe: 'unsupported_media_type',
  })
  expect(turns).toBe(6)
  expect((await problemOf(await fetchIt('http://unknown.test/'))).detail).toContain(
    'cannot be found',
  )
  expect((await problemOf(await fetchIt(`http://web.test:${port + 1}/`))).code).toBe('fetch_failed')
  expect(server.tenant('alice').uploads()).toEqual([])
  expect(server.tenant('alice').documents.size).toBe(0)
})

test('without the operator’s leave nothing is fetched, and one user has two at a time', async () => {
  const off = await startServer()
  const init = jsonInit('POST', { url: 'http://example.org/' })
  expect((await problemOf(await off.as('alice', '/v1/documents/from-url', init))).code).toBe(
    'forbidden',
  )
  const { promise: all, resolve: arrived } = Promise.withResolvers<void>()
  const { promise: go, resolve: release } = Promise.withResolvers<void>()
  let count = 0
  const { fetchIt, base } = await start(async (request, response) => {
    if (++count === 2) arrived()
    await go
    response.end(`${text} ${request.url}`)
  })
  const two = ['a.txt', 'b.txt'].map((name) => fetchIt(`${base}/${name}`))
  await all
  const third = await fetchIt(`${base}/c.txt`)
  expect((await problemOf(third)).code).toBe('too_many_requests')
  release()
  for (const one of two) expect((await one).status).toBe(202)
  expect((await fetchIt(`${base}/c.txt`)).status).toBe(202)
})

test('public is what IANA assigned to the public', () => {
  for (const address of ['1.1.1.1', '93.184.216.34', '2606:4700:4700::1111', '2a00:1450::1'])
    expect(isPublicAddress(address), address).toBe(true)
  const others =
    '0.0.0.0 127.0.0.1 127.255.255.255 10.1.2.3 100.64.0.1 169.254.169.254 172.31.255.255 192.168.1.1 192.0.0.8 198.19.0.1 224.0.0.1 255.255.255.255 240.0.0.1 :: ::1 fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 ff02::1 ::ffff:8.8.8.8 ::8.8.8.8 64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:808:808::1 3fff::1 4000::1 localhost 1.2.3'
  for (const address of others.split(' ')) expect(isPublicAddress(address), address).toBe(false)
})

test('a tier’s largest file counts, and without room nothing is asked for', async () => {
  let asked = 0
  const { server, fetchIt, base } = await start((_request, response) => {
    asked++
    response.end(text)
  })
  const tenant = server.tenant('alice')
  tenant.limits = { ...tenant.limits, upload_bytes: text.length - 1 }
  expect(await problemOf(await fetchIt(`${base}/a.txt`))).toMatchObject({ code: 'too_large' })
  expect([asked, tenant.reserved]).toEqual([1, 0])
  tenant.before = (name) => {
    if (name === 'reserve') throw new Problem('quota_exceeded', 'Full.')
  }
  expect(await problemOf(await fetchIt(`${base}/a.txt`))).toMatchObject({ code: 'quota_exceeded' })
  expect(asked).toBe(1)
})
