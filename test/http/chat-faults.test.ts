/** What a model and a client can do wrong: each ends clearly, and nothing is left behind. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { FakeModel, type ModelFault } from '../fake-model.ts'
import { ask, eventsOf, setUp, stream } from './chat-server.ts'
import { jsonInit, problemOf, tokenOf } from './harness.ts'

let fake: FakeModel
beforeAll(async () => {
  fake = await FakeModel.start()
})
afterAll(() => fake.stop())
beforeEach(() => {
  fake.fault = undefined
  fake.answer = 'The governor opened it on 19 March 1932 [1].'
  fake.asked.length = 0
})

const early: readonly ModelFault[] = [
  { kind: 'html' },
  { kind: 'not_json' },
  { kind: 'invalid_json' },
  { kind: 'reset' },
  { kind: 'error_inside' },
  { kind: 'hang' },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 429 },
]

test.each(early)(
  'a model that fails before its first word (%j) leaves quotes and a sentence',
  async (fault) => {
    const { server } = await setUp(fake, { withModel: true, models: { firstMs: 60 } })
    fake.fault = fault
    const reply = await ask(server, { message: 'Who opened the bridge?' })
    expect(reply.mode).toBe('extractive')
    expect(reply.answer).toContain('governor')
    expect(reply.notice).toMatch(/^The chat endpoint http:\/\/127/)
  },
)

test('an endpoint that refuses the connection leaves quotes and says what to do', async () => {
  const gone = await FakeModel.start()
  await gone.stop()
  const { server } = await setUp(gone, { withModel: true })
  const reply = await ask(server, { message: 'Who opened the bridge?' })
  expect(reply).toMatchObject({ mode: 'extractive', notice: expect.stringMatching(/start it/) })
})

test.each<ModelFault>([
  { kind: 'stops' },
  { kind: 'stalls' },
  { kind: 'error_later' },
  { kind: 'endless' },
])(
  'a model that fails in the middle (%j) ends in an error event, and its words are kept',
  async (fault) => {
    const { server } = await setUp(fake, {
      withModel: true,
      models: { idleMs: 60, answerUnitsMax: 200_000 },
    })
    fake.fault = fault
    const events = await Array.fromAsync(
      eventsOf(await stream(server, { message: 'Who opened the bridge?' })),
    )
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { code: 'model_failed' } })
    const [first] = events
    if (first?.event !== 'passages') throw new Error('no passages')
    const kept = await server.as('ann', `/v1/conversations/${first.data.conversation_id}`)
    expect(await kept.json()).toMatchObject({ items: [{ role: 'user' }, { role: 'assistant' }] })
    const problem = await problemOf(
      await server.as('ann', '/v1/chat', jsonInit('POST', { message: 'Who opened the bridge?' })),
    )
    expect(problem.status).toBe(502)
    await fake.quiet()
  },
)

test('a client that reads nothing is not written to without end', async () => {
  const { server, chat } = await setUp(fake, { withModel: true, models: { bytesMax: 4 * 2 ** 20 } })
  fake.fault = { kind: 'endless' }
  const body = JSON.stringify({ message: 'Who opened the bridge?', stream: true })
  const token = await tokenOf({ sub: 'ann' })
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(
    `POST /v1/chat HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  socket.pause()
  while (fake.asked.length === 0 || chat.running > 0) await setImmediate()
  // The model came to its limit; what the client did not take is not in the server's socket buffers.
  expect(socket.bytesRead).toBeLessThan(2 ** 20)
  socket.destroy()
  await fake.quiet()
})

test('after many aborted chats no connection, timer or run is left', async () => {
  const { server, chat } = await setUp(fake, {
    withModel: true,
    limits: { leaveMs: 0, tenantMax: 64 },
  })
  fake.fault = { kind: 'stalls' }
  const timersBefore = timers()
  for (let turn = 0; turn < 20; turn++)
    await Promise.all(
      Array.from({ length: 10 }, async (_, at) => {
        const controller = new AbortController()
        const response = await stream(
          server,
          { message: `Who opened bridge ${at}?` },
          controller.signal,
        )
        for await (const event of eventsOf(response)) {
          expect(event.event).toBe('passages')
          break
        }
        controller.abort()
      }),
    )
  while (chat.running > 0) await setImmediate()
  await fake.quiet()
  await chat.close()
  expect(chat.running).toBe(0)
  expect(timers()).toBeLessThanOrEqual(timersBefore + 2)
})

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}
