import { expect, test } from 'vitest'
import { type Credential, readCredential } from '../../src/auth/credential.ts'
import type { AuthRequest } from '../../src/auth/principal.ts'
import { Problem } from '../../src/base/problem.ts'

const bearer = { authorization: 'Bearer t' }
const header = { 'x-cf-session': 't' }
const cookie = { cookie: 'theme=dark; cf_session=t; lang=en' }

test.each<[string, Partial<AuthRequest>, Credential | undefined]>([
  ['nothing', { headers: {} }, undefined],
  ['a bearer token', { headers: bearer }, { kind: 'bearer', token: 't' }],
  [
    'bearer in lower case',
    { headers: { authorization: 'bearer  t' } },
    { kind: 'bearer', token: 't' },
  ],
  ['the session header', { headers: header }, { kind: 'session', token: 't' }],
  ['the session cookie', { headers: cookie }, { kind: 'session', token: 't' }],
  ['an empty cookie', { headers: { cookie: 'cf_session=' } }, undefined],
  ['the same token twice', { headers: { ...bearer, ...cookie } }, { kind: 'bearer', token: 't' }],
  [
    'another site’s cookie beside a bearer token',
    { headers: { ...bearer, cookie: 'cf_session=u', 'sec-fetch-site': 'cross-site' } },
    { kind: 'bearer', token: 't' },
  ],
])('%s', (_, request, credential) => {
  expect(readCredential(requestOf(request))).toEqual(credential)
})

test.each<[string, Partial<AuthRequest>, string, RegExp]>([
  ['a token in the query', { url: '/v1/me?access_token=t' }, 'invalid_request', /address/],
  ['an encoded token in the query', { url: '/?access%5Ftoken=t' }, 'invalid_request', /address/],
  [
    'two different tokens',
    { headers: { ...bearer, 'x-cf-session': 'u' } },
    'invalid_request',
    /only one/,
  ],
  [
    'a different cookie',
    { headers: { ...bearer, cookie: 'cf_session=u' } },
    'invalid_request',
    /only one/,
  ],
  [
    'two cookies',
    { headers: { cookie: 'cf_session=t; cf_session=u' } },
    'invalid_request',
    /twice/,
  ],
  [
    'Authorization twice',
    { headers: bearer, rawHeaders: ['Authorization', 'Bearer t', 'AUTHORIZATION', 'Bearer u'] },
    'invalid_request',
    /twice/,
  ],
  [
    'X-CF-Session twice',
    { headers: header, rawHeaders: ['X-CF-Session', 't', 'x-cf-session', 't'] },
    'invalid_request',
    /twice/,
  ],
  ['basic', { headers: { authorization: 'Basic YTpi' } }, 'unauthorized', /Bearer/],
  [
    'two bearer tokens',
    { headers: { authorization: 'Bearer a, Bearer b' } },
    'unauthorized',
    /Bearer/,
  ],
  ['an empty bearer', { headers: { authorization: 'Bearer ' } }, 'unauthorized', /Bearer/],
  [
    '8 KB and a byte',
    { headers: { authorization: `Bearer ${'t'.repeat(8_193)}` } },
    'unauthorized',
    /longer/,
  ],
])('%s is refused', (_, request, code, words) => {
  const problem = refusal(request)
  expect(problem.code).toBe(code)
  expect(problem.detail).toMatch(words)
})

const own = { host: 'library.example', ...cookie }
test.each<[string, string, Record<string, string>, boolean]>([
  ['a read without Origin', 'GET', {}, true],
  ['a typed address', 'GET', { 'sec-fetch-site': 'none' }, true],
  ['a read from our page', 'GET', { 'sec-fetch-site': 'same-origin' }, true],
  ['a read from a sister host', 'GET', { 'sec-fetch-site': 'same-site' }, false],
  ['a read from another site', 'GET', { 'sec-fetch-site': 'cross-site' }, false],
  ['a write from our page', 'POST', { origin: 'https://library.example' }, true],
  ['a write with our Origin in capitals', 'POST', { origin: 'https://LIBRARY.example' }, true],
  ['a write without Origin', 'POST', {}, false],
  ['a delete without Origin', 'DELETE', { 'sec-fetch-site': 'same-origin' }, false],
  ['a write from another site', 'POST', { origin: 'https://evil.example' }, false],
  ['a read from another site’s script', 'GET', { origin: 'https://evil.example' }, false],
  ['a write from another port', 'POST', { origin: 'https://library.example:8443' }, false],
  [
    'a write from a host that begins like us',
    'POST',
    { origin: 'https://library.example.evil' },
    false,
  ],
  ['a write from a sandbox', 'POST', { origin: 'null' }, false],
  ['a write from the public name', 'POST', { origin: 'https://public.example' }, true],
  ['a write from the public name without TLS', 'POST', { origin: 'http://public.example' }, false],
])('the cookie of %s counts or not', (_, method, headers, counts) => {
  const request = requestOf({ method, headers: { ...own, ...headers } })
  const read = () => readCredential(request, { publicOrigin: 'https://public.example' })
  if (counts) expect(read()).toEqual({ kind: 'session', token: 't' })
  else expect(read).toThrow(/own pages/)
})

function refusal(request: Partial<AuthRequest>): Problem {
  try {
    readCredential(requestOf(request))
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error('not refused')
}

function requestOf(request: Partial<AuthRequest>): AuthRequest {
  const headers = request.headers ?? {}
  return {
    method: 'GET',
    url: '/',
    headers,
    rawHeaders: Object.entries(headers).flatMap(([name, value]) => [name, String(value)]),
    ...request,
  }
}
