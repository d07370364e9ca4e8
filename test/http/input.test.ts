import { expect, test } from 'vitest'
import { jsonInit, problemOf, startServer } from './harness.ts'

const query = (value: unknown) => jsonInit('POST', { query: value })
test.each<[string, RequestInit, number, string | undefined]>([
  ['no body', { method: 'POST' }, 400, undefined],
  ['nothing in the body', { method: 'POST', headers: json(), body: '' }, 400, undefined],
  ['half a body', { method: 'POST', headers: json(), body: '{"query": "x"' }, 400, undefined],
  ['text', { method: 'POST', headers: json(), body: 'hello' }, 400, undefined],
  ['a text in JSON', { method: 'POST', headers: json(), body: '"hello"' }, 400, undefined],
  ['form data', { method: 'POST', body: new URLSearchParams({ query: 'x' }) }, 415, undefined],
  [
    'compressed',
    { method: 'POST', headers: { ...json(), 'Content-Encoding': 'gzip' }, body: '{}' },
    415,
    undefined,
  ],
  ['another charset', { method: 'POST', headers: json('; charset=x'), body: '{}' }, 415, undefined],
  ['an array', jsonInit('POST', []), 400, ''],
  ['null', jsonInit('POST', null), 400, undefined],
  ['nothing', jsonInit('POST', {}), 400, 'query'],
  ['a number', query(7), 400, 'query'],
  ['spaces', query('  '), 400, 'query'],
  ['10,001 characters', query('x'.repeat(10_001)), 400, 'query'],
  ['300 KB', query('x'.repeat(300_000)), 413, undefined],
  ['10 MB', query('x'.repeat(10_000_000)), 413, undefined],
  ['an unknown field', jsonInit('POST', { query: 'x', colour: 'red' }), 400, 'colour'],
  [
    '__proto__',
    { method: 'POST', headers: json(), body: '{"query":"x","__proto__":{}}' },
    400,
    '__proto__',
  ],
  ['a limit of 101', jsonInit('POST', { query: 'x', limit: 101 }), 400, 'limit'],
  ['a limit of text', jsonInit('POST', { query: 'x', limit: '5' }), 400, 'limit'],
  ['another mode', jsonInit('POST', { query: 'x', mode: 'psychic' }), 400, 'mode'],
  [
    'a deep fault',
    jsonInit('POST', { query: 'x', filter: { tags: ['a', ''] } }),
    400,
    'filter.tags.1',
  ],
  [
    'an unknown filter',
    jsonInit('POST', { query: 'x', filter: { owner: 'bob' } }),
    400,
    'filter.owner',
  ],
  ['a share beyond one', jsonInit('POST', { query: 'x', alpha: 1.5 }), 400, 'alpha'],
])('a search with %s is refused, and asked of nobody', async (_, init, status, path) => {
  const server = await startServer()
  const problem = await problemOf(await server.as('alice', '/v1/search', init))
  expect(problem.status).toBe(status)
  expect(problem.errors?.[0]?.path).toBe(path)
  expect(server.tenant('alice').calls).toEqual([])
  expect(server.logged.filter((line) => line.level > 30)).toEqual([])
})

test('a thousand unknown fields are not told one by one', async () => {
  const server = await startServer()
  const body = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`${i}`.repeat(60), i]))
  const problem = await problemOf(await server.as('alice', '/v1/search', jsonInit('POST', body)))
  expect(problem.errors).toHaveLength(32)
  expect(JSON.stringify(problem).length).toBeLessThan(8_000)
})

test('a search is passed on with its defaults, from a body and from an address', async () => {
  const server = await startServer()
  const post = await server.as('alice', '/v1/search', query('pride'))
  expect(await post.json()).toEqual({
    hits: [],
    mode: 'hybrid',
    corrected: [],
    reranked: false,
    took_ms: expect.any(Number),
  })
  const get = await server.as('alice', '/v1/search?q=pride&limit=5')
  expect(get.status).toBe(200)
  const args = {
    query: 'pride',
    mode: 'hybrid',
    limit: 10,
    filter: {},
    fusion: 'weighted',
    diversity: true,
    explain: false,
    facets: false,
  }
  expect(server.tenant('alice').calls).toEqual([
    { name: 'search', args },
    { name: 'search', args: { ...args, limit: 5 } },
  ])
  for (const bad of ['', '?q=', '?q=a&q=b', '?q=a&limit=0', '?q=a&colour=red'])
    expect((await server.as('alice', `/v1/search${bad}`)).status).toBe(400)
})

test('the list takes a limit and a cursor, and nothing else', async () => {
  const server = await startServer()
  for (const [query, args] of [
    ['', { limit: 50, cursor: null }],
    ['?limit=100&cursor=abc', { limit: 100, cursor: 'abc' }],
  ] as const) {
    expect((await server.as('alice', `/v1/documents${query}`)).status).toBe(200)
    expect(server.tenant('alice').calls.at(-1)).toEqual({ name: 'documents.list', args })
  }
  for (const bad of [
    '?limit=0',
    '?limit=101',
    '?limit=x',
    '?offset=3',
    `?cursor=${'x'.repeat(600)}`,
  ])
    expect((await server.as('alice', `/v1/documents${bad}`)).status).toBe(400)
})

test('a change that changes nothing, or does it wrongly, is refused', async () => {
  const server = await startServer()
  for (const body of [
    {},
    { title: '' },
    { title: 'x'.repeat(501) },
    { tags: ['x'.repeat(65)] },
    { tags: 'a' },
    { sha256: 'x' },
  ]) {
    const response = await server.as('alice', '/v1/documents/x', jsonInit('PATCH', body))
    expect((await problemOf(response)).status).toBe(400)
  }
  expect(server.tenant('alice').calls).toEqual([])
})

function json(more = ''): Record<string, string> {
  return { 'Content-Type': `application/json${more}` }
}
