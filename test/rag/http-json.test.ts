/** One request to a real server that does everything wrong: each time a clear fault, and nothing left behind. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test, vi } from 'vitest'
import { endpointUrl } from '../../src/rag/endpoint-url.ts'
import { type Posted, type PostOptions, postJson } from '../../src/rag/http-json.ts'
import type { FakeEndpoint } from '../fake-endpoint.ts'
import type { Fault } from '../fake-faults.ts'
import { lengthStyles } from '../fake-faults.ts'
import { endpoint, expectQuiet, faultOf, openTimers } from './harness.ts'

const secret = 'sk-very-secret-key'

function post(fake: { url: string }, options: Partial<PostOptions> = {}): Promise<Posted> {
  return postJson({
    name: 'embeddings endpoint',
    url: `${fake.url}/v1/embeddings`,
    body: { model: 'm', input: ['a private sentence of a tenant'] },
    timeoutMs: 10_000,
    idleMs: 10_000,
    answerBytesMax: 1_000_000,
    texts: ['a private sentence of a tenant'],
    apiKey: secret,
    ...options,
  })
}

test('gives the parsed answer and sends the key as a header', async () => {
  const fake = await endpoint()
  const posted = await post(fake)
  expect(posted).toMatchObject({ value: { data: [{ index: 0 }] } })
  expect(fake.requests[0]?.authorization).toBe(`Bearer ${secret}`)
})

const faults: readonly [string, Fault, string, RegExp, boolean][] = [
  ['reset', { kind: 'reset' }, 'unavailable', /closed the connection/, true],
  ['half', { kind: 'half' }, 'unavailable', /before its answer was whole/, true],
  ['truncated', { kind: 'truncated' }, 'bad_answer', /not JSON, or only with half/, false],
  ['html', { kind: 'html' }, 'bad_answer', /web page/, false],
  ['NaN', { kind: 'numbers', as: 'nan' }, 'bad_answer', /not finite/, true],
  ['401', { kind: 'status', status: 401 }, 'unauthorized', /does not accept the API key/, false],
  ['403', { kind: 'status', status: 403 }, 'unauthorized', /API key/, false],
  ['404', { kind: 'status', status: 404 }, 'refused', /address or model/, false],
  ['400', { kind: 'status', status: 400 }, 'refused', /refused the request/, true],
  ['429', { kind: 'status', status: 429 }, 'rate_limited', /fewer requests/, false],
  ['500', { kind: 'status', status: 500 }, 'unavailable', /failed \(500\)/, true],
  ['503', { kind: 'status', status: 503 }, 'unavailable', /failed \(503\)/, false],
  ['504', { kind: 'status', status: 504 }, 'timeout', /gave up waiting/, true],
  [
    'redirect',
    { kind: 'status', status: 307, headers: { location: 'http://169.254.169.254/' } },
    'refused',
    /redirects elsewhere/,
    false,
  ],
]

test.each(faults)('%s', async (_name, fault, kind, sentence, mayBeInput) => {
  const fake = await endpoint()
  fake.script(fault)
  const found = faultOf(await post(fake))
  expect(found).toMatchObject({ kind, mayBeInput })
  expect(found.sentence).toMatch(sentence)
  expect(found.sentence).toContain(`${fake.url}/v1/embeddings`)
  expect(found.sentence).not.toContain(secret)
  expect(fake.requests).toHaveLength(1)
  await expectQuiet(fake)
})

test.each(Object.entries(lengthStyles))('%s says too long', async (_name, [status, body]) => {
  const fake = await endpoint()
  fake.script({ kind: 'status', status, body })
  expect(faultOf(await post(fake))).toMatchObject({ kind: 'too_long', mayBeInput: true })
})

test.each([
  [400, '{"error":{"message":"You exceeded your current quota, check your billing"}}'],
  [500, '{"error":"request timeout exceeded"}'],
  [400, '{"error":{"message":"Unknown parameter"}}'],
])('%i %s is not about length', async (status, body) => {
  const fake = await endpoint()
  fake.script({ kind: 'status', status, body })
  expect(faultOf(await post(fake)).kind).not.toBe('too_long')
})

test('nobody listens', async () => {
  const fake = await endpoint()
  await fake.down()
  const found = faultOf(await post(fake))
  expect(found).toMatchObject({ kind: 'unavailable', mayBeInput: false })
  expect(found.sentence).toContain('does not listen')
})

const silences: readonly [string, Fault, Partial<PostOptions>, RegExp][] = [
  ['hangs', { kind: 'hang' }, { timeoutMs: 50 }, /did not answer within 50 ms/],
  ['drips', { kind: 'drip', everyMs: 5 }, { timeoutMs: 60 }, /did not answer within 60 ms/],
  ['stalls', { kind: 'stall' }, { idleMs: 50 }, /fell silent for 50 ms/],
]

test.each(silences)('%s: the connection is ended', async (_name, fault, limits, sentence) => {
  const fake = await endpoint()
  fake.script(fault)
  const found = faultOf(await post(fake, limits))
  expect(found).toMatchObject({ kind: 'timeout', mayBeInput: true })
  expect(found.sentence).toMatch(sentence)
  await expectQuiet(fake)
  await vi.waitFor(() => expect(fake.sockets).toBe(0))
})

test('a gigabyte is cut off long before it is read', async () => {
  const fake = await endpoint()
  fake.script({ kind: 'gigabyte' })
  const found = faultOf(await post(fake))
  expect(found.kind).toBe('bad_answer')
  expect(found.sentence).toContain('more than 1000000 bytes')
  await vi.waitFor(() => expect(fake.sockets).toBe(0))
  expect(fake.bytesSent).toBeLessThan(64 * 2 ** 20)
})

test('the limit counts what comes out of the compression', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    response.end(gzipSync(Buffer.alloc(8_000_000, ' ')))
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(faultOf(await post({ url })).sentence).toContain('more than 1000000 bytes')
})

test('an error page of a gigabyte is not read either', async () => {
  const fake = await endpoint()
  fake.script({ kind: 'status', status: 500, body: 'x'.repeat(8_000_000) })
  const found = faultOf(await post(fake))
  expect(found.kind).toBe('unavailable')
  expect(found.sentence.length).toBeLessThan(500)
  await expectQuiet(fake)
})

test('the caller aborts: its reason, and the server sees the end', async () => {
  const fake = await endpoint({ fault: { kind: 'hang' } })
  const controller = new AbortController()
  const posted = post(fake, { signal: controller.signal })
  await vi.waitFor(() => expect(fake.requests).toHaveLength(1))
  controller.abort(new Error('enough'))
  await expect(posted).rejects.toThrow('enough')
  await expectQuiet(fake)
  await expect(post(fake, { signal: controller.signal })).rejects.toThrow('enough')
  expect(fake.requests).toHaveLength(1)
})

test('leaves no timer behind, whatever happened', async () => {
  const before = openTimers()
  const fake = await endpoint()
  for (const [, fault] of faults) fake.script(fault)
  for (const _ of faults) await post(fake)
  await post(fake)
  await fake.down()
  await post(fake)
  expect(openTimers()).toBeLessThanOrEqual(before)
})

test('never repeats the key or a tenant’s text', async () => {
  const fake = await endpoint()
  const says = async (message: string): Promise<string> => {
    fake.script({
      kind: 'status',
      status: 422,
      body: JSON.stringify({ detail: [{ msg: message }] }),
    })
    return faultOf(await post(fake)).sentence
  }
  expect(await says('Unknown\n\u001b[31m option: foo')).toContain(
    'It says: Unknown [31m option: foo',
  )
  expect(await says(`wrong key ${secret}`)).not.toContain('It says')
  expect(await says('bad input: "private sentence of a tenant"')).not.toContain('It says')
})

test('a key that no header can carry is named without being shown', async () => {
  const fake = await endpoint()
  const found = faultOf(await post(fake, { apiKey: `${secret}\nx` }))
  expect(found.kind).toBe('unauthorized')
  expect(found.sentence).not.toContain(secret)
  expect(fake.requests).toHaveLength(0)
})

test.each([
  ['not an address', /write its address/],
  ['ftp://host/x', /write its address/],
  ['http://me:hush@127.0.0.1:1/x', /password in its address/],
])('refuses the address %s', async (url, sentence) => {
  const found = faultOf(await postJson({ ...options(url), url }))
  expect(found.sentence).toMatch(sentence)
  expect(found.sentence).not.toContain('hush')
})

function options(url: string): PostOptions {
  return {
    name: 'embeddings endpoint',
    url,
    body: {},
    timeoutMs: 1_000,
    idleMs: 1_000,
    answerBytesMax: 1_000,
    texts: [],
  }
}

async function retryAfter(
  fake: FakeEndpoint,
  headers: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  fake.script({ kind: 'status', status: 429, headers })
  const found = faultOf(await post(fake, { nowMs: Date.parse('2026-01-01T00:00:00Z') }))
  return 'retryAfterMs' in found ? found.retryAfterMs : undefined
}

test('reads how long to wait', async () => {
  const fake = await endpoint()
  expect(await retryAfter(fake, { 'retry-after': '7' })).toBe(7_000)
  expect(await retryAfter(fake, { 'retry-after': 'Thu, 01 Jan 2026 00:00:20 GMT' })).toBe(20_000)
  expect(await retryAfter(fake, { 'retry-after': '7', 'retry-after-ms': '1500' })).toBe(1_500)
  expect(await retryAfter(fake, { 'retry-after': '99999999' })).toBe(3_600_000)
  expect(await retryAfter(fake, { 'retry-after': 'soon' })).toBeUndefined()
  expect(await retryAfter(fake, {})).toBeUndefined()
})

test('completes the address that an operator wrote', () => {
  const url = (given: string): string => endpointUrl(given, 'embeddings', '/v1/embeddings')
  expect(url('http://h:11434')).toBe('http://h:11434/v1/embeddings')
  expect(url('http://h:11434/')).toBe('http://h:11434/v1/embeddings')
  expect(url('https://h/v1/')).toBe('https://h/v1/embeddings')
  expect(url('https://h/openai/v1/embeddings')).toBe('https://h/openai/v1/embeddings')
  expect(url('https://h/d?api-version=1')).toBe('https://h/d/embeddings?api-version=1')
})
