/** The web app: files that were built beforehand, known by name before anybody asks, under a content policy of their own. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Request, RequestHandler, Response } from 'express'
import { exchangeOf, setStandingHeaders } from './exchange.ts'

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
  '.pdf': 'application/pdf',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
}
/** Addresses that are screens of the app: it reads them itself. */
const screens =
  /^\/(?:search|account|docs|sign-in|(?:chat|admin)(?:\/[^/]+)?|read\/[^/]+(?:\/\d+)?)?$/
const page = '/index.html'
const notBuilt =
  'The web app is not built: run `npm ci && npm start` in Carrel’s folder. The API works without it, see /openapi.json.\n'

/** Only our own scripts, no inline ones, and no text that becomes a script or markup unless the one named policy made it. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types carrel-worker',
].join('; ')
/** The worker that draws PDFs decodes some images by WebAssembly; it has neither the page nor its markup. */
const workerPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
const workerFile = /\/pdf\.worker[^/]*$/

interface WebFile {
  readonly path: string
  readonly bytes: number
  readonly mediaType: string
  /** The same, compressed. */
  readonly gzip: { readonly path: string; readonly bytes: number } | undefined
}

/**
 * Answers GET for the app's screens and files and hands everything else on, so that it stands after the API's routes.
 * @param root the folder of the built app; without one, screens say in a sentence how to build it
 */
export function serveWeb(root: string): RequestHandler {
  let app: { files: ReadonlyMap<string, WebFile>; etag: string } | undefined
  return async (request, response, next) => {
    const isScreen = screens.test(request.path)
    if (request.method !== 'GET' && request.method !== 'HEAD') return next()
    app ??= readApp(root)
    // Looked up by name and never joined to a path: what is not in the list is not there.
    const file = app?.files.get(isScreen ? page : request.path)
    if (!file && !isScreen) return next()
    exchangeOf(response).route = 'web'
    setStandingHeaders(response)
    if (!app || !file) sendNotBuilt(response)
    else if (isScreen || request.path === page) await sendPage(request, response, file, app.etag)
    else await sendAsset(request, response, file)
  }
}

function readApp(root: string) {
  if (!existsSync(join(root, page))) return undefined
  const files = new Map<string, WebFile>()
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.startsWith('.') || entry.name.endsWith('.gz')) continue
    const path = join(entry.parentPath, entry.name)
    const gzipPath = `${path}.gz`
    files.set(path.slice(root.length).replaceAll('\\', '/'), {
      path,
      bytes: statSync(path).size,
      mediaType: mediaTypes[extname(entry.name)] ?? 'application/octet-stream',
      gzip: existsSync(gzipPath) ? { path: gzipPath, bytes: statSync(gzipPath).size } : undefined,
    })
  }
  const digest = createHash('sha256')
    .update(readFileSync(join(root, page)))
    .digest('base64url')
  return { files, etag: `"${digest}"` }
}

/** Asked again every time: it names the files of the version that is there. */
async function sendPage(request: Request, response: Response, file: WebFile, etag: string) {
  response.setHeader('Cache-Control', 'no-cache')
  response.setHeader('Content-Security-Policy', pagePolicy)
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
  response.setHeader('ETag', etag)
  if (request.headers['if-none-match'] === etag) {
    response.statusCode = 304
    response.end()
    return
  }
  await send(request, response, file)
}

/** Its name changes with its content, so it is never asked for twice. */
async function sendAsset(request: Request, response: Response, file: WebFile) {
  response.setHeader('Cache-Control', 'public, max-age=31536000, immutable')
  if (workerFile.test(request.path)) response.setHeader('Content-Security-Policy', workerPolicy)
  await send(request, response, file)
}

async function send(request: Request, response: Response, file: WebFile): Promise<void> {
  const compressed = request.acceptsEncodings('gzip') === 'gzip' ? file.gzip : undefined
  response.setHeader('Content-Type', file.mediaType)
  response.setHeader('Vary', 'Accept-Encoding')
  if (compressed) response.setHeader('Content-Encoding', 'gzip')
  const { path, bytes } = compressed ?? file
  response.setHeader('Content-Length', bytes)
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  await pipeline(createReadStream(path), response).catch((error) => {
    if (!response.destroyed) throw error
  })
}

function sendNotBuilt(response: Response): void {
  response.statusCode = 503
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.end(notBuilt)
}
