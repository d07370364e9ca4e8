/** The web app's files over HTTP: policy, caching, what is not a file of it, and no build at all. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../helpers.ts'
import { problemOf, startServer } from './harness.ts'

const html = '<!doctype html><title>An app</title>'
const script = 'console.log("an app")\n'.repeat(50)

function builtApp(): string {
  const root = join(temporaryDirectory(), 'dist')
  mkdirSync(join(root, 'assets'), { recursive: true })
  writeFileSync(join(root, 'index.html'), html)
  writeFileSync(join(root, '.sources'), 'a hash')
  writeFileSync(join(root, '../secret.txt'), 'nobody’s')
  writeFileSync(join(root, 'assets/index-1a2b.js'), script)
  writeFileSync(join(root, 'assets/index-1a2b.js.gz'), gzipSync(script))
  writeFileSync(join(root, 'assets/pdf.worker.min-3c4d.mjs'), script)
  return root
}

/** As it is, without what `fetch` makes of an address. */
function statusOf(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ port, path, host: '127.0.0.1' }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

test('every screen is the one page, asked again each time, under a strict policy', async () => {
  const { url } = await startServer({ webRoot: builtApp() })
  for (const path of [
    '/',
    '/search?q=oak',
    '/read/doc_1',
    '/read/doc_1/12?q=x',
    '/account',
    '/sign-in',
  ]) {
    const response = await fetch(url + path)
    expect([path, response.status, await response.text()]).toEqual([path, 200, html])
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-cache')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'; script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    const etag = response.headers.get('etag') ?? ''
    const again = await fetch(url + path, { headers: { 'If-None-Match': etag } })
    expect([again.status, await again.text()]).toEqual([304, ''])
  }
})

test('files are kept for good and come compressed to those who ask for it', async () => {
  const { url } = await startServer({ webRoot: builtApp() })
  const path = `${url}/assets/index-1a2b.js`
  const packed = await fetch(path)
  expect(packed.headers.get('content-encoding')).toBe('gzip')
  expect(packed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect(packed.headers.get('vary')).toBe('Accept-Encoding')
  expect(await packed.text()).toBe(script)
  const plain = await fetch(path, { headers: { 'Accept-Encoding': 'identity' } })
  expect(plain.headers.get('content-encoding')).toBeNull()
  expect(plain.headers.get('content-length')).toBe(String(script.length))
  expect(await plain.text()).toBe(script)
  const head = await fetch(path, { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
  const worker = await fetch(`${url}/assets/pdf.worker.min-3c4d.mjs`)
  expect(worker.headers.get('content-security-policy')).toContain("'wasm-unsafe-eval'")
})

test('what is not a file of the app is not there, however it is asked for', async () => {
  const { url, port } = await startServer({ webRoot: builtApp() })
  for (const path of [
    '/assets/../../secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/..%5csecret.txt',
    '//secret.txt',
    '/%2e%2e/secret.txt',
    '/.sources',
    '/assets/index-1a2b.js.gz',
    '/assets/',
    '/assets',
    '/read/a/b/c',
    '/nothing',
  ])
    expect([path, await statusOf(port, path)]).toEqual([path, 404])
  expect((await problemOf(await fetch(`${url}/nothing`))).code).toBe('not_found')
  expect((await fetch(url, { method: 'POST' })).status).toBe(404)
})

test('the API’s addresses are the API’s, and without a build the page says what to do', async () => {
  const root = join(temporaryDirectory(), 'none')
  const server = await startServer({ webRoot: root })
  expect((await fetch(`${server.url}/v1/me`)).status).toBe(401)
  expect((await server.as('ann', '/v1/me')).status).toBe(200)
  const missing = await fetch(server.url)
  expect(missing.status).toBe(503)
  expect(await missing.text()).toMatch(/not built: run `npm ci && npm start`/)
  mkdirSync(root)
  writeFileSync(join(root, 'index.html'), html)
  expect(await (await fetch(server.url)).text()).toBe(html)
})
