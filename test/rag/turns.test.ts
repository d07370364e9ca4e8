import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Steps, Turns } from '../../src/rag/turns.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'

const [ann, ben] = ['ann', 'ben'] as TenantId[] as [TenantId, TenantId]
const never = new AbortController().signal
/** A slice is one step: its time is over when it begins. */
const oneStep = 0

function* noting(name: string, count: number, into: string[]): Steps<string> {
  for (let at = 1; at <= count; at++) {
    into.push(`${name}${at}`)
    yield
  }
  return name
}

test('tenants take turns, one slice each, and each has its own work in order', async () => {
  const turns = new Turns(oneStep)
  const noted: string[] = []
  const first = turns.run(ann, noting('a', 2, noted), never)
  const second = turns.run(ann, noting('b', 1, noted), never)
  const other = turns.run(ben, noting('c', 3, noted), never)
  expect(noted).toEqual([])
  expect(await Promise.all([first, second, other])).toEqual(['a', 'b', 'c'])
  expect(noted).toEqual(['a1', 'c1', 'a2', 'c2', 'c3', 'b1'])
})

test('between two slices the event loop turns', async () => {
  const turns = new Turns(oneStep)
  const noted: string[] = []
  const work = turns.run(ann, noting('a', 5, noted), never)
  while (!noted.includes('a5')) {
    await setImmediate()
    noted.push('turn')
  }
  await work
  expect(noted.join(' ')).toMatch(/^(turn )?a1 turn a2 turn a3 turn a4 turn a5 turn$/)
})

test('what fails, or is not wanted any more, ends alone', async () => {
  const turns = new Turns(oneStep)
  const controller = new AbortController()
  const noted: string[] = []
  // biome-ignore lint/correctness/useYield: it fails before
  function* failing(): Steps<string> {
    throw new Error('broken')
  }
  function* leaving(): Steps<string> {
    yield
    controller.abort(new Error('left'))
    yield
    noted.push('went on')
    return 'done'
  }
  const broken = turns.run(ann, failing(), never)
  const left = turns.run(ann, leaving(), controller.signal)
  const whole = turns.run(ann, noting('a', 1, noted), never)
  await expect(broken).rejects.toThrow('broken')
  await expect(left).rejects.toThrow('left')
  expect(await whole).toBe('a')
  expect(noted).toEqual(['a1'])
})
