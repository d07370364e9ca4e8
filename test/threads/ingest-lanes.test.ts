/** Whatever ends when, everybody who waits has a turn for any size within a bound. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { IngestLanes } from '../../src/threads/ingest-lanes.ts'

/** A long document ends after so many others were opened beside it. */
const longTurns = 12
const steps = 600

interface Open {
  readonly tenant: TenantId
  readonly isLong: boolean
  readonly since: number
}

/** @returns the most documents opened between two turns for any size of one user, all of whom always have both kinds waiting */
function longestWait(users: number, concurrencyMax: number, choices: readonly number[]): number {
  const lanes = new IngestLanes(concurrencyMax)
  const tenants = Array.from({ length: users }, (_, at) => `user${at}` as TenantId)
  for (const tenant of tenants) lanes.add(tenant)
  const served = new Map(tenants.map((tenant) => [tenant, 0]))
  let open: Open[] = []
  let opened = 0
  let longest = 0
  for (let step = 0; step < steps; step++) {
    for (let turn = lanes.next(open, 0, () => true); turn; turn = lanes.next(open, 0, () => true)) {
      opened++
      open.push({ tenant: turn.tenant, isLong: turn.isOldestFirst, since: opened })
      lanes.opened(turn)
      lanes.add(turn.tenant)
      if (turn.bytesMax === null) served.set(turn.tenant, opened)
      longest = Math.max(longest, ...[...served.values()].map((at) => opened - at))
    }
    const aged = open.find((one) => one.isLong && opened - one.since >= longTurns)
    const small = open.filter((one) => !one.isLong)
    const choice = choices[step % choices.length] ?? 0
    // Where nothing but long ones is open, the oldest of them ends.
    const ends = aged ?? small[choice % small.length] ?? open[0]
    open = open.filter((one) => one !== ends)
  }
  return longest
}

test('everybody has a turn for any size, however the small ones of others follow each other', () => {
  const choices = fc.array(fc.nat(20), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 3 }),
      choices,
      (users, concurrencyMax, ends) => {
        const bound = 8 * users + (users + 1) * (longTurns + concurrencyMax + 2)
        expect(longestWait(users, concurrencyMax, ends)).toBeLessThanOrEqual(bound)
      },
    ),
    { numRuns: 60 },
  )
})

test('who was given a turn is not given another before it is answered', () => {
  const lanes = new IngestLanes(2)
  lanes.add('ann' as TenantId)
  const turn = lanes.next([], 0, () => true)
  expect(turn).toMatchObject({ tenant: 'ann', bytesMax: null })
  expect(lanes.next([], 0, () => true)).toBeUndefined()
  // A document that came meanwhile makes “nothing” an old answer.
  lanes.add('ann' as TenantId)
  if (turn) lanes.nothing(turn)
  expect(lanes.size).toBe(1)
  const again = lanes.next([], 0, () => true)
  if (again) lanes.nothing(again)
  expect(lanes.size).toBe(0)
})
