/**
 * Limits of requests under fifty clients that never rest. Within five percent means: over the minutes asked, between 95 % and
 * 105 % of limit × minutes are answered, while no sixty seconds anywhere hold more than the limit. The clock is the test's.
 */
import { expect, test } from 'vitest'
import { createKeyProof } from '../../src/auth/api-key.ts'
import { createAuthenticator } from '../../src/auth/authenticator.ts'
import { createJwtProof } from '../../src/auth/jwt.ts'
import { memoryControl } from './fakes.ts'
import { jsonInit, secret, startServer, type TestServer, tokenOf } from './harness.ts'

const isLong = process.env['CARREL_LONG'] === '1'
const clients = 50
const minutes = isLong ? 10 : 2
/** The fifty ask again so often. */
const stepS = isLong ? 2 : 10
const limit = 120

interface Case {
  readonly what: 'tenant' | 'key' | 'address'
  /** The credential and address of each client; what is not limited differs from client to client. */
  readonly headersOf: (server: TestServer, client: number) => Promise<Record<string, string>>
}

let keyOfCarol: Promise<string> | undefined
const cases: readonly Case[] = [
  {
    what: 'tenant',
    headersOf: async (_, client) => ({
      Authorization: `Bearer ${await tokenOf({ sub: 'alice', jti: String(client) })}`,
      'X-Forwarded-For': addressOf(client),
    }),
  },
  {
    what: 'key',
    headersOf: async (server, client) => {
      keyOfCarol ??= makeKey(server)
      return { Authorization: `Bearer ${await keyOfCarol}`, 'X-Forwarded-For': addressOf(client) }
    },
  },
  {
    what: 'address',
    headersOf: async (_, client) => ({
      Authorization: `Bearer ${await tokenOf({ sub: `user-${client}` })}`,
      'X-Forwarded-For': '203.0.113.9',
    }),
  },
]

test.each(cases)(
  'fifty clients of one $what get its limit, and no minute more',
  { timeout: 120_000 },
  async (one) => {
    const clock = { ms: 0 }
    const server = await start(one.what, clock)
    keyOfCarol = undefined
    const headers: Record<string, string>[] = []
    for (let client = 0; client < clients; client++)
      headers.push(await one.headersOf(server, client))
    // What was done to prepare is out of every window.
    const beginMs = 120_000
    const passedMs: number[] = []
    const refused: (string | null)[] = []
    for (clock.ms = beginMs; clock.ms < beginMs + minutes * 60_000; clock.ms += stepS * 1_000) {
      const answers = await Promise.all(
        headers.map(async (each) => {
          const response = await fetch(`${server.url}/v1/me`, { headers: each })
          await response.arrayBuffer()
          return response
        }),
      )
      for (const { status, headers: said } of answers) {
        if (status === 200) passedMs.push(clock.ms)
        else refused.push(`${status} ${Number(said.get('retry-after')) > 0} ${nameIn(said)}`)
      }
    }
    expect(passedMs.length).toBeGreaterThanOrEqual(limit * minutes * 0.95)
    expect(passedMs.length).toBeLessThanOrEqual(limit * minutes * 1.05)
    for (const [at, ms] of passedMs.entries())
      if (at >= limit) expect(ms - (passedMs[at - limit] ?? 0)).toBeGreaterThanOrEqual(60_000)
    expect(new Set(refused)).toEqual(new Set([`429 true ${one.what}`]))
  },
)

/** The one limit that counts; the others are there, and too wide to say anything. */
function start(what: Case['what'], clock: { ms: number }): Promise<TestServer> {
  const control = memoryControl()
  const proofs = [
    createKeyProof({ keys: control.keys, tierOf: () => 'free', generationOf: () => 'g' }),
    createJwtProof({ secret }),
  ]
  const wide = 1_000_000
  return startServer({
    ...control,
    authenticate: createAuthenticator(proofs),
    trustProxy: 'loopback',
    nowMs: () => clock.ms,
    addressRequestsPerMinute: what === 'address' ? limit : wide,
    limitsOf: () => ({
      requests_per_minute: what === 'tenant' ? limit : wide,
      concurrent_requests: null,
    }),
  })
}

async function makeKey(server: TestServer): Promise<string> {
  const init = jsonInit('POST', { requests_per_minute: limit })
  const { key } = (await (await server.as('carol', '/v1/keys', init)).json()) as { key: string }
  return key
}

/** Which limit has nothing left, as the standard field says. */
function nameIn(headers: Headers): string {
  return /"(\w+)";r=0;/.exec(headers.get('ratelimit') ?? '')?.[1] ?? ''
}

function addressOf(client: number): string {
  return `198.51.100.${client + 1}`
}
