/** A bad setting is one line that names it. */
import { expect, test } from 'vitest'
import { ConfigError, hasLogin, readConfig, shardsFor } from '../src/config.ts'

const oidc = {
  OIDC_ISSUER: 'https://id.example',
  OIDC_CLIENT_ID: 'carrel',
  PUBLIC_URL: 'https://library.example',
}
const endpoint = { EMBEDDINGS_URL: 'http://127.0.0.1:11434', EMBEDDINGS_MODEL: 'm' }

test('remote models are read, and off without an address', () => {
  expect(readConfig({})).toMatchObject({ EMBEDDINGS_QUERY_TIMEOUT_MS: 1_500, RERANK_HITS: 50 })
  expect(readConfig({}).EMBEDDINGS_URL).toBeUndefined()
  expect(readConfig({ ...endpoint, EMBEDDINGS_API_KEY: 'k' })).toMatchObject(endpoint)
})

test.for([
  [{ EMBEDDINGS_URL: 'localhost:11434', EMBEDDINGS_MODEL: 'm' }, 'EMBEDDINGS_URL'],
  [{ EMBEDDINGS_URL: 'file:///etc/passwd', EMBEDDINGS_MODEL: 'm' }, 'EMBEDDINGS_URL'],
  [{ EMBEDDINGS_URL: 'http://user:pass@host', EMBEDDINGS_MODEL: 'm' }, 'EMBEDDINGS_URL'],
  [{ EMBEDDINGS_URL: 'http://host' }, 'EMBEDDINGS_URL'],
  [{ EMBEDDINGS_MODEL: 'm' }, 'EMBEDDINGS_MODEL'],
  [{ ...endpoint, EMBEDDINGS_API_KEY: 'a key\n' }, 'EMBEDDINGS_API_KEY'],
  [{ ...endpoint, EMBEDDINGS_QUERY_TIMEOUT_MS: '0' }, 'EMBEDDINGS_QUERY_TIMEOUT_MS'],
  [{ RERANK_URL: 'nonsense' }, 'RERANK_URL'],
  [{ RERANK_API_KEY: 'k' }, 'RERANK_API_KEY'],
  [{ RERANK_URL: 'http://host', RERANK_HITS: '101' }, 'RERANK_HITS'],
  [{ ...oidc, OIDC_ISSUER: 'http://id.example' }, 'OIDC_ISSUER'],
  [{ ...oidc, OIDC_ISSUER: 'http://127.0.0.1.evil.example' }, 'OIDC_ISSUER'],
  [{ ...oidc, OIDC_ISSUER: 'https://user@id.example' }, 'OIDC_ISSUER'],
  [{ ...oidc, OIDC_CLIENT_ID: '' }, 'OIDC_ISSUER'],
  [{ ...oidc, PUBLIC_URL: '' }, 'OIDC_ISSUER'],
  [{ ...oidc, PUBLIC_URL: 'ftp://library.example' }, 'PUBLIC_URL'],
  [{ OIDC_CLIENT_ID: 'carrel' }, 'OIDC_CLIENT_ID'],
  [{ OIDC_CLIENT_SECRET: 'x' }, 'OIDC_CLIENT_SECRET'],
  [{ ...oidc, OIDC_SCOPES: 'profile' }, 'OIDC_SCOPES'],
  [{ ...oidc, SESSION_HOURS: '0' }, 'SESSION_HOURS'],
  [{ SIGN_IN_LINKS: 'on' }, 'SIGN_IN_LINKS'],
  [{ SIGN_IN_LINKS: 'yes' }, 'SIGN_IN_LINKS'],
] as const)('%o stops the start with a line about %s', ([env, name]) => {
  const bad = (): unknown => readConfig(env)
  expect(bad).toThrow(ConfigError)
  expect(bad).toThrow(new RegExp(`^${name}: [^\\n]+$`))
})

test('a core is left for the main thread, unless that leaves one', () => {
  expect([1, 2, 3, 4, 8, 64].map(shardsFor)).toEqual([1, 2, 2, 3, 7, 8])
})

test('a provider or links are a login; the kept key goes with links alone', () => {
  const { PUBLIC_URL } = oidc
  const keyOf = () => 'a kept key of at least thirty-two bytes'
  const links = { SIGN_IN_LINKS: 'on', PUBLIC_URL }
  expect(hasLogin(readConfig(oidc))).toBe(true)
  expect(readConfig({ ...oidc, HOST: '0.0.0.0' }, keyOf).JWT_SECRET).toBeUndefined()
  expect(hasLogin(readConfig(links))).toBe(true)
  expect(readConfig(links, keyOf).JWT_SECRET).toBe(keyOf())
  // For a command that only needs some key.
  const ifNeeded = (_: string, isNeeded: boolean) => (isNeeded ? keyOf() : undefined)
  expect(readConfig(links, ifNeeded).JWT_SECRET).toBeUndefined()
  expect(readConfig({}, ifNeeded).JWT_SECRET).toBe(keyOf())
  expect(hasLogin(readConfig({ PUBLIC_URL }))).toBe(false)
})
