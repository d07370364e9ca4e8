import { expect, test } from 'vitest'
import { EventRings } from '../../src/control/event-rings.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'

const [ann, ben] = ['ann', 'ben'] as [TenantId, TenantId]

test('all rings together hold no more than allowed, and a forgotten one is not taken for its successor', () => {
  const rings = new EventRings(10)
  const { lastId, end } = rings.subscribe(ann, undefined, () => undefined)
  end()
  rings.push(ann, 'first')
  const seen = rings.subscribe(ann, undefined, () => undefined)
  seen.end()
  expect(seen.lastId).not.toBe(lastId)
  for (let at = 0; at < 10; at++) rings.push(ben, at)
  expect(rings.subscribe(ann, seen.lastId, () => undefined).missed).toBeUndefined()
  const bens = rings.subscribe(ben, undefined, () => undefined)
  const [ring] = bens.lastId.split('-')
  expect(
    rings.subscribe(ben, `${ring}-8`, () => undefined).missed?.map(({ data }) => data),
  ).toEqual(['8', '9'])
})

test('who listens keeps the ring’s name, even when its events were forgotten', () => {
  const rings = new EventRings(4)
  const got: string[] = []
  const { lastId } = rings.subscribe(ann, undefined, ({ data }) => got.push(data))
  rings.push(ann, 1)
  for (let at = 0; at < 8; at++) rings.push(ben, at)
  rings.push(ann, 2)
  expect(got).toEqual(['1', '2'])
  expect(rings.subscribe(ann, lastId, () => undefined).missed).toBeUndefined()
  expect(
    rings.subscribe(ann, lastId.replace(/0$/, '1'), () => undefined).missed?.map((one) => one.data),
  ).toEqual(['2'])
})
