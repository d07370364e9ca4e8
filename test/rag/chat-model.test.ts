import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type ChatEnd, type ChatLimits, ChatModel } from '../../src/rag/chat-model.ts'
import { EventStreamParser } from '../../src/rag/event-stream.ts'
import { FakeModel, type ModelFault } from '../fake-model.ts'

let fake: FakeModel
beforeAll(async () => {
  fake = await FakeModel.start()
})
afterAll(() => fake.stop())
beforeEach(() => {
  fake.fault = undefined
  fake.isStreaming = true
  fake.answer = 'It is so [1].'
  fake.asked.length = 0
})

const question = [{ role: 'user', content: 'Is the harbour of my grandmother open?' }] as const

function modelOf(limits: Partial<ChatLimits> = {}, url = fake.url): ChatModel {
  return new ChatModel({ url, model: 'tiny', apiKey: 'sk-secret', limits })
}

async function ask(
  model: ChatModel,
  signal?: AbortSignal,
): Promise<{ text: string; end: ChatEnd }> {
  const stream = model.stream(question, signal)
  let text = ''
  for (;;) {
    const { done, value } = await stream.next()
    if (done) return { text, end: value }
    text += value
  }
}

test('an answer comes piece by piece, with what it cost', async () => {
  const { text, end } = await ask(modelOf())
  expect(text).toBe('It is so [1].')
  expect(end).toEqual({ usage: { prompt_tokens: 12, completion_tokens: 3 }, isCut: false })
  expect(fake.asked[0]).toMatchObject({
    url: '/v1/chat/completions',
    authorization: 'Bearer sk-secret',
    body: { model: 'tiny', stream: true, messages: question },
  })
  // No tool is ever offered: an answer is text and does nothing.
  expect(fake.asked[0]?.body).not.toHaveProperty('tools')
})

test('a server that does not stream is understood as well', async () => {
  fake.isStreaming = false
  expect((await ask(modelOf())).text).toBe('It is so [1].')
})

const faults: readonly [ModelFault, string, RegExp][] = [
  [{ kind: 'hang' }, 'timeout', /said nothing for 80 ms/],
  [{ kind: 'stalls' }, 'timeout', /fell silent/],
  [{ kind: 'reset' }, 'unavailable', /closed the connection/],
  [{ kind: 'html' }, 'bad_answer', /web page/],
  [{ kind: 'not_json' }, 'bad_answer', /not JSON/],
  [{ kind: 'invalid_json' }, 'bad_answer', /not JSON/],
  [{ kind: 'error_inside' }, 'bad_answer', /error inside: out of memory/],
  [{ kind: 'error_later' }, 'bad_answer', /error inside: out of memory/],
  [{ kind: 'stops' }, 'bad_answer', /stopped in the middle/],
  [{ kind: 'endless' }, 'bad_answer', /more than an answer may have/],
  [{ kind: 'status', status: 500 }, 'unavailable', /failed \(500\)/],
  [{ kind: 'status', status: 429 }, 'rate_limited', /fewer requests/],
  [{ kind: 'status', status: 401 }, 'unauthorized', /API key/],
  [{ kind: 'status', status: 302 }, 'refused', /redirects/],
  [
    { kind: 'status', status: 404, body: '{"error":{"message":"model \\"tiny\\" not found"}}' },
    'refused',
    /ollama pull tiny/,
  ],
  [
    { kind: 'status', status: 400, body: '{"error":"Is the harbour of my grandmother open?"}' },
    'refused',
    /refused the request \(400\)\.$/,
  ],
]

test.each(faults)('%j ends as %s', async (fault, kind, sentence) => {
  fake.fault = fault
  const isSilent = fault.kind === 'hang' || fault.kind === 'stalls'
  const model = modelOf(isSilent ? { firstMs: 80, idleMs: 80 } : { bytesMax: 100_000 })
  const { end } = await ask(model)
  if (!('fault' in end)) throw new Error('it ended well')
  expect(end.fault.kind).toBe(kind)
  expect(end.fault.sentence).toMatch(sentence)
  expect(end.fault.sentence).not.toContain('sk-secret')
  expect(model.state).toBe(end.fault.sentence)
  expect(model.running).toBe(0)
  await fake.quiet()
})

test('an endpoint that does not listen says what to do, and is left alone after three tries', async () => {
  const gone = await FakeModel.start()
  await gone.stop()
  const model = modelOf(
    { breaker: { failuresMax: 3, restMs: 60_000, restMsMax: 60_000 } },
    gone.url,
  )
  for (let turn = 0; turn < 3; turn++)
    expect((await ask(model)).end).toMatchObject({
      fault: { sentence: expect.stringMatching(/does not listen/) },
    })
  expect((await ask(model)).end).toMatchObject({ fault: { retryAfterMs: expect.any(Number) } })
})

test('a client that leaves takes the request along', async () => {
  fake.fault = { kind: 'stalls' }
  const controller = new AbortController()
  const asked = fake.nextAsked()
  const answer = ask(modelOf(), controller.signal)
  await asked
  controller.abort(new Error('left'))
  await expect(answer).rejects.toThrow('left')
  await fake.quiet()
})

test('whoever stops reading stops the stream', async () => {
  fake.fault = { kind: 'endless' }
  for await (const piece of { [Symbol.asyncIterator]: () => modelOf().stream(question) }) {
    expect(piece).not.toBe('')
    break
  }
  await fake.quiet()
})

test('events are the same however their bytes are cut', () => {
  const stream = Buffer.from(
    'data: {"a":"ж"}\r\n\r\n: beat\n\ndata:one\ndata: two\n\nevent: x\n\ndata: [DONE]',
  )
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
      const parser = new EventStreamParser()
      const places = [...new Set([0, ...cuts, stream.length])].sort((a, b) => a - b)
      const found = places
        .slice(1)
        .flatMap((to, at) => parser.push(stream.subarray(places[at], to)))
      expect([...found, ...parser.end()]).toEqual(['{"a":"ж"}', 'one\ntwo', '[DONE]'])
    }),
    { seed: 1 },
  )
})
