/** A server on a free port over tenants that live in memory, with real upload directories. */
import { rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { SignJWT } from 'jose'
import { Registry } from 'prom-client'
import { expect, onTestFinished } from 'vitest'
import { z } from 'zod'
import { createJwtAuthenticator } from '../../src/auth/jwt.ts'
import type { Principal } from '../../src/auth/principal.ts'
import { createLog } from '../../src/base/log.ts'
import { ChatKeys } from '../../src/control/chat-keys.ts'
import { Secrets } from '../../src/control/secrets.ts'
import { Webhooks } from '../../src/control/webhooks.ts'
import { type AppOptions, createApp } from '../../src/http/app.ts'
import { EventStreams } from '../../src/http/event-streams.ts'
import { createHttpServer, type HttpServer, type ServerLimits } from '../../src/http/server.ts'
import { type documentSchema, documentsSchema, problemSchema } from '../../src/http/wire.ts'
import { Chat } from '../../src/rag/chat.ts'
import { type TenantId, tenantOf } from '../../src/tenancy/tenant-id.ts'
import { memoryControl } from './fakes.ts'
import { MemoryTenant } from './memory-tenant.ts'

export const secret = 'a secret of at least thirty-two bytes'
export const adminToken = 'an-admin-token-of-some-length'

/** What an operator can do is tested with a real server. */
const lifecycle = {} as AppOptions['lifecycle']
const snapshots = {} as AppOptions['snapshots']
const imports = {} as AppOptions['imports']
const fleet = {} as AppOptions['fleet']

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
  const authenticate = given.authenticate ?? createJwtAuthenticator({ secret })
  const options: AppOptions = {
    ...memoryControl(),
    authenticate,
    streams: new EventStreams(authenticate),
    tenants: async (principal: Principal) => tenant(principal.tenant).handle(),
    chat: new Chat(),
    readiness: () => ({ ready: true, checks: { shards: 'ok' } }),
    serverState: () => ({
      tenants: 0,
      shards: [],
      jobs_running: 0,
      tenants_with_jobs: 0,
      vectors_pending: 0,
      answers_running: 0,
    }),
    examine: async () => [],
    intake: {
      mediaTypes: { detect: detectText, accepted: 'plain text and PDF' },
      expand: () => Promise.reject(new Error('the fake has no reader')),
    },
    registry: new Registry(),
    log: createLog('info', lines(logged)),
    adminToken,
    lifecycle,
    snapshots,
    usage: {
      flush: async () => undefined,
      request: () => undefined,
      chatTokens: () => undefined,
      chatTokensToday: () => 0,
    },
    audit: {
      write: async () => undefined,
      note: async () => undefined,
      noteRefusal: async () => undefined,
      check: () => Promise.reject(new Error('the fake has no audit')),
    },
    webhooks: {
      all: new Webhooks([], async () => undefined, new Secrets([Buffer.alloc(32)])),
      sender: { replay: async () => undefined },
      isPrivate: true,
    },
    chatKeys: new ChatKeys({
      all: [],
      secrets: new Secrets([Buffer.alloc(32)]),
      write: async () => undefined,
      isThere: () => true,
    }),
    sealing: {
      unopened: async () => [],
      rotate: async () => ({ key: 'k', resealed: 0, unopened: [] }),
    },
    tenantNamed: (user) => tenantOf(user),
    ask: (async () => []) as AppOptions['ask'],
    imports,
    fleet,
    undoMigration: () => Promise.reject(new Error('the fake has no migrations')),
    copyControl: () => Promise.reject(new Error('the fake has no records')),
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
