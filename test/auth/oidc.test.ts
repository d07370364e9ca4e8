/** The provider's part of a sign-in, and everything that a bad or absent one does. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Provider } from '../../src/auth/oidc.ts'
import { Problem } from '../../src/base/problem.ts'
import { FakeProvider, type Fault } from './fake-provider.ts'

let fake: FakeProvider
let provider: Provider
let nowMs = Date.now()
const redirectUri = 'https://library.example/auth/callback'

beforeAll(async () => {
  fake = await FakeProvider.start()
})
afterAll(() => fake.stop())
beforeEach(() => {
  fake.fault = undefined
  fake.discoveryFault = undefined
  fake.discoveries = 0
  provider = new Provider({
    issuer: fake.url,
    clientId: fake.clientId,
    scopes: 'openid profile',
    redirectUri,
    timeoutMs: 200,
    nowMs: () => nowMs,
  })
})

test('a code is asked for with PKCE, state and nonce, and becomes the claims of the ID token', async () => {
  const { url, pending } = await provider.begin('/search?q=oak')
  const asked = Object.fromEntries(new URL(url).searchParams)
  expect(asked).toMatchObject({
    client_id: 'carrel',
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid profile',
    code_challenge_method: 'S256',
    state: pending.state,
    nonce: pending.nonce,
  })
  expect(url).not.toContain(pending.verifier)
  const claims = await provider.finish(fake.authorize(url), pending)
  expect(claims).toMatchObject({ sub: 'alice', iss: fake.url })
  expect(provider.status()).toBe('ok')
})

test.each<[string, Fault]>([
  ['the nonce of another sign-in', 'nonce'],
  ['another issuer', 'issuer'],
  ['a token for another application', 'audience'],
  ['a signature of another key', 'signature'],
  ['a code that is too old', 'expired'],
])('%s: nobody is signed in', async (_, fault) => {
  const { url, pending } = await provider.begin('/')
  fake.fault = fault
  const problem = await refusal(provider.finish(fake.authorize(url), pending))
  expect(problem.code).toBe('forbidden')
  expect(problem.detail).toMatch(/^You were not signed in: .+ Start again\.$/)
})

test('another state, another issuer in the answer, a refusal and a code used twice: nobody is signed in', async () => {
  const { url, pending } = await provider.begin('/')
  const good = fake.authorize(url)
  const changed = (name: string, value: string) => {
    const query = new URLSearchParams(good)
    query.set(name, value)
    return `?${query}`
  }
  const searches = [
    changed('state', 'another'),
    changed('iss', 'https://evil.example'),
    changed('code', 'unknown'),
    '',
    '?state=x&state=y&code=z',
    `?error=access_denied&state=${pending.state}&iss=${fake.url}`,
    `?error=<script>&state=${pending.state}&iss=${fake.url}`,
  ]
  for (const search of searches) {
    const problem = await refusal(provider.finish(search, pending))
    expect([search, problem.code]).toEqual([search, 'forbidden'])
    expect(problem.detail).not.toContain('<')
  }
  expect(await provider.finish(good, pending)).toMatchObject({ sub: 'alice' })
  expect((await refusal(provider.finish(good, pending))).code).toBe('forbidden')
})

test.each<[Fault, RegExp]>([
  ['hang', /in time/],
  ['html', /cannot be used/],
  ['huge', /larger than/],
  ['error', /cannot be used/],
  ['redirect', /cannot be used/],
  ['issuer', /cannot be used/],
])(
  'a provider whose published document is bad (%s) is away, said so, and not asked again at once',
  async (fault, words) => {
    fake.discoveryFault = fault
    for (let times = 0; times < 3; times++) {
      const problem = await refusal(provider.begin('/'))
      expect(problem).toMatchObject({ code: 'overloaded', retryAfterS: 5 })
    }
    expect(fake.discoveries).toBe(1)
    expect(provider.status()).toMatch(words)
    fake.discoveryFault = undefined
    nowMs += 6_000
    await provider.begin('/')
    expect(provider.status()).toBe('ok')
  },
)

test.each<[Fault, RegExp]>([
  ['hang', /in time/],
  ['html', /cannot be used/],
  ['huge', /larger than/],
  ['error', /cannot be used/],
  ['redirect', /cannot be used/],
])('a token endpoint that is bad (%s) is an outage and no refusal', async (fault, words) => {
  const { url, pending } = await provider.begin('/')
  fake.fault = fault
  const problem = await refusal(provider.finish(fake.authorize(url), pending))
  expect(problem.code).toBe('overloaded')
  expect(provider.status()).toMatch(words)
})

test('what the provider published is kept for ten minutes, and asked for once by many', async () => {
  await Promise.all([provider.begin('/'), provider.begin('/'), provider.begin('/')])
  nowMs += 9 * 60_000
  await provider.begin('/')
  expect(fake.discoveries).toBe(1)
  nowMs += 2 * 60_000
  await provider.begin('/')
  expect(fake.discoveries).toBe(2)
})

async function refusal(answer: Promise<unknown>): Promise<Problem> {
  const outcome = await answer.catch((error: unknown) => error)
  if (outcome instanceof Problem) return outcome
  throw new Error(`not refused: ${String(outcome)}`)
}
