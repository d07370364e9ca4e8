/** A bad setting is one line that names it. */
import { expect, test } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'

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
] as const)('%o stops the start with a line about %s', ([env, name]) => {
  const bad = (): unknown => readConfig(env)
  expect(bad).toThrow(ConfigError)
  expect(bad).toThrow(new RegExp(`^${name}: [^\\n]+$`))
})
