/** A server with a sign-in of its own, its fake provider, and browsers that keep cookies. */
import { expect } from 'vitest'
import type { AuthRequest } from '../../src/auth/principal.ts'
import { type Config, readConfig } from '../../src/config.ts'
import type { Control } from '../../src/control/control.ts'
import { SignInLinks } from '../../src/control/sign-in-links.ts'
import type { AppOptions } from '../../src/http/app.ts'
import { createIdentity, type Identity } from '../../src/identity.ts'
import { FakeProvider } from '../auth/fake-provider.ts'
import { temporaryDirectory } from '../helpers.ts'
import { memoryControl } from './fakes.ts'
import { jsonInit, startServer, type TestServer } from './harness.ts'

export const origin = 'https://library.example'
export const fake = await FakeProvider.start()

export interface Started {
  readonly server: TestServer
  /** What the audit was told: action, user, way. */
  readonly audited: string[]
  readonly identity: Identity
  readonly control: ReturnType<typeof fakeControl>
  /** The code of a link for somebody. */
  readonly links: (user: string) => Promise<string>
  readonly browser: Browser
  readonly other: Browser
}

let one: Pick<Started, 'identity' | 'control'> | undefined
/** Identity is one for all tests that do not change its settings; a server is made for each. */
export async function shared(): Promise<Started> {
  const started = await start({}, one)
  one = started
  return started
}

export async function start(
  settings: Record<string, string> = {},
  before?: Pick<Started, 'identity' | 'control'>,
): Promise<Started> {
  const control = before?.control ?? fakeControl()
  const identity =
    before?.identity ??
    (await createIdentity(configOf(settings), control as unknown as Control, control.tiers))
  const { authenticate, signIn, users } = identity
  const audited: string[] = []
  const audit: AppOptions['audit'] = {
    write: async () => undefined,
    noteRefusal: async () => undefined,
    check: () => Promise.reject(new Error('nobody asks')),
    note: async ({ action, actor, via, outcome }) => {
      const name = actor.kind === 'user' ? actor.name : actor.kind
      audited.push(`${action} ${name} ${via} ${outcome}`)
    },
  }
  const server = await startServer({ ...control, authenticate, signIn, users, audit })
  const links = async (user: string): Promise<string> => {
    const { url = '' } = (await users?.add(user, undefined)) ?? {}
    return url.slice(url.indexOf('#') + 1)
  }
  const browser = new Browser(server.url)
  return { server, audited, identity, control, links, browser, other: new Browser(server.url) }
}

/** Everything is durable at once, and nobody has a library yet. */
function fakeControl() {
  const links = new SignInLinks([], async () => undefined)
  return { ...memoryControl(), links, tenant: () => undefined }
}

function configOf(settings: Record<string, string>): Config {
  return readConfig({
    DATA_DIR: temporaryDirectory(),
    OIDC_ISSUER: fake.url,
    OIDC_CLIENT_ID: fake.clientId,
    PUBLIC_URL: origin,
    SIGN_IN_LINKS: 'on',
    ...settings,
  })
}

export function requestOf(headers: Record<string, string>): AuthRequest {
  return { method: 'GET', url: '/v1/me', headers, rawHeaders: Object.entries(headers).flat() }
}

/** Keeps cookies and follows no redirect. */
export class Browser {
  readonly jar = new Map<string, string>()
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  url(path: string): string {
    return this.#url + path
  }

  /** The session, as a header. */
  get cookie(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (init.method === 'POST' && !headers.has('origin')) headers.set('origin', origin)
    if (this.jar.size > 0) headers.set('cookie', this.cookie)
    const response = await fetch(this.url(path), { ...init, headers, redirect: 'manual' })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '') this.jar.delete(name)
      else this.jar.set(name, value)
    }
    return response
  }

  async get(path: string, init: RequestInit = {}) {
    const response = await this.fetch(path, init)
    return { response, location: response.headers.get('location') ?? '' }
  }

  async signIn(): Promise<void> {
    const { location } = await this.get('/auth/sign-in')
    const { response } = await this.get(`/auth/callback${fake.authorize(location)}`)
    expect(response.status).toBe(303)
  }

  redeem(code: string, from = origin): Promise<Response> {
    const init = jsonInit('POST', { code })
    return this.fetch('/auth/link', { ...init, headers: { ...init.headers, origin: from } })
  }

  async me(): Promise<unknown> {
    const response = await this.fetch('/v1/me')
    expect(response.status).toBe(200)
    return response.json()
  }
}
