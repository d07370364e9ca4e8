/** A library's own chat key, and the share of the server's model. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ChatKeys } from '../../src/control/chat-keys.ts'
import { Secrets } from '../../src/control/secrets.ts'
import { tiersDefault } from '../../src/control/tiers.ts'
import { UsageMeter } from '../../src/control/usage-meter.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { FakeModel } from '../fake-model.ts'
import { ask, setUp } from './chat-server.ts'
import { jsonInit, problemOf } from './harness.ts'

const ann = 'ann' as TenantId
const path = '/v1/me/chat-key'
const key = 'sk-own-key-of-ann-9876'
const message = 'Who opened the bridge?'
const dayMs = 86_400_000
const clock = { ms: Date.parse('2026-11-21T12:00:00Z') }
let fake: FakeModel
beforeAll(async () => {
  fake = await FakeModel.start()
})
afterAll(() => fake.stop())
beforeEach(() => {
  fake.fault = undefined
  fake.asked.length = 0
})

async function start(limits: Partial<typeof tiersDefault.free> = {}, before = 0) {
  const secrets = new Secrets([Buffer.alloc(32, 1)])
  const written: unknown[] = []
  const write = async (change: unknown) => void written.push(change)
  const chatKeys = new ChatKeys({ all: [], secrets, write, isThere: () => true })
  const usage = new UsageMeter({
    before: { day: '2026-11-21', tokens: [[ann, before]] },
    write: async () => undefined,
    isThere: () => true,
    storedOf: async () => 0,
    onFault: (error) => expect(error).toBeUndefined(),
    nowMs: () => clock.ms,
  })
  const given = await setUp(fake, { withModel: true, ownKeys: chatKeys }, { chatKeys, usage })
  Object.assign(given.tenant.handle, { limits: { ...tiersDefault.local, ...limits } })
  const { server } = given
  const put = (body: object) => server.as('ann', path, jsonInit('PUT', body))
  return { ...given, put, secrets, written, usage, logged: server.logged }
}

test('a key of one’s own is asked with at the server’s endpoint, and never shown again', async () => {
  const { server, put, written, logged } = await start()
  await ask(server, { message })
  expect(fake.asked[0]).toMatchObject({ authorization: undefined, body: { model: 'tiny' } })
  const answer = await put({ key, model: 'large' })
  expect(answer.status).toBe(200)
  const text = await answer.text()
  expect(JSON.parse(text)).toMatchObject({ is_set: true, last_four: '9876', model: 'large' })
  const reply = await ask(server, { message })
  expect(reply).toMatchObject({ mode: 'model', model: 'large' })
  expect(fake.asked[1]).toMatchObject({
    url: '/v1/chat/completions',
    authorization: `Bearer ${key}`,
    body: { model: 'large' },
  })
  // Of another library it is not.
  await ask(server, { message, filter: {} }, 'ben')
  expect(fake.asked.slice(2).map(({ authorization }) => authorization)).not.toContain(
    `Bearer ${key}`,
  )
  const shown = await (await server.as('ann', path)).text()
  // An endpoint that repeats it, too.
  fake.fault = { kind: 'status', status: 401, body: `{"error":{"message":"bad key ${key}"}}` }
  const refused = await ask(server, { message })
  expect(refused).toMatchObject({ mode: 'extractive', notice: expect.stringContaining('(401)') })
  for (const place of [text, shown, JSON.stringify([written, logged, refused])])
    expect(place).not.toContain(key)
  // What is wrong with it is nothing that the server has to say of itself.
  expect(JSON.stringify(server.options.chat.state)).toBe('"ok"')
  expect((await server.as('ann', path, { method: 'DELETE' })).status).toBe(204)
  expect((await server.as('ann', path, { method: 'DELETE' })).status).toBe(404)
  fake.fault = undefined
  await ask(server, { message })
  expect(fake.asked.at(-1)?.authorization).toBeUndefined()
})

test('what cannot be a key, a tier without one, and a key that does not open', async () => {
  const { server, put, secrets, tenant } = await start()
  for (const body of [
    {},
    { key: 'short' },
    { key: `${key}\r\nx: y` },
    { key, url: 'http://127.0.0.1' },
    { key, model: '' },
  ]) {
    const problem = await problemOf(await put(body))
    expect(problem.code).toBe('invalid_request')
    expect(JSON.stringify(problem)).not.toContain(key)
  }
  await put({ key })
  // The operator's key for secrets was lost: answers are quotes, and nobody else pays.
  secrets.replace([Buffer.alloc(32, 2)])
  const shown = await (await server.as('ann', path)).json()
  expect(shown).toMatchObject({ is_set: true, last_four: null, fault: expect.any(String) })
  expect(JSON.stringify(shown)).not.toContain('SECRETS_KEY')
  const reply = await ask(server, { message })
  expect(reply).toMatchObject({
    mode: 'extractive',
    notice: expect.stringContaining('set it again'),
  })
  expect(fake.asked).toEqual([])
  // A tier that has none any more: it is kept, and the server's is asked with.
  Object.assign(tenant.handle, { limits: { ...tiersDefault.free } })
  expect((await problemOf(await put({ key }))).code).toBe('forbidden')
  await ask(server, { message })
  expect(fake.asked.map(({ authorization }) => authorization)).toEqual([undefined])
})

test('the share of a day’s chat tokens is looked at before an answer begins, unless the key is one’s own', async () => {
  const { server, put, usage } = await start({ chat_tokens_per_day: 100 }, 80)
  const messages = [{ role: 'user', content: message }]
  const openai = () =>
    server.as('ann', '/openai/v1/chat/completions', jsonInit('POST', { messages }))
  // Each answer of the fake costs 15.
  await ask(server, { message })
  expect((await openai()).status).toBe(200)
  const account = await (await server.as('ann', '/v1/me')).json()
  expect(account).toMatchObject({
    quota: { chat_tokens_per_day: { used: 110, limit: 100 } },
    limits: { own_chat_key: true },
  })
  const refused = [
    await server.as('ann', '/v1/chat', jsonInit('POST', { message })),
    await openai(),
  ]
  for (const answer of refused)
    expect(await problemOf(answer)).toMatchObject({
      code: 'quota_exceeded',
      quota: { which: 'chat_tokens_per_day', used: 110, limit: 100 },
    })
  expect(fake.asked.length).toBe(2)
  await put({ key })
  await ask(server, { message })
  await server.as('ann', path, { method: 'DELETE' })
  expect(usage.chatTokensToday(ann)).toBe(125)
  // A flush takes nothing away; a new day does.
  await usage.flush()
  expect(usage.chatTokensToday(ann)).toBe(125)
  clock.ms += dayMs
  expect(usage.chatTokensToday(ann)).toBe(0)
  await ask(server, { message })
  await usage.close()
})
