/** A server on a free port over tenants that live in memory, with real upload directories. */
import { createHash, randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { mkdtempSync, readdirSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { SignJWT } from 'jose'
import { Registry } from 'prom-client'
import { expect, onTestFinished } from 'vitest'
import { z } from 'zod'
import { createJwtAuthenticator } from '../../src/auth/jwt.ts'
import type { Principal } from '../../src/auth/principal.ts'
import { randomId } from '../../src/base/ids.ts'
import { createLog } from '../../src/base/log.ts'
import { Problem } from '../../src/base/problem.ts'
import type { TenantHandle, UploadFile } from '../../src/control/tenant-directory.ts'
import { type AppOptions, createApp } from '../../src/http/app.ts'
import { createHttpServer, type HttpServer, type ServerLimits } from '../../src/http/server.ts'
import { type documentSchema, documentsSchema, problemSchema } from '../../src/http/wire.ts'
import type { DocumentView } from '../../src/library/documents.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import type { OperationName, Operations } from '../../src/threads/operations.ts'

export const secret = 'a secret of at least thirty-two bytes'
export const adminToken = 'an-admin-token-of-some-length'

/** One tenant's library. What it cannot do is left to the real one. */
export class MemoryTenant {
  readonly id: TenantId
  readonly directory = mkdtempSync(join(tmpdir(), 'carrel-http-'))
  readonly documents = new Map<string, DocumentView & { extension: string }>()
  readonly calls: { name: string; args: unknown }[] = []
  /** Asked before each operation: throw to fail it. */
  before: (name: string, args: unknown) => void | Promise<void> = () => undefined
  /** Originals handed out and not closed again. */
  readonly originalsOpen = new Set<number>()

  uploadsReleased = 0

  constructor(id: TenantId) {
    this.id = id
  }

  uploads(): string[] {
    return readdirSync(this.directory).filter((name) => name.endsWith('.upload'))
  }

  handle(): TenantHandle {
    return {
      id: this.id,
      call: async <Name extends OperationName>(name: Name, args: Operations[Name]['args']) => {
        this.calls.push({ name, args })
        await this.before(name, args)
        return structuredClone(await this.#run(name, args)) as Operations[Name]['result']
      },
      openUpload: () => this.#openUpload(),
      openOriginal: (sha256, extension) => this.#openOriginal(sha256, extension),
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: the fake answers every operation's arguments
  async #run(name: OperationName, args: any): Promise<unknown> {
    switch (name) {
      case 'account.show':
        return { documents: this.documents.size, bytes: this.#bytes(), passages: 0 }
      case 'documents.create':
        return this.#create(args)
      case 'documents.list':
        return {
          items: [...this.documents.values()].map(view).slice(0, args.limit),
          next_cursor: null,
        }
      case 'documents.get':
      case 'documents.reprocess':
      case 'documents.cancel':
        return view(this.#find(args.id))
      case 'documents.update':
        Object.assign(this.#find(args.id), { title: args.title, tags: args.tags })
        return view(this.#find(args.id))
      case 'documents.delete':
        this.documents.delete(this.#find(args.id).id)
        return null
      case 'documents.original': {
        const { sha256, extension, media_type, filename, bytes } = this.#find(args.id)
        return { sha256, extension, media_type, filename, bytes }
      }
      case 'documents.page':
        this.#find(args.id)
        return { page: args.number, label: null, text: 'a page' }
      case 'search':
        return { hits: [], mode: args.mode, corrected: [] }
      default:
        throw new Error(`the fake has no ${name}`)
    }
  }

  #bytes(): number {
    return this.documents.values().reduce((sum, document) => sum + document.bytes, 0)
  }

  #find(id: string): DocumentView & { extension: string } {
    const document = this.documents.get(id)
    if (!document) throw new Problem('not_found', 'There is no such document in your library.')
    return document
  }

  async #create(args: Operations['documents.create']['args']): Promise<DocumentView> {
    const same = this.documents.values().find(({ sha256 }) => sha256 === args.sha256)
    if (same) return view(same)
    const path = join(this.directory, `${args.uploadName}.upload`)
    const content = await readFile(path)
    if (createHash('sha256').update(content).digest('hex') !== args.sha256)
      throw new Error('the hash is not that of the file')
    await rename(path, join(this.directory, `${args.sha256}.${args.extension}`))
    const now = '2026-11-21T00:00:00.000Z'
    const document = {
      id: randomId('doc'),
      title: args.title ?? args.filename,
      filename: args.filename,
      media_type: args.mediaType,
      extension: args.extension,
      bytes: args.bytes,
      sha256: args.sha256,
      language: null,
      pages: null,
      passages: 0,
      tags: args.tags,
      status: 'queued' as const,
      progress: 0,
      error: null,
      report: null,
      created_at: now,
      updated_at: now,
    }
    this.documents.set(document.id, document)
    return view(document)
  }

  async #openUpload(): Promise<UploadFile> {
    await this.before('openUpload', null)
    await mkdir(this.directory, { recursive: true })
    const name = randomBytes(16).toString('hex')
    const path = join(this.directory, `${name}.upload`)
    const handle = await open(path, 'wx', 0o600)
    return {
      name,
      handle,
      release: async () => {
        this.uploadsReleased++
        await handle.close().catch(() => undefined)
        await rm(path, { force: true })
      },
    }
  }

  async #openOriginal(sha256: string, extension: string) {
    const handle = await open(join(this.directory, `${sha256}.${extension}`))
    const { fd } = handle
    this.originalsOpen.add(fd)
    const closing: unknown = handle
    if (closing instanceof EventEmitter) closing.once('close', () => this.originalsOpen.delete(fd))
    return handle
  }
}

function view({ extension: _, ...document }: DocumentView & { extension: string }): DocumentView {
  return document
}

export interface LogLine {
  readonly level: number
  readonly msg?: string
  readonly [field: string]: unknown
}

export interface TestServer {
  readonly url: string
  readonly port: number
  readonly http: HttpServer
  readonly options: AppOptions
  readonly logged: LogLine[]
  /** The tenant, made when it is first asked for. */
  tenant(id: string): MemoryTenant
  /** A request as `user`, by default with everything a user may do. */
  as(user: string, path: string, init?: RequestInit): Promise<Response>
}

export async function startServer(
  given: Partial<AppOptions> = {},
  limits: Partial<ServerLimits> = {},
): Promise<TestServer> {
  const tenants = new Map<string, MemoryTenant>()
  const tenant = (id: string): MemoryTenant => {
    const found = tenants.get(id) ?? new MemoryTenant(id as TenantId)
    tenants.set(id, found)
    return found
  }
  const logged: LogLine[] = []
  const options: AppOptions = {
    authenticate: createJwtAuthenticator({ secret }),
    tenants: async (principal: Principal) => tenant(principal.tenant).handle(),
    readiness: () => ({ ready: true, checks: { shards: 'ok' } }),
    mediaTypes: { detect: detectText, accepted: 'plain text and PDF' },
    registry: new Registry(),
    log: createLog('info', lines(logged)),
    adminToken,
    version: '0.0.0-test',
    ...given,
  }
  const http = createHttpServer(createApp(options), limits)
  const { port } = (await http.listen(0, '127.0.0.1')) as AddressInfo
  const url = `http://127.0.0.1:${port}`
  onTestFinished(async () => {
    await http.close(100)
    for (const { directory } of tenants.values()) await rm(directory, { recursive: true })
  })
  return {
    url,
    port,
    http,
    options,
    logged,
    tenant,
    as: async (user, path, init = {}) => {
      const headers = new Headers(init.headers)
      headers.set('Authorization', `Bearer ${await tokenOf({ sub: user })}`)
      return fetch(url + path, { ...init, headers })
    },
  }
}

/** A token signed with the server's key, an hour long unless the claims say otherwise. */
export function tokenOf(claims: Record<string, unknown>, key = secret): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT({ iat: now, exp: now + 3_600, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(key))
}

export function jsonInit(method: string, body: unknown): RequestInit {
  return {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  }
}

export function form(files: readonly [name: string, content: string | Uint8Array][]): FormData {
  const data = new FormData()
  for (const [name, content] of files) data.append('file', new Blob([Buffer.from(content)]), name)
  return data
}

/** The problem that an answer is, checked against what every problem has to look like. */
export async function problemOf(response: Response): Promise<z.output<typeof problemSchema>> {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const problem = z.strictObject(problemSchema.shape).parse(await response.json())
  expect(problem.status).toBe(response.status)
  expect(problem.request_id).toBe(response.headers.get('x-request-id'))
  return problem
}

/** The documents of an upload's answer. */
export async function documentsOf(response: Response): Promise<z.output<typeof documentSchema>[]> {
  expect(response.status).toBe(202)
  return documentsSchema.parse(await response.json()).documents
}

/** The first document of an upload's answer. */
export async function documentOf(response: Response): Promise<z.output<typeof documentSchema>> {
  const [document] = await documentsOf(response)
  if (!document) throw new Error('the answer has no document')
  return document
}

function detectText(head: Uint8Array, filename: string) {
  if (Buffer.from(head.subarray(0, 5)).toString() === '%PDF-')
    return { mediaType: 'application/pdf', extension: 'pdf' }
  if (/\.txt$/i.test(filename)) return { mediaType: 'text/plain', extension: 'txt' }
  return undefined
}

function lines(logged: LogLine[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().trim().split('\n')) logged.push(JSON.parse(line))
      done()
    },
  })
}
