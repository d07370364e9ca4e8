/** Traces as a collector gets them: a span for the request, one for its operation, and nothing of who or what. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { openLogs } from '../../src/base/log.ts'
import { readConfig } from '../../src/config.ts'
import { createContext } from '../../src/context.ts'
import { temporaryDirectory } from '../helpers.ts'
import { secret, tokenOf } from './harness.ts'

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly attributes: readonly { key: string; value: Record<string, unknown> }[]
}

test('a span a request, with its caller’s trace; one for the operation within it; no user and no content', async () => {
  const bodies: string[] = []
  const collector = createServer(async (request, response) => {
    if (request.url === '/v1/traces') bodies.push(await text(request))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void collector.close())
  await once(collector, 'listening')
  const { port } = collector.address() as AddressInfo
  const config = readConfig({
    ...{ DATA_DIR: temporaryDirectory(), PORT: '0', SHARDS: '1', JWT_SECRET: secret },
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
  })
  const traceId = 'a'.repeat(32)
  const parent = 'b'.repeat(16)
  {
    await using context = await createContext(config, openLogs('silent'))
    const { url } = await context.listen()
    const Authorization = `Bearer ${await tokenOf({ sub: 'mallory-the-user' })}`
    const headers = { Authorization, 'X-Request-Id': 'asked-1' }
    const traced = { ...headers, traceparent: `00-${traceId}-${parent}-01` }
    await fetch(`${url}/v1/search?q=the-secret-words`, { headers: traced })
    await fetch(`${url}/v1/documents/doc_nothing`, {
      headers: { ...headers, traceparent: 'nonsense' },
    })
  }
  const spans = bodies.flatMap(spansIn)
  const search = spans.find(({ name }) => name === 'GET /v1/search')
  expect(search).toMatchObject({ traceId, parentSpanId: parent })
  expect(attributesOf(search)).toEqual({
    'http.request.method': 'GET',
    'http.route': '/v1/search',
    'http.response.status_code': 200,
    'carrel.request_id': 'asked-1',
  })
  const operation = spans.find(({ name }) => name === 'search')
  expect(operation).toMatchObject({ traceId, parentSpanId: search?.spanId })
  expect(attributesOf(operation)).toEqual({ 'carrel.outcome': 'ok' })
  const missing = spans.find(({ name }) => name === 'GET /v1/documents/:id')
  expect(missing?.traceId).not.toBe(traceId)
  expect(missing?.parentSpanId ?? '').toBe('')
  expect(attributesOf(missing)['http.response.status_code']).toBe(404)
  for (const word of ['mallory', 'secret-words', 'doc_nothing', '127.0.0.1'])
    expect(bodies.join()).not.toContain(word)
  expect(bodies.join()).toContain('"carrel"')
})

function spansIn(body: string): Span[] {
  const { resourceSpans } = JSON.parse(body) as {
    resourceSpans: { scopeSpans: { spans: Span[] }[] }[]
  }
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
}

function attributesOf(span: Span | undefined): Record<string, unknown> {
  return Object.fromEntries(
    (span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]),
  )
}
