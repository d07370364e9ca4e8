import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { TenantSemaphores } from '../../src/rag/semaphore.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'

const [ann, ben] = ['ann', 'ben'] as TenantId[] as [TenantId, TenantId]
const never = new AbortController().signal

test('each tenant has a bound of its own, and a line in order that one may leave', async () => {
  const semaphores = new TenantSemaphores(1)
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const work = (name: string) => () => {
    begun.push(name)
    return new Promise<void>((resolve) => ends.set(name, resolve))
  }
  const controller = new AbortController()
  const first = semaphores.run(ann, never, work('first'))
  const second = semaphores.run(ann, controller.signal, work('second'))
  const third = semaphores.run(ann, never, work('third'))
  const other = semaphores.run(ben, never, work('other'))
  await setImmediate()
  expect(begun).toEqual(['first', 'other'])
  controller.abort(new Error('left'))
  await expect(second).rejects.toThrow('left')
  ends.get('first')?.()
  await first
  await setImmediate()
  expect(begun).toEqual(['first', 'other', 'third'])
  ends.get('third')?.()
  ends.get('other')?.()
  await Promise.all([third, other])
  // Nothing of it is left behind: the next one begins at once.
  const next = semaphores.run(ann, never, work('next'))
  await setImmediate()
  expect(begun.at(-1)).toBe('next')
  ends.get('next')?.()
  await next
})
