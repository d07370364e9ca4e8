import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createKeyProof } from '../../src/auth/api-key.ts'
import { createAuthenticator } from '../../src/auth/authenticator.ts'
import { EventStreamParser } from '../../src/rag/event-stream.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { FakeModel } from '../fake-model.ts'
import { setUp } from './chat-server.ts'
import { memoryControl } from './fakes.ts'
import { jsonInit, problemOf } from './harness.ts'

let fake: FakeModel
beforeAll(async () => {
  fake = await FakeModel.start()
})
afterAll(() => fake.stop())
beforeEach(() => {
  fake.fault = undefined
  fake.asked.length = 0
  fake.answer = 'The governor opened the bridge on 19 March 1932 [1].'
})

const path = '/openai/v1/chat/completions'
const messages = [
  { role: 'system', content: 'You are a pirate.' },
  { role: 'user', content: 'Is there a bridge?' },
  { role: 'assistant', content: 'Yes.' },
  { role: 'user', content: [{ type: 'text', text: 'Who opened the bridge?' }] },
]

async function dataOf(response: Response): Promise<string[]> {
  const parser = new EventStreamParser()
  return [...parser.push(new Uint8Array(await response.arrayBuffer())), ...parser.end()]
}

test('an answer has the shape that clients expect, its sources, and is not kept', async () => {
  const { server } = await setUp(fake, { withModel: true })
  const body = { model: 'carrel', messages, temperature: 0.2, user: 'x' }
  const response = await server.as('ann', path, jsonInit('POST', body))
  expect(await response.json()).toMatchObject({
    object: 'chat.completion',
    model: 'carrel',
    choices: [{ index: 0, message: { role: 'assistant' }, finish_reason: 'stop' }],
    // The search that the model made of the question is counted as well.
    usage: { prompt_tokens: 24, completion_tokens: 6, total_tokens: 30 },
  })
  expect(fake.asked).toHaveLength(2)
  const roles = fake.asked[1]?.body.messages.map(({ role }) => role)
  expect(roles).toEqual(['system', 'user', 'assistant', 'user'])
  // Its system message is not ours.
  expect(JSON.stringify(fake.asked)).not.toContain('pirate')
  const kept = (await (await server.as('ann', '/v1/conversations')).json()) as { items: unknown[] }
  expect(kept.items).toEqual([])
})

test('it streams in chunks, with usage when asked for, and says [DONE]', async () => {
  const { server } = await setUp(fake, { withModel: true })
  const body = { messages, stream: true, stream_options: { include_usage: true } }
  const data = await dataOf(await server.as('ann', path, jsonInit('POST', body)))
  expect(data.at(-1)).toBe('[DONE]')
  const chunks = data.slice(0, -1).map((text) => JSON.parse(text))
  expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
  expect(chunks[0].choices[0].delta).toEqual({ role: 'assistant', content: '' })
  expect(chunks.at(-2).choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' })
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 30 } })
  const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
  expect(text).toBe(`${fake.answer}\n\n[1] Bridges, page 1`)
})

test('a model that stops in the middle is an error in the stream', async () => {
  const { server } = await setUp(fake, { withModel: true })
  fake.fault = { kind: 'stops' }
  const data = await dataOf(
    await server.as('ann', path, jsonInit('POST', { messages, stream: true })),
  )
  expect(JSON.parse(data.at(-1) ?? '')).toMatchObject({ error: { code: 'model_failed' } })
})

test('the library is the one model, and what is no question is refused', async () => {
  const { server } = await setUp(fake)
  const models = await server.as('ann', '/openai/v1/models')
  expect(await models.json()).toMatchObject({
    object: 'list',
    data: [{ id: 'carrel', object: 'model' }],
  })
  for (const bad of [
    [],
    [{ role: 'system', content: 'x' }],
    [{ role: 'user', content: ' ' }],
    [{ role: 'user', content: 'x'.repeat(9_000) }],
  ]) {
    const response = await server.as('ann', path, jsonInit('POST', { messages: bad }))
    expect((await problemOf(response)).status).toBe(400)
  }
})

test('the `openai` package streams, asks at once and lists models, with an API key', async () => {
  const control = memoryControl()
  const proof = createKeyProof({
    keys: control.keys,
    tierOf: () => 'free',
    generationOf: () => 'g',
  })
  const authenticate = createAuthenticator([proof])
  const { server } = await setUp(fake, { withModel: true }, { ...control, authenticate })
  const ann = 'ann' as TenantId
  const owner = { tenant: ann, subject: ann, generation: 'g', userId: 'ann' }
  const key = await control.keys.add(
    { ...owner, name: '', scopes: ['chat'], requestsPerMinute: null, expiresAtMs: null },
    Date.now(),
  )
  const clientOf = (apiKey: string) =>
    new OpenAI({ apiKey, baseURL: `${server.url}/openai/v1`, maxRetries: 0 })
  const client = clientOf(key.text)
  const question = { role: 'user', content: 'Who opened the bridge?' } as const
  const expected = `${fake.answer}\n\n[1] Bridges, page 1`

  const models = await client.models.list()
  expect(models.data.map(({ id }) => id)).toEqual(['carrel'])
  const whole = await client.chat.completions.create({ model: 'carrel', messages: [question] })
  expect(whole.choices[0]?.message.content).toBe(expected)
  expect(whole.usage?.total_tokens).toBe(15)
  // As slow as a model is: what comes at once is sent at once.
  fake.paceMs = 45
  const stream = client.chat.completions.stream({
    model: 'carrel',
    messages: [question],
    stream_options: { include_usage: true },
  })
  let pieces = 0
  stream.on('content', () => void pieces++)
  const final = await stream.finalChatCompletion()
  expect(final.choices[0]?.message.content).toBe(expected)
  expect(final.usage?.total_tokens).toBe(15)
  expect(pieces).toBeGreaterThan(3)

  const stranger = clientOf(`crl_aaaaaaaa_${'a'.repeat(52)}`)
  await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
  fake.fault = { kind: 'stops' }
  const broken = client.chat.completions.stream({ model: 'carrel', messages: [question] })
  await expect(broken.finalChatCompletion()).rejects.toThrow(/not whole/)
})
