import { expect, test } from 'vitest'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { ReadingTurns } from '../../src/threads/reading-turns.ts'

const [ann, ben] = ['ann', 'ben'] as [TenantId, TenantId]
const never = new AbortController().signal

function turnsAt(activeMax: number): { turns: ReadingTurns; wait(ms: number): void } {
  let nowMs = 0
  const turns = new ReadingTurns(activeMax, () => nowMs)
  return {
    turns,
    wait: (ms) => {
      nowMs += ms
    },
  }
}

async function isWaiting(passing: Promise<void>): Promise<boolean> {
  return Promise.race([
    passing.then(() => false),
    new Promise<boolean>((resolve) => setImmediate(resolve, true)),
  ])
}

test('alone, a document never stands aside', async () => {
  const { turns, wait } = turnsAt(1)
  const turn = turns.begin(ann)
  wait(60_000)
  await turns.pass(turn, never)
  expect(turns.parked).toBe(0)
})

test('the longer of two stands aside until the other ended', async () => {
  const { turns, wait } = turnsAt(1)
  const book = turns.begin(ann)
  wait(100)
  const note = turns.begin(ben)
  const passing = turns.pass(book, never)
  await turns.pass(note, never)
  expect(await isWaiting(passing)).toBe(true)
  expect(turns.parked).toBe(1)
  turns.end(note)
  await passing
  expect(turns.parked).toBe(0)
})

test('who has most documents open stands aside before somebody who has one', async () => {
  const { turns, wait } = turnsAt(1)
  const bens = turns.begin(ben)
  wait(1_000)
  const [first, second] = [turns.begin(ann), turns.begin(ann)]
  await turns.pass(bens, never)
  const passing = turns.pass(first, never)
  expect(await isWaiting(passing)).toBe(true)
  turns.end(second)
  turns.end(bens)
  await passing
})

test('two long documents take turns', async () => {
  const { turns, wait } = turnsAt(1)
  const [one, two] = [turns.begin(ann), turns.begin(ben)]
  wait(10)
  const first = turns.pass(one, never)
  wait(4_000)
  await turns.pass(two, never)
  wait(2_000)
  const second = turns.pass(two, never)
  await first
  expect(await isWaiting(second)).toBe(true)
  turns.end(one)
  await second
})

test('short documents without a gap between them do not keep a long one aside for ever', async () => {
  const { turns, wait } = turnsAt(1)
  const book = turns.begin(ann)
  wait(100)
  let note = turns.begin(ben)
  for (let batch = 0; batch < 3; batch++) {
    const passing = turns.pass(book, never)
    expect(await isWaiting(passing)).toBe(true)
    let ended = 0
    for (; ended < 20 && (await isWaiting(passing)); ended++) {
      const next = turns.begin(ben)
      turns.end(note)
      note = next
    }
    expect(ended).toBeLessThan(10)
    wait(10)
  }
})

test('a document that is stopped while it stands aside goes on at once, to end', async () => {
  const { turns } = turnsAt(1)
  const [one] = [turns.begin(ann), turns.begin(ben)]
  const stop = new AbortController()
  const passing = turns.pass(one, stop.signal)
  expect(turns.parked).toBe(1)
  stop.abort()
  await passing
  expect(turns.parked).toBe(0)
})
