/** Who was sent away from a full server and comes again at once. */
import express from 'express'
import { expect, test } from 'vitest'
import { Door } from '../../src/http/door.ts'
import { createHttpServer } from '../../src/http/server.ts'

const nobody = (): void => undefined

const by = (authorization?: string, url = '/v1/search') => ({
  url,
  headers: authorization === undefined ? {} : { authorization },
})

test('only who was refused, only while it is full, only for a second', () => {
  const now = { ms: 0, isFull: true, shut: 0 }
  const door = new Door(
    () => now.isFull,
    () => now.shut++,
    () => now.ms,
  )
  expect(door.isShutTo(by('loud'))).toBe(false)
  door.refused(by('loud'))
  expect(door.isShutTo(by('loud'))).toBe(true)
  expect(door.isShutTo(by('quiet'))).toBe(false)
  expect(door.isShutTo(by('loud', '/readyz')), 'whoever watches over the server').toBe(false)
  now.isFull = false
  expect(door.isShutTo(by('loud'))).toBe(false)
  now.isFull = true
  now.ms = 999
  expect(door.isShutTo(by('loud'))).toBe(true)
  now.ms = 1_000
  expect(door.isShutTo(by('loud'))).toBe(false)
  expect(now.shut).toBe(2)
})

test('who sends no credential is never taken for another', () => {
  const door = new Door(() => true, nobody)
  door.refused(by())
  expect(door.isShutTo(by())).toBe(false)
})

test('what is said at the door is a problem like any, before the application hears of it', async () => {
  const app = express().use(() => expect.unreachable())
  const door = new Door(() => true, nobody)
  const server = createHttpServer(app, {}, nobody, door)
  const { port } = await server.listen(0, '127.0.0.1')
  const headers = { authorization: 'Bearer loud' }
  door.refused({ url: '/v1/search', headers })
  const send = (body: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/v1/search`, { method: 'POST', headers, body })
  const small = await send('{}')
  expect(small.status).toBe(503)
  expect(small.headers.get('retry-after')).toBe('1')
  expect(small.headers.get('content-type')).toBe('application/problem+json')
  expect(small.headers.get('connection')).toBe('keep-alive')
  expect(await small.json()).toMatchObject({ code: 'overloaded', status: 503 })
  const large = await send('x'.repeat(100_000))
  expect(large.status).toBe(503)
  expect(large.headers.get('connection'), 'nobody waits for the rest').toBe('close')
  await large.body?.cancel()
  await server.close(1_000)
})
