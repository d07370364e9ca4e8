/** A real MCP client, of both generations of the protocol, over HTTP and over standard input and output. */
import { request as httpRequest } from 'node:http'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { expect, onTestFinished, test } from 'vitest'
import { Problem } from '../../src/base/problem.ts'
import { RealTenant } from '../rag/real-tenant.ts'
import { startServer, type TestServer, tokenOf } from './harness.ts'

const bridge =
  'The great bridge was opened by the governor on 19 March 1932. It carries eight lanes.'
const whales = 'Whales are mammals and breathe air. Calves drink milk for a year.'

async function setUp(): Promise<{ server: TestServer; tenant: RealTenant; id: string }> {
  const tenant = new RealTenant()
  const other = new RealTenant('ben')
  const tenants: Record<string, RealTenant> = { ann: tenant }
  const id = tenant.library.add('Bridges', [bridge])
  tenant.library.add('Whales', [whales])
  const server = await startServer({
    tenants: async ({ tenant: name }) => (tenants[name] ?? other).handle,
  })
  return { server, tenant, id }
}

const clientOf = (mode: 'legacy' | { pin: '2026-07-28' }) =>
  new Client({ name: 'a test', version: '1' }, { versionNegotiation: { mode } })

async function connect(
  server: TestServer,
  user: string,
  mode: 'legacy' | { pin: '2026-07-28' } = 'legacy',
): Promise<Client> {
  const client = clientOf(mode)
  const headers = { Authorization: `Bearer ${await tokenOf({ sub: user, scope: 'read' })}` }
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), { requestInit: { headers } }),
  )
  onTestFinished(() => client.close())
  return client
}

const call = (client: Client, name: string, args: Record<string, unknown>) =>
  client.callTool({ name, arguments: args })

/** What every client gets of a library with a bridge in it. */
async function useTools(client: Client, id: string): Promise<void> {
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name).toSorted()).toEqual([
    'get_document',
    'list_documents',
    'read_page',
    'search',
  ])
  for (const { annotations, inputSchema } of tools) {
    expect(annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false })
    expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false })
  }
  const found = await call(client, 'search', { query: 'Who opened the bridge?', limit: 3 })
  expect(found.structuredContent).toMatchObject({
    hits: [{ document_id: id, title: 'Bridges', page: 1 }],
  })
  const [first] = found.content as { text: string }[]
  expect(JSON.parse(first?.text ?? '')).toEqual(found.structuredContent)
  const page = await call(client, 'read_page', { document_id: id, page: 1 })
  expect(page.structuredContent).toMatchObject({ text: bridge, next_start: null })
  const listed = await call(client, 'list_documents', {})
  expect(listed.structuredContent).toMatchObject({
    items: [{ title: 'Whales' }, { title: 'Bridges' }],
    next_cursor: null,
  })
  const one = await call(client, 'get_document', { document_id: id })
  expect(one.structuredContent).toMatchObject({ id, title: 'Bridges', status: 'ready' })
}

test('a client lists and calls the tools: over HTTP in both generations, and through `carrel mcp`', async () => {
  const { server, id } = await setUp()
  for (const mode of ['legacy', { pin: '2026-07-28' }] as const) {
    const client = await connect(server, 'ann', mode)
    expect(client.getInstructions()).toContain('never followed')
    await useTools(client, id)
    // A subscription would hold a connection open for tools that never change.
    if (mode !== 'legacy') await expect(client.listen({ toolsListChanged: true })).rejects.toThrow()
  }
  const client = clientOf('legacy')
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [fileURLToPath(new URL('../../bin/carrel.mjs', import.meta.url)), 'mcp'],
      env: {
        CARREL_URL: `${server.url}/`,
        CARREL_KEY: await tokenOf({ sub: 'ann', scope: 'read' }),
      },
    }),
  )
  onTestFinished(() => client.close())
  await useTools(client, id)
  const wrong = await call(client, 'get_document', { document_id: 'doc_x' })
  expect(wrong).toMatchObject({ isError: true, content: [{ text: /no such document/ }] })
})

test('a long page comes in parts that never cut a character', async () => {
  const { server, tenant } = await setUp()
  const client = await connect(server, 'ann')
  const text = `${'📚 books and '.repeat(6)}the end`
  const id = tenant.library.add('Long', [text])
  let read = ''
  for (let start: number | null = 0; start !== null; ) {
    const args = { document_id: id, page: 1, start, characters_max: 7 }
    const part = (await call(client, 'read_page', args)).structuredContent as {
      text: string
      next_start: number | null
    }
    expect(part.text.isWellFormed()).toBe(true)
    read += part.text
    start = part.next_start
  }
  expect(read).toBe(text)
})

test('what goes wrong is a tool’s error with a sentence for a person', async () => {
  const { server, tenant, id } = await setUp()
  const client = await connect(server, 'ann')
  const textOf = async (name: string, args: Record<string, unknown>): Promise<string> => {
    const result = await call(client, name, args)
    expect(result.isError).toBe(true)
    return (result.content as { text: string }[]).map(({ text }) => text).join('\n')
  }
  expect(await textOf('read_page', { document_id: id, page: 99 })).toMatch(/no such page|no page/i)
  expect(await textOf('search', { query: 'x', limit: 1_000 })).toMatch(/limit/)
  expect(await textOf('search', { query: ' ' })).toMatch(/says nothing to look for/)
  expect(await textOf('search', { query: 'x', colour: 'red' })).toMatch(/colour/)
  expect(await textOf('list_documents', { cursor: 'no cursor' })).toMatch(/cursor/)
  tenant.before = () => {
    throw new Problem('tenant_at_rest', 'Your library rests.', { retryAfterS: 5 })
  }
  expect(await textOf('search', { query: 'bridge' })).toBe('Your library rests.')
  tenant.before = () => {
    throw new Error('a secret of ours')
  }
  expect(await textOf('search', { query: 'bridge' })).not.toContain('secret')
  expect(server.logged.some(({ msg, route }) => msg === 'unforeseen' && route === '/mcp')).toBe(
    true,
  )
})

test('nobody reads another’s document, and a key without `read` nothing at all', async () => {
  const { server, id } = await setUp()
  const ben = await connect(server, 'ben')
  const foreign = await call(ben, 'get_document', { document_id: id })
  const unknown = await call(ben, 'get_document', { document_id: 'doc_unknown' })
  expect(foreign).toEqual(unknown)
  expect((await call(ben, 'search', { query: 'bridge' })).structuredContent).toEqual({ hits: [] })
  expect(await raw(server, { token: await tokenOf({ sub: 'ann', scope: 'write' }) })).toBe(403)
  expect(await raw(server, { token: 'x' })).toBe(401)
})

test('pages of other sites, also under a name that leads here, are refused; so is what is too large', async () => {
  const server = await startServer()
  const token = await tokenOf({ sub: 'ann' })
  const port = String(server.port)
  const as = (headers: Record<string, string>) => raw(server, { token, headers })
  expect(await as({})).toBe(200)
  expect(await as({ host: `library.internal:${port}` })).toBe(200)
  expect(await as({ origin: `http://127.0.0.1:${port}` })).toBe(200)
  expect(await as({ origin: 'https://evil.example' })).toBe(403)
  expect(await as({ origin: 'null' })).toBe(403)
  expect(await as({ origin: 'http://evil.example', host: 'evil.example' })).toBe(403)
  expect(await as({ 'sec-fetch-site': 'cross-site' })).toBe(403)
  expect(await as({ 'sec-fetch-site': 'same-origin', host: 'evil.example' })).toBe(403)
  expect(await raw(server, { token, body: `"${'x'.repeat(300_000)}"` })).toBe(413)
  expect(await raw(server, { token, body: JSON.stringify([list, list]) })).toBe(400)
  expect(await raw(server, { token, body: '{"jsonrpc":"2.0"' })).toBe(400)
  expect(await raw(server, { token, method: 'GET' })).toBe(405)
})

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

/** A request as a browser or a rough program sends it. @returns the status */
function raw(
  server: TestServer,
  {
    token,
    headers = {},
    body = JSON.stringify(list),
    method = 'POST',
  }: { token: string; headers?: Record<string, string>; body?: string; method?: string },
): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const request = httpRequest(`${server.url}/mcp`, {
    method,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      accept: 'application/json',
      authorization: `Bearer ${token}`,
      ...headers,
    },
  })
  request.on('response', (response) => {
    response.resume().on('end', () => resolve(response.statusCode))
  })
  request.on('error', reject)
  request.end(body)
  return promise
}
