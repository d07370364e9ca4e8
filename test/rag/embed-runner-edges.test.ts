/** The embed runner between two answers: the space changes under way, and the shard does not do what it should. */
import { setImmediate } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { EmbeddedText } from '../../src/rag/embed-batch.ts'
import { EmbedRunner, type EmbedRunnerOptions } from '../../src/rag/embed-runner.ts'
import type { Space } from '../../src/rag/space-meter.ts'
import type { VectorCalls } from '../../src/rag/vector-calls.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { FakeLibraries } from './fake-libraries.ts'
import { FastClock } from './harness.ts'

const alice = 'alice' as TenantId

/** An embedder without a network: `onEmbed` happens while a batch is on its way. */
class StubEmbeddings {
  current: Space = { fingerprint: 'old', dimensions: 1 }
  embedded = 0
  onEmbed: () => void = () => undefined

  async embed(texts: readonly string[]): Promise<readonly EmbeddedText[]> {
    await setImmediate()
    this.onEmbed()
    this.embedded += texts.length
    return texts.map(() => ({ vector: Float32Array.of(1), isTruncated: false }))
  }

  space(): Promise<Space> {
    return Promise.resolve(this.current)
  }

  probe(): Promise<Space> {
    return this.space()
  }
}

function start(
  embeddings: StubEmbeddings,
  call: EmbedRunnerOptions['call'],
): { runner: EmbedRunner; clock: FastClock } {
  const clock = new FastClock()
  const runner = new EmbedRunner({ embeddings, call, clock, random: () => 0.5 })
  onTestFinished(() => runner.close())
  return { runner, clock }
}

test('vectors that were on their way when the space changed are thrown away', async () => {
  const embeddings = new StubEmbeddings()
  const libraries = new FakeLibraries()
  libraries.add(alice, 200)
  embeddings.onEmbed = () => {
    embeddings.current = { fingerprint: 'new', dimensions: 1 }
  }
  start(embeddings, libraries.call).runner.notify(alice)
  await vi.waitFor(() => expect(libraries.stored(alice, 'new')).toBe(200))
  expect(libraries.stored(alice, 'old')).toBe(0)
  expect(libraries.passages(alice).every(({ stored }) => stored === 1)).toBe(true)
})

test('a shard that forgets the cursor slows the work down, but nothing is on its way twice', async () => {
  const embeddings = new StubEmbeddings()
  const libraries = new FakeLibraries()
  libraries.add(alice, 200)
  const call: EmbedRunnerOptions['call'] = (tenant, operation, args) => {
    const given =
      operation === 'vectors.pending'
        ? { ...(args as VectorCalls['vectors.pending']['args']), after: 0 }
        : args
    return libraries.call(tenant, operation, given as typeof args)
  }
  const { runner } = start(embeddings, call)
  runner.notify(alice)
  await vi.waitFor(() => expect(libraries.stored(alice, 'old')).toBe(200))
  expect(embeddings.embedded).toBe(200)
  await vi.waitFor(() => expect(runner.status(alice)).toEqual({ pending: 0, refused: 0 }))
})

test('a shard that stores nothing is asked again seldom, and the rest stays visible', async () => {
  const embeddings = new StubEmbeddings()
  const libraries = new FakeLibraries()
  libraries.add(alice, 10)
  const call: EmbedRunnerOptions['call'] = async (tenant, operation, args) =>
    operation === 'vectors.store'
      ? ({ left: 10 } as never)
      : await libraries.call(tenant, operation, args)
  const { runner, clock } = start(embeddings, call)
  const held = Promise.withResolvers<void>()
  clock.sleep = async (ms) => {
    clock.slept.push(ms)
    await held.promise
  }
  runner.notify(alice)
  await vi.waitFor(() => expect(clock.slept.at(-1)).toBeGreaterThanOrEqual(400_000))
  expect(runner.status(alice)).toMatchObject({ pending: 10 })
  expect(embeddings.embedded).toBeLessThanOrEqual(20)
  const closed = runner.close()
  held.resolve()
  await closed
})
