/** What Carrel is measured against, a process of its own: the same SELECT behind bare `node:http`, Express, or Express with what people add to it. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import BetterSqlite3 from 'better-sqlite3'
import express from 'express'
import helmet from 'helmet'
import { jwtVerify } from 'jose'
import { pino } from 'pino'

const [kind = '', path = '', secret = ''] = process.argv.slice(2)
const db = new BetterSqlite3(path, { readonly: true })
const select =
  db.prepare(`SELECT seq, id, title, filename, media_type, extension, bytes, sha256, language, pages, passages,
  status, pages_done, pages_total, error, report, revision, created_at, updated_at FROM documents WHERE id = ?`)
const address = '/v1/documents/'

const listeners: Readonly<Record<string, () => RequestListener>> = {
  bare: () => (request, response) => {
    const row = select.get(request.url?.slice(address.length))
    const text = JSON.stringify(row ?? null)
    response.writeHead(row ? 200 : 404, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
    })
    response.end(text)
  },
  express: () => {
    const app = express()
    app.get(`${address}:id`, (request, response) => {
      const row = select.get(request.params.id)
      response.status(row ? 200 : 404).json(row ?? null)
    })
    return app
  },
  /** Security headers, a body parser, a token verified at every request, a line in the log. */
  stack: () => {
    const log = pino()
    const key = new TextEncoder().encode(secret)
    const app = express()
    app.use(helmet())
    app.use((request, response, next) => {
      const startMs = performance.now()
      response.on('finish', () => {
        const { method, url } = request
        log.info({ method, url, status: response.statusCode, ms: performance.now() - startMs })
      })
      next()
    })
    app.use(express.json())
    app.use(async (request, _response, next) => {
      await jwtVerify(request.headers.authorization?.slice('Bearer '.length) ?? '', key)
      next()
    })
    app.get(`${address}:id`, (request, response) => {
      const row = select.get(request.params.id)
      response.status(row ? 200 : 404).json(row ?? null)
    })
    return app
  },
}

const listener = listeners[kind]
if (!listener) throw new Error(`which peer? one of: ${Object.keys(listeners).join(', ')}`)
const server = createServer({ noDelay: true }, listener())
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
})
process.on('disconnect', () => process.exit())
