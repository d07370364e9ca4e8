/** Server-sent events on a real socket: a sign of life in silence, a client that takes nothing, one that leaves. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { type ServerSentEvent, type SseOptions, sendEvents } from '../../src/http/sse.ts'

/** @returns the client's side, when it has begun, and the end of the server's */
async function stream(
  events: (signal: AbortSignal) => AsyncIterable<ServerSentEvent>,
  options: Omit<SseOptions, 'signal'>,
): Promise<{ response: IncomingMessage; ended: Promise<void> }> {
  const ended = Promise.withResolvers<void>()
  const app = express().get('/', (_, answer) => {
    // What every answer carries is tested elsewhere.
    answer.locals['exchange'] = { headers: () => [] }
    const left = new AbortController()
    answer.on('close', () => left.abort())
    const { signal } = left
    sendEvents(answer, events(signal), { ...options, signal }).then(ended.resolve, ended.reject)
  })
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const asked = request(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  asked.on('error', () => undefined).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  response.on('error', () => undefined)
  return { response, ended: ended.promise }
}

/** Nothing, until whoever reads has left. */
async function* silence(signal: AbortSignal): AsyncGenerator<ServerSentEvent, void> {
  await once(signal, 'abort')
  yield { data: 'nobody is there' }
}

test('in silence there are comments, and they end with the client', async () => {
  const { response, ended } = await stream(silence, { heartbeatMs: 5 })
  let text = ''
  for await (const piece of response) {
    text += String(piece)
    if (text.split('\n\n').length > 4) break
  }
  expect(text).toMatch(/^retry: \d+\n\n(:\n\n){3}/)
  await ended
})

test('events come as they are, a comment never inside one', async () => {
  async function* events(): AsyncGenerator<ServerSentEvent, void> {
    yield { id: 'a.1', event: 'delta', data: { text: 'one\ntwo' } }
    yield { data: '[DONE]' }
  }
  const { response, ended } = await stream(events, { heartbeatMs: 1 })
  const pieces: string[] = []
  for await (const piece of response) pieces.push(String(piece))
  const parts = pieces.join('').split('\n\n')
  expect(parts.filter((part) => part !== ':').slice(1)).toEqual([
    'id: a.1\nevent: delta\ndata: {"text":"one\\ntwo"}',
    'data: [DONE]',
    '',
  ])
  await ended
})

test('a client that takes nothing is cut, and nothing more is made for it', async () => {
  let made = 0
  async function* flood(): AsyncGenerator<ServerSentEvent, void> {
    for (; made < 10_000; made++) yield { data: 'x'.repeat(64 * 1024) }
  }
  const { response, ended } = await stream(flood, { stallMs: 50 })
  response.pause()
  await ended
  expect(made).toBeLessThan(1_000)
})
