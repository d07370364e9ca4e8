/** Keys, revocations and allowances: at once in memory, after a restart from control.db, and no secret in it. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createKeyProof } from '../../src/auth/api-key.ts'
import { createAuthenticator } from '../../src/auth/authenticator.ts'
import { createJwtProof } from '../../src/auth/jwt.ts'
import type { Principal } from '../../src/auth/principal.ts'
import { makeDirectory } from '../../src/base/fs.ts'
import type { NewKey } from '../../src/control/api-keys.ts'
import { Control } from '../../src/control/control.ts'
import { tenantHash } from '../../src/control/tenant-states.ts'
import { controlDbPath, serverDirectory } from '../../src/tenancy/layout.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { bearer, good, nowMs, refusal, signed } from '../auth/tokens.ts'
import { temporaryDirectory } from '../helpers.ts'

const alice = 'alice' as TenantId
const secret = 'a secret of at least thirty-two bytes'
const requests = 10_000
const newKey: NewKey = {
  tenant: alice,
  generation: 'g1',
  userId: 'alice',
  subject: alice,
  name: 'reader',
  scopes: ['read'],
  requestsPerMinute: null,
  expiresAtMs: null,
}

test('a key is found by nothing but itself, is no secret in the file, and is there after a restart', async () => {
  const path = newPath()
  const first = await Control.open(path)
  const { key, text } = await first.keys.add(newKey, nowMs)
  expect(text).toMatch(/^crl_[a-z2-7]{8}_[a-z2-7]{52}$/)
  first.keys.used(key, nowMs + 1)
  first.keys.used(first.keys.find(text) ?? key, nowMs + 2)
  await first.close()
  expect(readFileSync(path).includes(text.slice(13))).toBe(false)
  const second = await Control.open(path)
  expect(second.keys.find(text)).toMatchObject({
    id: key.id,
    tenant: 'alice',
    scopes: ['read'],
    lastUsedAtMs: nowMs + 1,
  })
  const last = text.at(-1) === 'a' ? 'b' : 'a'
  for (const wrong of [text.slice(0, -1) + last, text.slice(0, -1), `${text}a`, 'crl_', ''])
    expect(second.keys.find(wrong)).toBeUndefined()
  expect(await second.keys.remove('bob' as TenantId, key.id)).toBe(false)
  expect(await second.keys.remove(alice, key.id)).toBe(true)
  await second.close()
  const third = await Control.open(path)
  expect(third.keys.find(text)).toBeUndefined()
  expect(third.keys.of(alice)).toEqual([])
  await third.close()
})

test.each(['token', 'user', 'key'] as const)(
  'ten thousand requests with a revoked %s: none passes after the call returned, nor after a restart',
  async (kind) => {
    const path = newPath()
    const control = await Control.open(path)
    await control.addTenant({ id: alice, userId: 'alice', generation: 'g1', atMs: 1 })
    const { key, text } = await control.keys.add(newKey, nowMs)
    const token = await signed({ ...good, jti: 'token-1' }, Buffer.from(secret), { alg: 'HS256' })
    const credentials = kind === 'token' ? [token] : kind === 'key' ? [text] : [token, text]
    const authenticate = authenticatorOf(control)
    for (const credential of credentials)
      expect((await authenticate(bearer(credential))).tenant).toBe('alice')

    // Requests keep coming while it is revoked; only those begun after the answer have to fail.
    let isRevoked = false
    let late = 0
    let passedLate = 0
    const knock = async (): Promise<void> => {
      const begunLate = isRevoked
      const credential = credentials[late % credentials.length] ?? ''
      const passed = await authenticate(bearer(credential)).then(
        () => true,
        () => false,
      )
      if (begunLate) late++
      if (begunLate && passed) passedLate++
    }
    const before = Array.from({ length: 100 }, knock)
    if (kind === 'key') await control.keys.remove(alice, key.id)
    else
      await control.revocations.revoke({
        kind,
        name: kind === 'token' ? 'token-1' : 'alice',
        atMs: nowMs + 1_000,
      })
    isRevoked = true
    await Promise.all(before)
    while (late < requests) await Promise.all(Array.from({ length: 50 }, knock))
    expect([late >= requests, passedLate]).toEqual([true, 0])
    await control.close()

    const next = await Control.open(path)
    for (const credential of credentials)
      expect((await refusal(authenticatorOf(next)(bearer(credential)))).code).toBe('unauthorized')
    await next.close()
  },
)

test('a revocation is forgotten when its token has ended by itself, and no sooner', async () => {
  const path = newPath()
  const control = await Control.open(path)
  const revoke = (name: string, atMs: number, expiresAtMs?: number) =>
    control.revocations.revoke({ kind: 'token', name, atMs, expiresAtMs })
  const hourMs = 3_600_000
  await revoke('for good', nowMs)
  await revoke('short', nowMs, nowMs + 0.5 * hourMs)
  await revoke('long', nowMs, nowMs + 12 * hourMs)
  // Said twice: whoever says it lasts longer is right.
  await revoke('twice', nowMs, nowMs + 12 * hourMs)
  await revoke('twice', nowMs, nowMs + 0.25 * hourMs)
  await revoke('thrice', nowMs, nowMs + 0.25 * hourMs)
  await revoke('thrice', nowMs)
  await control.revocations.revoke({ kind: 'user', name: 'alice', atMs: nowMs })
  const ended = (revocations: Control['revocations']) =>
    ['for good', 'short', 'long', 'twice', 'thrice', 'late'].filter((tokenId) =>
      revocations.isRevoked({ subject: 'bob' as TenantId, tokenId, issuedAtMs: nowMs }),
    )
  // An hour of grace: a clock that is set back lets nobody in.
  await revoke('late', nowMs + 1.4 * hourMs, nowMs + 24 * hourMs)
  expect(ended(control.revocations)).toHaveLength(6)
  await revoke('late', nowMs + 3 * hourMs, nowMs + 24 * hourMs)
  const left = ['for good', 'long', 'twice', 'thrice', 'late']
  expect([ended(control.revocations), control.revocations.size]).toEqual([left, 6])
  await control.close()
  const next = await Control.open(path)
  expect([ended(next.revocations), next.revocations.size]).toEqual([left, 6])
  await next.close()
})

test('a login after the revocation counts again; one that cannot show its age does not', async () => {
  const control = await Control.open(newPath())
  await control.revocations.revoke({ kind: 'user', name: 'alice', atMs: nowMs })
  const tokenAt = (iat?: number) => signed({ ...good, iat }, Buffer.from(secret), { alg: 'HS256' })
  const later = authenticatorOf(control, () => nowMs + 10_000)
  expect((await later(bearer(await tokenAt(nowMs / 1000 + 1)))).tenant).toBe('alice')
  expect((await refusal(later(bearer(await tokenAt(nowMs / 1000))))).code).toBe('unauthorized')
  expect((await refusal(later(bearer(await tokenAt())))).code).toBe('unauthorized')
  await control.close()
})

test('a token from a clock that is ahead does not outlive a revocation', async () => {
  const control = await Control.open(newPath())
  const authenticate = authenticatorOf(control)
  const ahead = await signed({ ...good, iat: nowMs / 1000 + 20 }, Buffer.from(secret), {
    alg: 'HS256',
  })
  expect((await authenticate(bearer(ahead))).tenant).toBe('alice')
  await control.revocations.revoke({ kind: 'user', name: 'alice', atMs: nowMs + 1 })
  expect((await refusal(authenticate(bearer(ahead)))).code).toBe('unauthorized')
  await control.close()
})

test('a key of an earlier life of the account, or past its end, opens nothing', async () => {
  const control = await Control.open(newPath())
  await control.addTenant({ id: alice, userId: 'alice', generation: 'g2', atMs: 1 })
  const old = await control.keys.add(newKey, nowMs)
  const short = await control.keys.add(
    { ...newKey, generation: 'g2', expiresAtMs: nowMs + 10 },
    nowMs,
  )
  const authenticate = authenticatorOf(control)
  expect((await refusal(authenticate(bearer(old.text)))).code).toBe('unauthorized')
  expect((await authenticate(bearer(short.text))).proof).toBe('key')
  const later = authenticatorOf(control, () => nowMs + 10)
  expect((await refusal(later(bearer(short.text)))).code).toBe('token_expired')
  await control.close()
})

test('tiers and overrides are there after a restart', async () => {
  const path = newPath()
  const first = await Control.open(path)
  first.allowances.noteTier(alice, 'paid')
  await first.allowances.override(alice, { limits: { bytes: 5 } })
  await first.close()
  const second = await Control.open(path)
  expect(second.allowances.of(alice)).toEqual({ tier: 'paid', overrides: { limits: { bytes: 5 } } })
  await second.close()
})

function authenticatorOf(control: Control, clock = () => nowMs) {
  const isRevoked = (principal: Principal) => control.revocations.isRevoked(principal)
  const keyProof = createKeyProof({
    keys: control.keys,
    tierOf: () => 'free',
    generationOf: (tenant) => control.tenant(tenant)?.generation,
    isRevoked,
    nowMs: clock,
  })
  return createAuthenticator([keyProof, createJwtProof({ secret, isRevoked, nowMs: clock })])
}

function newPath(): string {
  const dataDir = temporaryDirectory()
  makeDirectory(serverDirectory(dataDir))
  return controlDbPath(dataDir)
}

test('a deleted account leaves no key and no allowance, and what comes late writes none again', async () => {
  const path = newPath()
  const first = await Control.open(path)
  const bob = 'bob' as TenantId
  await first.addTenant({ id: alice, userId: 'alice', generation: 'g1', atMs: 1 })
  const { text } = await first.keys.add(newKey, nowMs)
  const { text: other } = await first.keys.add({ ...newKey, tenant: bob, subject: bob }, nowMs)
  await first.allowances.override(alice, { tier: 'ultra' })
  const deleting = { state: 'deleting', untilMs: null, detail: null, changedAtMs: nowMs } as const
  const deletion = { tenantHash: tenantHash(alice), generation: 'g1', notBeforeMs: nowMs }
  await first.beginDeletion(alice, deleting, deletion)
  first.noteTier(alice, 'paid')
  await first.endDeletion(alice, 'g1', 'f'.repeat(64))
  first.noteTier(alice, 'paid')
  const check = (control: Control): void => {
    expect([control.keys.find(text), control.keys.of(alice)]).toEqual([undefined, []])
    expect(control.keys.find(other)).toBeDefined()
    expect(control.allowances.of(alice)).toBeUndefined()
  }
  check(first)
  await first.close()
  const second = await Control.open(path)
  check(second)
  await second.addTenant({ id: alice, userId: 'alice', generation: 'g2', atMs: 2 })
  second.noteTier(alice, 'paid')
  expect(second.allowances.of(alice)?.tier).toBe('paid')
  await second.close()
})
