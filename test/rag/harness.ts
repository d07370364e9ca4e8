/** What the tests of model clients share: an endpoint that goes away again, and a clock that nobody waits for. */
import { setImmediate } from 'node:timers/promises'
import { expect, onTestFinished, vi } from 'vitest'
import type { Clock } from '../../src/rag/clock.ts'
import {
  createEmbeddings,
  type Embeddings,
  type EmbeddingsOptions,
} from '../../src/rag/embeddings.ts'
import type { EndpointFault } from '../../src/rag/endpoint-fault.ts'
import { FakeEndpoint, type Manners } from '../fake-endpoint.ts'

export async function endpoint(manners: Partial<Manners> = {}): Promise<FakeEndpoint> {
  const fake = await FakeEndpoint.start(manners)
  onTestFinished(() => fake.down())
  return fake
}

/** Sleeping takes no time, but moves the clock; what was slept is kept. */
export class FastClock implements Clock {
  readonly slept: number[] = []
  #nowMs = 0

  now(): number {
    return this.#nowMs
  }

  advance(ms: number): void {
    this.#nowMs += ms
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.slept.push(ms)
    this.#nowMs += ms
    await setImmediate()
    signal.throwIfAborted()
  }
}

export function client(fake: FakeEndpoint, options: Partial<EmbeddingsOptions> = {}): Embeddings {
  const embeddings = createEmbeddings({
    url: fake.url,
    model: 'some-model',
    clock: new FastClock(),
    random: () => 0.5,
    ...options,
  })
  onTestFinished(() => embeddings.close())
  return embeddings
}

/** The fault of what must be one. */
export function faultOf(answer: object): EndpointFault {
  if (!('fault' in answer)) throw new Error('an answer where a fault was expected')
  return answer.fault as EndpointFault
}

/** No request is being answered, so no client holds one open. */
export async function expectQuiet(fake: FakeEndpoint): Promise<void> {
  await vi.waitFor(() => expect(fake.busy).toBe(0))
}

/** Timers of this process that would keep it alive. */
export function openTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}
