/** Who was sent away from a full server and comes again at once; by its own clock, without a server. */
import { expect, test } from 'vitest'
import { Door } from '../../src/http/door.ts'

const by = (authorization?: string, url = '/v1/search') => ({
  url,
  headers: authorization === undefined ? {} : { authorization },
})

test('only who was refused, only while it is full, only for a second', () => {
  const now = { ms: 0, isFull: true }
  const door = new Door(
    () => now.isFull,
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
})

test('who sends no credential is never taken for another', () => {
  const door = new Door(() => true)
  door.refused(by())
  expect(door.isShutTo(by())).toBe(false)
})
