/** The key set: what is known keeps working while the other side is away, lies, hangs or floods. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createJwks, type Jwks, type JwksOptions } from '../../src/auth/jwks.ts'
import { createJwtAuthenticator } from '../../src/auth/jwt.ts'
import type { Authenticate } from '../../src/auth/principal.ts'
import { bearer, good, jwkOf, nowMs, pairs, refusal, signed } from './tokens.ts'

const url = 'https://id.example/jwks'
const set = (...keys: object[]): string => JSON.stringify({ keys })
const first = jwkOf(pairs.rsa, { kid: 'one' })
const second = jwkOf(pairs.ec, { kid: 'two' })

test('an outage of an hour: known keys keep working, with two fetches a minute at most', async () => {
  const world = newWorld(() => new Response(set(first)))
  expect(await world.enter('one')).toBe('alice')
  world.answer = () => {
    throw new TypeError('fetch failed')
  }
  const fetched: number[] = []
  for (let second = 0; second < 3_600; second += 5) {
    world.timeMs += 5_000
    const before = world.jwks.fetches
    expect(await world.enter('one')).toBe('alice')
    expect(
      (await refusal(world.authenticate(bearer(await world.token(`new-${second}`))))).code,
    ).toBe('unauthorized')
    await settled()
    for (let i = before; i < world.jwks.fetches; i++) fetched.push(world.timeMs)
  }
  for (const [at, ms] of fetched.entries())
    if (at >= 2) expect(ms - (fetched[at - 2] ?? 0)).toBeGreaterThanOrEqual(60_000)
  expect(fetched.length).toBeGreaterThan(5)
  expect(world.jwks.status()).toMatch(/could not be reached; the keys of 60 minutes ago serve/)
  world.answer = () => new Response(set(first))
  world.timeMs += 300_000
  await world.enter('one')
  await settled()
  expect(world.jwks.status()).toBe('ok')
})

test('the last good set outlives a restart; that of another address does not count', async () => {
  const world = newWorld(() => new Response(set(first)))
  await world.enter('one')
  const kept = world.kept
  const away = () => {
    throw new TypeError('fetch failed')
  }
  expect(await newWorld(away, { kept }).enter('one')).toBe('alice')
  const elsewhere = newWorld(away, { kept, url: 'https://other.example/jwks' })
  const problem = await refusal(elsewhere.authenticate(bearer(await elsewhere.token('one'))))
  // Not 401: nobody knows whether the token is good.
  expect(problem).toMatchObject({ code: 'overloaded', retryAfterS: 30 })
})

test('two hundred unknown kids are one fetch, and a new key is found by it', async () => {
  const world = newWorld(() => new Response(set(first)))
  await world.enter('one')
  world.timeMs += 30_000
  world.answer = () => new Response(set(first, second))
  const tokens = await Promise.all(
    Array.from({ length: 200 }, (_, i) => world.token(`kid-${i}`, 'ES256')),
  )
  const outcomes = await Promise.all(
    tokens.map((token) => refusal(world.authenticate(bearer(token)))),
  )
  expect(outcomes.every(({ code }) => code === 'unauthorized')).toBe(true)
  expect(await world.enter('two', 'ES256')).toBe('alice')
  expect(world.jwks.fetches).toBe(2)
})

test('a key that leaves its set takes its remembered tokens along', async () => {
  const world = newWorld(() => new Response(set(first, second)))
  expect(await world.enter('two', 'ES256')).toBe('alice')
  world.answer = () => new Response(set(first))
  world.timeMs += 600_000
  await world.enter('one')
  await settled()
  expect((await refusal(world.authenticate(bearer(await world.token('two', 'ES256'))))).code).toBe(
    'unauthorized',
  )
})

test('a set that lies changes nothing', async () => {
  const world = newWorld(() => new Response(set(first)))
  await world.enter('one')
  for (const lie of [
    'nonsense',
    '[]',
    '{}',
    '{"keys":{}}',
    set(),
    set({ kty: 'oct', k: 'c2VjcmV0', kid: 'one', alg: 'HS256' }),
    set({ ...pairs.ec.privateKey.export({ format: 'jwk' }), kid: 'one' }),
    set(jwkOf(pairs.rsaShort, { kid: 'one' })),
    set({ kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: 'one' }),
  ]) {
    world.answer = () => new Response(lie)
    world.timeMs += 600_000
    expect(await world.enter('one')).toBe('alice')
    await settled()
    expect(world.jwks.status()).not.toBe('ok')
  }
})

test.each<[string, RequestListener, RegExp]>([
  ['sends without end', (_, response) => void flood(response), /larger than/],
  ['hangs', () => undefined, /no answer within/],
  [
    'sends its caller elsewhere',
    (_, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    /302/,
  ],
  ['fails', (_, response) => void response.writeHead(500).end('x'), /500/],
])('a real server that %s is given up', { timeout: 15_000 }, async (_, listener, words) => {
  const server = createServer(listener).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const jwks = createJwks({ url: `http://127.0.0.1:${port}/`, save: async () => undefined })
  await expect(Promise.try(() => jwks.find({ alg: 'RS256', kid: 'one' }))).rejects.toMatchObject({
    code: 'overloaded',
  })
  expect(jwks.status()).toMatch(words)
})

function flood(response: Parameters<RequestListener>[1]): void {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  const more = (): void => {
    while (response.write(chunk));
    response.once('drain', more)
  }
  more()
}

function newWorld(answer: () => Response, options: Partial<JwksOptions> = {}) {
  return new World(answer, options)
}

/** A server with a key set that the test answers for, and a clock of its own. */
class World {
  answer: () => Response
  timeMs = nowMs
  kept = ''
  readonly jwks: Jwks
  readonly authenticate: Authenticate

  constructor(answer: () => Response, options: Partial<JwksOptions>) {
    this.answer = answer
    this.jwks = createJwks({
      url,
      fetch: async () => this.answer(),
      nowMs: () => this.timeMs,
      save: async (text) => {
        this.kept = text
      },
      ...options,
    })
    this.authenticate = createJwtAuthenticator({ jwks: this.jwks, nowMs: () => this.timeMs })
  }

  token(kid: string, alg: 'RS256' | 'ES256' = 'RS256'): Promise<string> {
    const { privateKey } = alg === 'RS256' ? pairs.rsa : pairs.ec
    return signed({ ...good, exp: good.exp + 86_400 }, privateKey, { alg, kid })
  }

  async enter(kid: string, alg?: 'RS256' | 'ES256'): Promise<string> {
    return (await this.authenticate(bearer(await this.token(kid, alg)))).tenant
  }
}

/** Lets a fetch that nobody waits for end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
}
