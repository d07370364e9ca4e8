/** Signing in by cookie over HTTP: with a provider, with a link; what the cookies say, and who is turned away. */
import { afterAll, beforeEach, expect, test } from 'vitest'
import { groupTenantOf, type TenantId, tenantOf } from '../../src/tenancy/tenant-id.ts'
import { jsonInit, problemOf, secret, startServer, tokenOf } from './harness.ts'
import { fake, requestOf, shared, start } from './sign-in-server.ts'

afterAll(() => fake.stop())
beforeEach(() => {
  fake.fault = undefined
  fake.claims = { sub: 'alice' }
})

test('a person goes to the provider and comes back to where they were, with a session', async () => {
  const { browser, identity } = await start()
  const { response: left, location } = await browser.get('/auth/sign-in?to=%2Fsearch%3Fq%3Doak')
  expect(left.status).toBe(303)
  expect(left.headers.get('cache-control')).toContain('no-store')
  const [pending] = left.headers.getSetCookie()
  expect(pending).toMatch(
    /^__Host-crl_sign_in=[\w.-]+; Path=\/; Max-Age=900; HttpOnly; SameSite=Lax; Secure$/,
  )
  const back = await browser.get(`/auth/callback${fake.authorize(location)}`)
  expect([back.response.status, back.location]).toEqual([303, '/search?q=oak'])
  expect(back.response.headers.getSetCookie()).toEqual([
    '__Host-crl_sign_in=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure',
    expect.stringMatching(
      /^__Host-crl_session=[\w.-]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure$/,
    ),
  ])
  expect(await browser.me()).toMatchObject({ user_id: 'alice', tier: 'free' })
  expect(identity.checks()).toMatchObject({ sign_in: 'ok' })
})

test('the session is the same user, tier and library as a token of the same provider', async () => {
  const claims = {
    sub: 'Alice',
    plan: 'paid',
    family: 'oaks',
    role: 'viewer',
    email: 'a@b.example',
  }
  fake.claims = claims
  const settings = { JWT_SECRET: secret, JWT_TIER_CLAIM: 'plan', JWT_TENANT_CLAIM: 'family' }
  for (const issuer of [undefined, fake.url]) {
    const { browser, server, identity } = await start({
      ...settings,
      ...(issuer && { JWT_ISSUER: issuer }),
    })
    await browser.signIn()
    const token = await tokenOf({ ...claims, iss: fake.url })
    const byToken = await identity.authenticate(requestOf({ authorization: `Bearer ${token}` }))
    const bySession = await identity.authenticate(requestOf({ cookie: browser.cookie }))
    const { tenant, subject, userId, tier, scopes, isOwner } = byToken
    expect(bySession).toMatchObject({
      tenant,
      subject,
      userId,
      tier,
      scopes,
      isOwner,
      proof: 'login',
    })
    expect(tenant).toBe(groupTenantOf('oaks', issuer ? undefined : fake.url))
    // What a session has no use for is not in it.
    expect(Buffer.from(browser.cookie.split('.')[1] ?? '', 'base64url').toString()).not.toContain(
      '@',
    )
    const write = await browser.fetch('/v1/documents', { method: 'POST' })
    expect((await problemOf(write)).detail).toContain('`write`')
    expect(server.logged.filter(({ level }) => level >= 50)).toEqual([])
  }
})

test('with another JWT_ISSUER the provider’s users are hashed with their issuer', async () => {
  const { browser, identity } = await start({
    JWT_SECRET: secret,
    JWT_ISSUER: 'https://app.example',
  })
  await browser.signIn()
  const { tenant } = await identity.authenticate(requestOf({ cookie: browser.cookie }))
  expect(tenant).toBe(tenantOf('alice', fake.url))
})

test('nothing but a path of ours is somewhere to go on to', async () => {
  const { browser } = await shared()
  for (const to of [
    '//evil.example',
    '/\\evil.example',
    'https:evil.example',
    'https://evil.example/',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    ' //evil.example',
    'javascript:alert(1)',
    '/é',
    '/\u202e',
    `/${'x'.repeat(1_000)}`,
    '',
  ]) {
    const { response } = await browser.get(`/auth/sign-in?to=${encodeURIComponent(to)}`)
    expect([to, (await problemOf(response)).code]).toEqual([to, 'invalid_request'])
    expect(response.headers.getSetCookie()).toEqual([])
  }
})

test('a way back that this browser did not begin signs nobody in', async () => {
  const { browser, other } = await shared()
  const { location } = await browser.get('/auth/sign-in')
  const search = fake.authorize(location)
  // Somebody else's browser is sent there: with no cookie, with that of a sign-in of its own, with a session for one.
  const none = await other.get(`/auth/callback${search}`)
  expect((await problemOf(none.response)).code).toBe('forbidden')
  await other.get('/auth/sign-in')
  const foreign = await other.get(`/auth/callback${search}`)
  expect((await problemOf(foreign.response)).code).toBe('forbidden')
  await browser.get(`/auth/callback${search}`)
  other.jar.set('__Host-crl_sign_in', browser.jar.get('__Host-crl_session') ?? '')
  const mixed = await other.get(`/auth/callback${search}`)
  expect((await problemOf(mixed.response)).code).toBe('forbidden')
  expect(other.jar.has('__Host-crl_session')).toBe(false)
  // Nor is a sign-in under way a session.
  await other.get('/auth/sign-in')
  other.jar.set('__Host-crl_session', other.jar.get('__Host-crl_sign_in') ?? '')
  expect((await other.fetch('/v1/me')).status).toBe(401)
})

test('a person reads in the app what went wrong, and a program a problem', async () => {
  const { browser } = await shared()
  const html = { headers: { accept: 'text/html,*/*;q=0.8' } }
  const { location } = await browser.get('/auth/callback?code=x', html)
  expect(location).toBe('/sign-in?failed=forbidden')
  const away = await start({ OIDC_ISSUER: 'http://127.0.0.1:9' })
  expect((await away.browser.get('/auth/sign-in', html)).location).toBe(
    '/sign-in?failed=overloaded',
  )
  const { response } = await away.browser.get('/auth/sign-in')
  expect(response.headers.get('retry-after')).toBe('5')
  expect((await problemOf(response)).code).toBe('overloaded')
  expect(away.identity.checks()).toEqual({ sign_in: 'OIDC_ISSUER: it could not be reached' })
})

test('claims that name nobody, or too much, are said at once', async () => {
  const { browser } = await shared()
  for (const claims of [
    { sub: 'x'.repeat(256) },
    { sub: 'alice', id: 'bob' },
    { sub: 'alice', plan: 'x'.repeat(9_000) },
  ]) {
    fake.claims = claims
    const { location } = await browser.get('/auth/sign-in')
    const { response } = await browser.get(`/auth/callback${fake.authorize(location)}`)
    expect((await problemOf(response)).code).toBe('forbidden')
    expect(browser.jar.has('__Host-crl_session')).toBe(false)
  }
})

test('the cookie counts for our own pages only, and never beside another credential', async () => {
  const { browser } = await shared()
  await browser.signIn()
  const status = async (headers: Record<string, string>, method = 'GET') =>
    (await browser.fetch('/v1/me', { method, headers })).status
  expect(await status({ 'sec-fetch-site': 'same-origin' })).toBe(200)
  expect(await status({ 'sec-fetch-site': 'cross-site' })).toBe(401)
  expect(await status({ origin: 'https://evil.example' })).toBe(401)
  expect(await status({ origin: 'https://evil.example' }, 'DELETE')).toBe(401)
  expect(await status({ origin: '' }, 'DELETE')).toBe(401)
  expect(await status({ authorization: `Bearer ${await tokenOf({ sub: 'bob' })}` })).toBe(400)
  // A neighbour in the domain can set names without the prefix: those are not looked at.
  const [, value] = browser.cookie.split('=')
  const planted = await fetch(browser.url('/v1/me'), {
    headers: { cookie: `crl_session=${value}` },
  })
  expect(planted.status).toBe(401)
  const bearer = await fetch(browser.url('/v1/me'), {
    headers: { authorization: `Bearer ${value}` },
  })
  expect(bearer.status).toBe(401)
})

test('signing out ends the session, also where somebody kept the cookie', async () => {
  const { browser } = await shared()
  await browser.signIn()
  const kept = browser.cookie
  const foreign = await browser.fetch('/auth/sign-out', {
    method: 'POST',
    headers: { origin: 'https://evil.example' },
  })
  expect((await problemOf(foreign)).code).toBe('forbidden')
  expect(await browser.me()).toMatchObject({ user_id: 'alice' })
  const out = await browser.fetch('/auth/sign-out', { method: 'POST' })
  expect([out.status, out.headers.getSetCookie()[0]]).toEqual([
    204,
    '__Host-crl_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure',
  ])
  expect((await fetch(browser.url('/v1/me'), { headers: { cookie: kept } })).status).toBe(401)
  expect((await browser.fetch('/auth/sign-out', { method: 'POST' })).status).toBe(204)
})

test('the audit names who signed in and out, and nobody where nobody did', async () => {
  const { browser, other, links, audited } = await shared()
  await browser.get('/auth/callback?code=x', { headers: { accept: 'text/html' } })
  await browser.fetch('/auth/sign-out', { method: 'POST' })
  await browser.redeem('a'.repeat(52))
  expect(audited).toEqual([])
  await browser.signIn()
  await browser.fetch('/auth/sign-out', { method: 'POST' })
  await other.redeem(await links('erin'))
  expect(audited).toEqual([
    'sign_in alice login ok',
    'sign_out alice login ok',
    'sign_in erin login ok',
  ])
})

test('a user’s logins that are ended take sessions and links along; later ones count', async () => {
  const { browser, control, links } = await shared()
  await browser.signIn()
  const old = await links('alice')
  const { tenant } = await (await shared()).identity.authenticate(
    requestOf({ cookie: browser.cookie }),
  )
  await control.revocations.revoke({ kind: 'user', name: tenant, atMs: Date.now() })
  expect((await browser.fetch('/v1/me')).status).toBe(401)
  await browser.signIn()
  expect(await browser.me()).toMatchObject({ user_id: 'alice' })
  const subject = tenantOf('alice', '\u0001link') as TenantId
  await control.revocations.revoke({ kind: 'user', name: subject, atMs: Date.now() })
  expect((await problemOf(await browser.redeem(old))).code).toBe('forbidden')
})

test('a link signs in once, as a user of its own', async () => {
  const { browser, other, links, identity } = await shared()
  const code = await links('bob')
  const answers = await Promise.all([browser.redeem(code), other.redeem(code)])
  expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 403])
  const lucky = answers[0]?.status === 204 ? browser : other
  expect(await lucky.me()).toMatchObject({ user_id: 'bob' })
  // A provider is configured: its `bob` and this one are two.
  const { tenant } = await identity.authenticate(requestOf({ cookie: lucky.cookie }))
  expect(tenant).toBe(tenantOf('bob', '\u0001link'))
  for (const wrong of [code, 'a'.repeat(52), code.toUpperCase(), '../x'])
    expect((await problemOf(await browser.redeem(wrong))).code).toBe('forbidden')
  const fresh = await links('bob')
  const foreign = await browser.redeem(fresh, 'https://evil.example')
  expect((await problemOf(foreign)).code).toBe('forbidden')
  const newest = await links('bob')
  expect((await browser.redeem(fresh)).status).toBe(403)
  expect((await browser.redeem(newest)).status).toBe(204)
})

test('links alone are a login, of users who have the plain names', async () => {
  const { browser, links, identity } = await start({
    OIDC_ISSUER: '',
    OIDC_CLIENT_ID: '',
    PUBLIC_URL: 'http://library.example',
  })
  expect((await browser.fetch('/v1/me')).status).toBe(401)
  expect(await (await browser.fetch('/auth/methods')).json()).toEqual({
    provider: null,
    links: true,
  })
  expect((await browser.get('/auth/sign-in')).response.status).toBe(404)
  const response = await browser.redeem(await links('carol'), 'http://library.example')
  expect(response.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^crl_session=[\w.-]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Lax$/),
  ])
  const { tenant } = await identity.authenticate(requestOf({ cookie: browser.cookie }))
  expect(tenant).toBe('carol')
})

test('who guesses is held back', async () => {
  const { browser } = await start({ ADDRESS_FAILED_LOGINS_PER_MINUTE: '3' })
  const codes: string[] = []
  for (let times = 0; times < 5; times++) {
    codes.push((await problemOf(await browser.redeem('a'.repeat(52)))).code)
  }
  expect(codes).toEqual([
    'forbidden',
    'forbidden',
    'forbidden',
    'too_many_requests',
    'too_many_requests',
  ])
})

test('a server without a sign-in of its own says so', async () => {
  const { url } = await startServer()
  expect(await (await fetch(`${url}/auth/methods`)).json()).toEqual({
    provider: null,
    links: false,
  })
  for (const [path, init] of [
    ['/auth/sign-in', {}],
    ['/auth/callback', {}],
    ['/auth/link', jsonInit('POST', { code: 'x' })],
    ['/auth/sign-out', { method: 'POST' }],
  ] as const)
    expect((await problemOf(await fetch(url + path, init))).code).toBe('not_found')
})
