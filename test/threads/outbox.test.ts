/** Every answer of a shard is sent once, also when something else was sent while its operation ran. */
import { expect, test } from 'vitest'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { Outbox } from '../../src/threads/outbox.ts'

const tenant = 'alice' as TenantId

function gathering() {
  const sent: unknown[] = []
  return { sent, outbox: new Outbox((gathered) => sent.push(structuredClone(gathered))) }
}

test('what an operation announces while it runs takes no answer with it, neither the earlier nor its own', () => {
  const { sent, outbox } = gathering()
  const run = (id: number) => {
    outbox.fitDue(tenant)
    outbox.post()
    return { id, ms: 0, ok: true as const, result: id }
  }
  outbox.reply({ id: 1, ms: 0, ok: true, result: 1 })
  outbox.reply(run(2))
  outbox.post()
  expect(sent).toEqual([
    { replies: [{ id: 1, ms: 0, ok: true, result: 1 }], closed: [], fits: [tenant], embeds: [] },
    { replies: [{ id: 2, ms: 0, ok: true, result: 2 }], closed: [], fits: [], embeds: [] },
  ])
})

test('it is empty until something is handed over, and again after it was posted', () => {
  const { sent, outbox } = gathering()
  expect(outbox.isEmpty).toBe(true)
  outbox.closed({ tenant, atRest: true, unfinished: false })
  expect(outbox.isEmpty).toBe(false)
  outbox.post()
  expect(outbox.isEmpty).toBe(true)
  expect(sent).toHaveLength(1)
})
