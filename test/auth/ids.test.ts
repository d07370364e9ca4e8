/** Whatever a token calls its user: refused, or a directory of its own, and never one outside the data directory. */
import { join, resolve, sep } from 'node:path'
import { expect, test } from 'vitest'
import { type ClaimOptions, principalOf } from '../../src/auth/claims.ts'
import { createJwtAuthenticator } from '../../src/auth/jwt.ts'
import { Problem } from '../../src/base/problem.ts'
import { tenantDirectory } from '../../src/tenancy/layout.ts'
import { hostileIds } from '../fixtures/hostile-ids.ts'
import { bearer, good, nowMs, refusal, signed } from './tokens.ts'

const dataDir = resolve('/data')
const secret = 'a secret of at least thirty-two bytes'
const key = new TextEncoder().encode(secret)

test('every hostile id: refused, or a directory of its own inside the data directory', () => {
  const owners = new Map<string, string>()
  const refused: string[] = []
  for (const sub of hostileIds()) {
    const tenant = tenantIn({ sub })
    if (tenant === undefined) {
      refused.push(sub)
      continue
    }
    const path = tenantDirectory(dataDir, tenant)
    expect(resolve(path), sub).toBe(join(dataDir, tenant))
    expect(path.slice(dataDir.length + 1), sub).not.toContain(sep)
    expect(tenant, sub).toMatch(/^[a-z0-9_][a-z0-9_-]{0,63}$/)
    // Also where a file system takes upper and lower case, or two forms of one letter, for the same.
    const folded = tenant.normalize('NFC').toLowerCase()
    expect([sub, owners.get(folded)]).toEqual([sub, undefined])
    owners.set(folded, sub)
  }
  // Empty, longer than 255 bytes, with control characters, or no text at all: nothing else is refused.
  const isAcceptable = (id: string): boolean =>
    id !== '' && Buffer.byteLength(id) <= 255 && !/\p{Cc}|\p{Cs}/u.test(id)
  expect(refused.filter(isAcceptable)).toEqual([])
  expect(owners.size).toBeGreaterThan(50)
})

test.each<[string, unknown]>([
  ['a number', 7],
  ['an object', { $ne: '' }],
  ['a list', ['alice']],
  ['true', true],
  ['null', null],
])('%s is no user', (_, sub) => {
  expect(tenantIn({ sub })).toBeUndefined()
})

test('two issuers’ alice, a token’s local, a group and a user of one name: all apart', () => {
  const options = { tenantClaim: 'tenant_id' }
  const group = { sub: 'bob', tenant_id: 'alice', role: 'owner' }
  const tenants = [
    tenantIn({ sub: 'alice' }, options),
    tenantIn({ sub: 'alice' }, options, 'https://other'),
    tenantIn({ sub: 'alice' }, options, 'https://third'),
    tenantIn({ sub: 'local' }, options),
    tenantIn(group, options),
    tenantIn(group, options, 'https://other'),
    // Attempts to write another's hash input as one's own id or issuer.
    tenantIn({ sub: 'https://other alice' }, options),
    tenantIn({ sub: 'alice' }, options, 'https://other group'),
    'local',
  ]
  expect(tenants).not.toContain(undefined)
  expect(new Set(tenants).size).toBe(tenants.length)
  expect(tenants[0]).toBe('alice')
})

test('without a configured issuer whoever names one in the token has names of its own', async () => {
  const authenticate = createJwtAuthenticator({ secret, nowMs: () => nowMs })
  const tenantBy = async (iss?: unknown) =>
    (await authenticate(bearer(await signed({ ...good, iss }, key, { alg: 'HS256' })))).tenant
  const tenants = [await tenantBy(), await tenantBy('https://a'), await tenantBy('https://b')]
  expect(new Set(tenants).size).toBe(3)
  expect(tenants[0]).toBe('alice')
  for (const iss of ['', 'a\0b', '\u0001heimdall', 7, ['https://a'], 'x'.repeat(2_000)]) {
    const token = await signed({ ...good, iss }, key, { alg: 'HS256' })
    expect((await refusal(authenticate(bearer(token)))).code).toBe('unauthorized')
  }
})

test('a token that says a claim twice is refused, however it is spelled', async () => {
  const authenticate = createJwtAuthenticator({ secret, nowMs: () => nowMs })
  for (const body of [
    `{"sub":"alice","sub":"bob","exp":${good.exp}}`,
    `{"sub":"alice","s\\u0075b":"bob","exp":${good.exp}}`,
    `{"sub":"alice","exp":1,"a":{"exp":2},"exp":${good.exp}}`,
  ])
    expect((await refusal(authenticate(bearer(await signedText(body))))).detail).toMatch(/twice/)
  const once = `{"sub":"alice","a":{"sub":"x","b":["sub",{"sub":1}]},"c":"sub","exp":${good.exp}}`
  expect((await authenticate(bearer(await signedText(once)))).tenant).toBe('alice')
})

test.each<[string, string[], boolean]>([
  ['viewer', ['read', 'chat'], false],
  ['editor', ['read', 'write', 'chat'], false],
  ['owner', ['read', 'write', 'chat'], true],
])('in a group a %s may %j', (role, scopes, isOwner) => {
  const claims = { sub: 'bob', tenant_id: 'house', role }
  const options = { tenantClaim: 'tenant_id' }
  const principal = principalOf(claims, { proof: 'jwt' }, options)
  expect([...principal.scopes]).toEqual(scopes)
  expect(principal).toMatchObject({ isOwner, userId: 'bob', subject: 'bob' })
  const narrow = principalOf({ ...claims, scope: 'read write' }, { proof: 'jwt' }, options)
  expect([...narrow.scopes]).toEqual(role === 'viewer' ? ['read'] : ['read', 'write'])
})

test.each<[string, Record<string, unknown>]>([
  ['no role', { tenant_id: 'house' }],
  ['a role there is not', { tenant_id: 'house', role: 'admin' }],
  ['a role of Object’s own', { tenant_id: 'house', role: 'constructor' }],
  ['a group that is no text', { tenant_id: 7, role: 'owner' }],
  ['a group without a name', { tenant_id: '', role: 'owner' }],
])('%s is refused', (_, claims) => {
  expect(tenantIn({ sub: 'bob', ...claims }, { tenantClaim: 'tenant_id' })).toBeUndefined()
})

function tenantIn(claims: Record<string, unknown>, options: ClaimOptions = {}, issuer?: string) {
  try {
    return principalOf(claims, { proof: 'jwt', issuer }, options).tenant
  } catch (error) {
    if (error instanceof Problem && error.code === 'unauthorized') return undefined
    throw error
  }
}

async function signedText(body: string): Promise<string> {
  const { CompactSign } = await import('jose')
  return new CompactSign(new TextEncoder().encode(body))
    .setProtectedHeader({ alg: 'HS256' })
    .sign(key)
}
