/** Answers that can be fetched again: for their time, by their owner, and not beyond the memory they may have. */
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Problem } from '../../src/base/problem.ts'
import type { ChatRun } from '../../src/rag/chat-run.ts'
import { ChatRuns, runLimits } from '../../src/rag/chat-runs.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'

const ann = 'ann' as TenantId
const ben = 'ben' as TenantId
const never = new AbortController().signal

function answered(runs: ChatRuns, conversation: string, text = 'It is so.'): ChatRun {
  const run = runs.begin(ann, conversation)
  run.add({ event: 'delta', data: { text } })
  runs.end(ann, conversation, run, true)
  return run
}

const codeOf = (find: () => unknown): string | undefined => {
  try {
    find()
    return undefined
  } catch (error) {
    return error instanceof Problem ? error.code : String(error)
  }
}

test('an answer is found by its owner for as long as it is kept: five minutes', async () => {
  expect(runLimits.keepMs).toBe(300_000)
  const runs = new ChatRuns({ ...runLimits, keepMs: 20 })
  const run = answered(runs, 'one')
  const found = runs.find(ann, run.id)
  expect(await Array.fromAsync(found.read(0, never))).toMatchObject([{ at: 1 }])
  expect(await Array.fromAsync(found.read(1, never))).toEqual([])
  expect(codeOf(() => runs.find(ben, run.id))).toBe('not_found')
  while (codeOf(() => runs.find(ann, run.id)) === undefined) await setImmediate()
  expect(codeOf(() => runs.find(ann, run.id))).toBe('not_found')
})

test('what is kept has its share of memory: the oldest goes first', () => {
  const runs = new ChatRuns({ ...runLimits, keptUnitsMax: 1_000 })
  const first = answered(runs, 'one', 'x'.repeat(400))
  const second = answered(runs, 'two', 'x'.repeat(400))
  const third = answered(runs, 'three', 'x'.repeat(400))
  expect(codeOf(() => runs.find(ann, first.id))).toBe('not_found')
  for (const run of [second, third]) expect(runs.find(ann, run.id)).toBe(run)
})

test('one question at a time in a conversation, a few of one tenant, and an end to all', () => {
  const runs = new ChatRuns({ ...runLimits, tenantMax: 2, runsMax: 3 })
  const first = runs.begin(ann, 'one')
  expect(codeOf(() => runs.begin(ann, 'one'))).toBe('conversation_busy')
  runs.begin(ben, 'one')
  runs.begin(ann, 'two')
  expect(codeOf(() => runs.begin(ann, 'three'))).toBe('too_many_requests')
  expect(codeOf(() => runs.begin(ben, 'two'))).toBe('overloaded')
  runs.end(ann, 'one', first, true)
  runs.begin(ann, 'one')
  expect(runs.running).toBe(3)
  runs.abortAll(new Problem('shutting_down', 'Stop.'))
  // What has ended is not aborted any more.
  expect(first.signal.aborted).toBe(false)
})

test('of one tenant more may wait to be quoted than a model answers', () => {
  const runs = new ChatRuns({ ...runLimits, tenantMax: 1, tenantQuotedMax: 2 })
  runs.begin(ann, 'one')
  expect(codeOf(() => runs.begin(ann, 'two'))).toBe('too_many_requests')
  runs.begin(ann, 'two', true)
  expect(codeOf(() => runs.begin(ann, 'three', true))).toBe('too_many_requests')
})

test('an answer that nobody reads is given up; one that is read goes on', async () => {
  const runs = new ChatRuns({ ...runLimits, leaveMs: 5 })
  const read = runs.begin(ann, 'one')
  const reading = read.read(0, never).next()
  const unread = runs.begin(ann, 'two')
  while (!unread.signal.aborted) await setImmediate()
  expect(read.signal.aborted).toBe(false)
  read.add({ event: 'delta', data: { text: 'x' } })
  expect((await reading).value).toMatchObject({ at: 1 })
  runs.end(ann, 'one', read, false)
  runs.end(ann, 'two', unread, false)
})
