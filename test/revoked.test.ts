/**
 * Ends a token, a user and a key while their requests keep coming, at a real server: none that is sent after the call that
 * ended it returned is let in. Six hundred requests; ten thousand with CARREL_LONG=1.
 */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client, signToken } from '../bench/lib/client.ts'
import { type RunningServer, startServer } from '../bench/lib/server.ts'
import { keptDirectory } from './helpers.ts'

const isLong = process.env['CARREL_LONG'] === '1'
const rounds = isLong ? 10 : 2
const perRound = isLong ? 334 : 100
const clients = 10
const secret = 'a revocation secret of at least thirty-two bytes'
const adminToken = 'an-admin-token-of-some-length'
let server: RunningServer
let operator: Client

beforeAll(async () => {
  server = await startServer(keptDirectory(), {
    JWT_SECRET: secret,
    ADMIN_TOKEN: adminToken,
    // A refusal has to be one because it was ended, not because there were many.
    ADDRESS_FAILED_LOGINS_PER_MINUTE: '1000000',
  })
  operator = new Client(server.url, adminToken)
})
afterAll(() => server.stop())

interface Ending {
  readonly kind: 'token' | 'user' | 'key'
  /** @returns a credential of the user's, and what ends it */
  readonly make: (user: string) => Promise<{ credential: string; end: () => Promise<number> }>
}

const revoke = async (body: object): Promise<number> =>
  (await operator.request('POST', '/admin/v1/revocations', body)).status

const endings: readonly Ending[] = [
  {
    kind: 'token',
    make: async (user) => {
      const jti = randomUUID()
      const credential = await signToken(secret, user, { jti })
      return { credential, end: () => revoke({ token_id: jti }) }
    },
  },
  {
    kind: 'user',
    make: async (user) => ({
      credential: await signToken(secret, user),
      end: () => revoke({ user_id: user }),
    }),
  },
  {
    kind: 'key',
    make: async (user) => {
      const owner = new Client(server.url, await signToken(secret, user))
      const { body } = await owner.request<{ key: string; id: string }>('POST', '/v1/keys', {})
      const end = async () => (await owner.request('DELETE', `/v1/keys/${body.id}`)).status
      return { credential: body.key, end }
    },
  },
]

test.each(endings)(
  `a $kind that was ended opens nothing more: ${rounds * perRound} requests in parallel`,
  { timeout: 120_000 },
  async ({ kind, make }) => {
    const bystander = await signToken(secret, 'bystander')
    let askedAfter = 0
    for (let round = 0; round < rounds; round++) {
      const { credential, end } = await make(`${kind}-${round}`)
      const isUsed = Promise.withResolvers<void>()
      const seen = { asked: 0, before: 0, after: 0, passed: 0, others: new Set<number>() }
      let isEnded = false
      const ask = async (): Promise<void> => {
        // Whatever goes wrong, it ends.
        while (seen.after < perRound && seen.asked++ < 50 * perRound) {
          const isAfter = isEnded
          if (isAfter) seen.after++
          const status = await statusOf(credential)
          if (status === 200 && isAfter) seen.passed++
          else if (status === 200 && ++seen.before > clients) isUsed.resolve()
          else if (status !== 200) seen.others.add(status)
        }
      }
      const asking = Array.from({ length: clients }, ask)
      await Promise.race([isUsed.promise, Promise.all(asking)])
      const ended = await end()
      isEnded = true
      await Promise.all(asking)
      expect(ended).toBe(204)
      expect(seen.passed).toBe(0)
      expect([...seen.others]).toEqual([401])
      askedAfter += seen.after
    }
    expect(askedAfter).toBeGreaterThanOrEqual(rounds * perRound)
    expect(await statusOf(bystander)).toBe(200)
  },
)

async function statusOf(credential: string): Promise<number> {
  const headers = { Authorization: `Bearer ${credential}` }
  const response = await fetch(`${server.url}/v1/me`, { headers })
  await response.arrayBuffer()
  return response.status
}
