/** Filling vectors in the background: nothing lost, nothing twice, whatever the endpoint, the shard or the server does. */
import { expect, onTestFinished, test, vi } from 'vitest'
import { Problem } from '../../src/base/problem.ts'
import { EmbedRunner, type EmbedRunnerOptions } from '../../src/rag/embed-runner.ts'
import type { Embeddings } from '../../src/rag/embeddings.ts'
import type { EndpointFault } from '../../src/rag/endpoint-fault.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import type { FakeEndpoint } from '../fake-endpoint.ts'
import type { Fault } from '../fake-faults.ts'
import { FakeLibraries } from './fake-libraries.ts'
import { client, endpoint, expectQuiet, FastClock, openTimers } from './harness.ts'

const alice = 'alice' as TenantId
const bob = 'bob' as TenantId

interface Setting {
  readonly fake: FakeEndpoint
  readonly libraries: FakeLibraries
  readonly embeddings: Embeddings
  readonly clock: FastClock
  readonly runner: EmbedRunner
  readonly faults: EndpointFault[]
}

function start(
  fake: FakeEndpoint,
  libraries: FakeLibraries,
  options: Partial<EmbedRunnerOptions> = {},
  changeMs = Number.POSITIVE_INFINITY,
): Setting {
  const clock = new FastClock()
  const limits = { timeoutMs: 20_000, answerBytesMax: 2_000_000, changeMs }
  const embeddings = client(fake, { clock, limits })
  const faults: EndpointFault[] = []
  const runner = new EmbedRunner({
    embeddings,
    clock,
    random: () => 0.5,
    call: libraries.call,
    onFault: (fault) => faults.push(fault),
    ...options,
  })
  onTestFinished(() => runner.close())
  return { fake, libraries, embeddings, clock, runner, faults }
}

async function setting(texts: Readonly<Record<string, number>>): Promise<Setting> {
  const libraries = new FakeLibraries()
  for (const [tenant, count] of Object.entries(texts)) libraries.add(tenant as TenantId, count)
  return start(await endpoint(), libraries)
}

const done = (libraries: FakeLibraries, tenant: TenantId, left = 0): Promise<void> =>
  vi.waitFor(() => expect(libraries.left(tenant)).toBe(left), { timeout: 20_000, interval: 5 })

/** Each passage was embedded once and stored once, with its own vector. */
function expectOnce({ fake, libraries }: Setting, tenant: TenantId): void {
  for (const { text, stored } of libraries.passages(tenant)) {
    expect(fake.embedded.get(text), text).toBe(1)
    expect(stored, text).toBe(1)
  }
}

test('embeds every passage of every tenant once', async () => {
  const all = await setting({ alice: 300, bob: 3 })
  all.runner.notify(alice)
  all.runner.notify(bob)
  await done(all.libraries, alice)
  await done(all.libraries, bob)
  expectOnce(all, alice)
  expectOnce(all, bob)
  await vi.waitFor(() => expect(all.runner.status(alice)).toEqual({ pending: 0, refused: 0 }))
  expect(all.faults).toEqual([])
})

test('a small library does not wait behind a large one', async () => {
  const libraries = new FakeLibraries()
  libraries.add(alice, 2_000)
  libraries.add(bob, 5)
  const order: TenantId[] = []
  const all = start(await endpoint(), libraries, { onStored: (tenant) => order.push(tenant) })
  all.runner.notify(alice)
  all.runner.notify(bob)
  await done(libraries, alice)
  expect(order.indexOf(bob)).toBeGreaterThanOrEqual(0)
  expect(order.indexOf(bob)).toBeLessThan(8)
})

test('asks no more at once than it may', async () => {
  const all = await setting({ alice: 600, bob: 600 })
  all.fake.manners.delayMs = 2
  all.runner.notify(alice)
  all.runner.notify(bob)
  await done(all.libraries, alice)
  await done(all.libraries, bob)
  expect(all.fake.busyMax).toBeLessThanOrEqual(4)
  expect(all.libraries.callsMax).toBeLessThanOrEqual(4)
})

test('what comes while it works is embedded as well', async () => {
  const all = await setting({ alice: 100 })
  all.fake.manners.delayMs = 2
  all.runner.notify(alice)
  await vi.waitFor(() => expect(all.libraries.left(alice)).toBeLessThan(100))
  all.libraries.add(alice, 50)
  all.runner.notify(alice)
  await done(all.libraries, alice)
  expectOnce(all, alice)
})

const faults: readonly Fault[] = [
  { kind: 'reset' },
  { kind: 'html' },
  { kind: 'half' },
  { kind: 'truncated' },
  { kind: 'gigabyte' },
  { kind: 'base64' },
  { kind: 'no_data' },
  { kind: 'count', count: 1 },
  { kind: 'dimension', dimensions: 24 },
  { kind: 'numbers', as: 'null' },
  { kind: 'numbers', as: 'nan' },
  { kind: 'numbers', as: 'zero' },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503 },
  { kind: 'status', status: 401 },
  { kind: 'status', status: 404 },
  { kind: 'status', status: 429, headers: { 'retry-after': '3' } },
  { kind: 'status', status: 503, headers: { 'retry-after': '900' } },
]

test.each(faults)(
  '%o for a while: vectors are pending and visible, then each is made once',
  async (fault) => {
    const all = await setting({ alice: 70 })
    await all.embeddings.space()
    all.fake.manners.fault = fault
    all.runner.notify(alice)
    await vi.waitFor(() => expect(all.faults.length).toBeGreaterThan(0), { timeout: 20_000 })
    expect(all.runner.status(alice)).toMatchObject({ lastFault: { sentence: expect.any(String) } })
    expect(all.libraries.left(alice)).toBe(70)
    all.fake.manners.fault = undefined
    // What a faulty answer carried was thrown away.
    all.fake.embedded.clear()
    await done(all.libraries, alice)
    expectOnce(all, alice)
    await vi.waitFor(() => expect(all.runner.status(alice)).toEqual({ pending: 0, refused: 0 }))
  },
)

test('a dead endpoint is asked little, and its return is noticed', async () => {
  const all = await setting({ alice: 70, bob: 70 })
  await all.fake.down()
  all.runner.notify(alice)
  all.runner.notify(bob)
  await vi.waitFor(() =>
    expect(all.clock.slept.filter((ms) => ms >= 30_000).length).toBeGreaterThan(3),
  )
  expect(all.faults).toHaveLength(1)
  expect(all.runner.status(bob).lastFault?.sentence).toContain('does not listen')
  await all.fake.up()
  await done(all.libraries, alice)
  await done(all.libraries, bob)
  expectOnce(all, alice)
})

test('a hanging endpoint is waited for no longer than the timeout, and close does not wait for it', async () => {
  const fake = await endpoint({ fault: { kind: 'hang' } })
  const libraries = new FakeLibraries()
  libraries.add(alice, 5)
  const { runner, embeddings } = start(fake, libraries)
  runner.notify(alice)
  await vi.waitFor(() => expect(fake.requests.length).toBeGreaterThan(0))
  await runner.close()
  embeddings.close()
  await expectQuiet(fake)
  expect(libraries.left(alice)).toBe(5)
  runner.notify(alice)
  expect(fake.requests).toHaveLength(1)
})

test('a poisonous text is passed over, counted, and offered again later', async () => {
  const all = await setting({ alice: 100 })
  all.fake.manners.poison = /alice 17$/
  // Fast as it is, this clock would bring the later round at once: hold it.
  const held = holdLong(all.clock)
  all.runner.notify(alice)
  await done(all.libraries, alice, 1)
  await vi.waitFor(() => expect(all.runner.status(alice)).toMatchObject({ pending: 1, refused: 1 }))
  expect(all.runner.status(alice).lastFault?.sentence).toContain('500')
  const asked = all.fake.requests.length
  all.libraries.add(alice, 1)
  all.runner.notify(alice)
  await done(all.libraries, alice, 1)
  expect(all.fake.requests.slice(asked).some(({ texts }) => texts.includes('alice 17'))).toBe(false)
  all.fake.manners.poison = undefined
  held.release()
  await done(all.libraries, alice)
  expectOnce(all, alice)
})

/** Sleeps of minutes wait until released; shorter ones pass. */
function holdLong(clock: FastClock): { release(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const sleep = clock.sleep.bind(clock)
  clock.sleep = async (ms, signal) => {
    if (ms >= 300_000) await Promise.race([promise, aborted(signal)])
    await sleep(ms, signal)
  }
  return { release: resolve }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
}

test('a busy shard is asked again with the same vectors', async () => {
  const all = await setting({ alice: 70 })
  all.libraries.failStores(3, new Problem('overloaded', 'The server is busy.'))
  all.runner.notify(alice)
  await done(all.libraries, alice)
  expectOnce(all, alice)
})

test('a shard that cannot be asked cools one tenant only', async () => {
  const all = await setting({ alice: 40, bob: 40 })
  all.libraries.failPending(alice, 3, new Problem('tenant_damaged', 'app.db is damaged.'))
  all.runner.notify(alice)
  all.runner.notify(bob)
  await done(all.libraries, bob)
  await done(all.libraries, alice)
  expect(all.faults.map(({ sentence }) => sentence)).toEqual(Array(3).fill('app.db is damaged.'))
  expectOnce(all, alice)
  expectOnce(all, bob)
})

test('a tenant that is gone is forgotten', async () => {
  const all = await setting({ bob: 1 })
  all.runner.notify('nobody' as TenantId)
  all.runner.notify(bob)
  await done(all.libraries, bob)
  expect(all.runner.status('nobody' as TenantId)).toEqual({ pending: 0, refused: 0 })
  expect(all.faults).toEqual([])
})

test('a model that is exchanged half-way: two spaces, never mixed', async () => {
  const fake = await endpoint({ dimensions: 64 })
  const libraries = new FakeLibraries()
  libraries.add(alice, 400)
  const spaces: string[] = []
  const options: Partial<EmbedRunnerOptions> = {
    onSpace: ({ fingerprint }) => spaces.push(fingerprint),
    onStored: () => Object.assign(fake.manners, { dimensions: 96, weights: 'second' }),
  }
  start(fake, libraries, options, 60_000).runner.notify(alice)
  await vi.waitFor(() => expect(spaces).toHaveLength(2), { timeout: 20_000 })
  await vi.waitFor(() => expect(libraries.stored(alice, spaces[1])).toBe(400), { timeout: 20_000 })
  for (const [at, dimensions] of [64, 96].entries())
    expect(libraries.lengths(alice, spaces[at])).toEqual(new Set([dimensions]))
  expect(libraries.stored(alice, spaces[0])).toBeLessThan(400)
})

test('killed ten times: complete in the end, and only what was on its way is asked again', async () => {
  const count = 2_000
  const inFlight = 4 * 32
  const fake = await endpoint({ delayMs: 1 })
  const libraries = new FakeLibraries()
  libraries.add(alice, count)
  const before = openTimers()
  for (let kill = 1; kill <= 10; kill++) {
    const { runner, embeddings } = start(fake, libraries)
    runner.notify(alice)
    await vi.waitFor(() => expect(libraries.left(alice)).toBeLessThan(count - kill * 120), {
      timeout: 20_000,
      interval: 1,
    })
    // As a crash does: nothing is stored any more, nothing is said.
    libraries.cut()
    embeddings.close()
    await runner.close()
    libraries.mend()
  }
  const all = start(fake, libraries)
  all.runner.notify(alice)
  await done(libraries, alice)
  expect(libraries.passages(alice).every(({ stored }) => stored === 1)).toBe(true)
  const asked = [...fake.embedded].filter(([text]) => text.startsWith('alice'))
  const total = asked.reduce((sum, [, times]) => sum + times, 0)
  expect(total).toBeLessThanOrEqual(count + 10 * inFlight)
  await all.runner.close()
  expect(openTimers()).toBeLessThanOrEqual(before)
})
