import { expect, test } from 'vitest'
import { createLocalAuthenticator } from '../../src/auth/local.ts'
import { localTenant } from '../../src/tenancy/tenant-id.ts'

const authenticate = createLocalAuthenticator()

test.each<[string, Record<string, string>]>([
  ['localhost', { host: 'localhost:8080' }],
  ['localhost without a port', { host: 'localhost' }],
  ['capitals', { host: 'LocalHost:8080' }],
  ['127.0.0.1', { host: '127.0.0.1:8080' }],
  ['any address of 127/8', { host: '127.1.2.3:80' }],
  ['::1', { host: '[::1]:8080' }],
  ['our own page', { host: 'localhost:8080', origin: 'http://localhost:8080' }],
  ['our own page, says the browser', { host: 'localhost', 'sec-fetch-site': 'same-origin' }],
  ['a typed address', { host: 'localhost', 'sec-fetch-site': 'none' }],
])('%s is let in as the local user', async (_, headers) => {
  expect(await authenticate(requestOf(headers))).toMatchObject({
    tenant: localTenant,
    tier: 'local',
    proof: 'local',
    scopes: new Set(['read', 'write', 'chat']),
  })
})

test.each<[string, Record<string, string>]>([
  ['a rebound name', { host: 'evil.example:8080' }],
  ['a name that begins like us', { host: 'localhost.evil.example' }],
  ['a number that begins like us', { host: '127.0.0.1.evil.example' }],
  ['a name that ends like us', { host: 'evil-localhost' }],
  ['an address of the network', { host: '192.168.1.2:8080' }],
  ['every address', { host: '0.0.0.0:8080' }],
  ['no host', {}],
  ['user info', { host: 'localhost@evil.example' }],
  ['another site’s page', { host: 'localhost:8080', origin: 'https://evil.example' }],
  ['another port’s page', { host: 'localhost:8080', origin: 'http://localhost:3000' }],
  ['another name’s page', { host: 'localhost:8080', origin: 'http://127.0.0.1:8080' }],
  ['a sandbox', { host: 'localhost:8080', origin: 'null' }],
  ['a cross-site request', { host: 'localhost', 'sec-fetch-site': 'cross-site' }],
  ['a same-site request', { host: 'localhost', 'sec-fetch-site': 'same-site' }],
  ['a proxy', { host: 'localhost', 'x-forwarded-for': '127.0.0.1' }],
  ['a proxy that says so properly', { host: 'localhost', forwarded: 'for=127.0.0.1' }],
])('%s is refused', async (_, headers) => {
  await expect(authenticate(requestOf(headers))).rejects.toMatchObject({ code: 'forbidden' })
})

test('a Host given twice is refused', async () => {
  const rawHeaders = ['Host', 'localhost', 'host', 'evil.example']
  const request = { ...requestOf({ host: 'localhost' }), rawHeaders }
  await expect(authenticate(request)).rejects.toMatchObject({ code: 'forbidden' })
})

function requestOf(headers: Record<string, string>) {
  return { method: 'POST', url: '/', headers, rawHeaders: Object.entries(headers).flat() }
}
