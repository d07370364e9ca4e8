/** One user floods the server while nine go on, once a second each, in the same shard: what the nine notice. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Client, signToken } from './lib/client.ts'
import { generatedCollection } from './lib/generated.ts'
import { type BenchContext, type BenchResult, type BenchRow, rounded } from './lib/report.ts'
import { startServer } from './lib/server.ts'
import { percentile } from './lib/statistics.ts'
import { type Flood, type FloodData, type Flooded, floods } from './neighbour/flood-thread.ts'
import { fillLibrary } from './neighbour/libraries.ts'

const secret = 'the benchmark signs its own tokens with this'
const quietUsers = 9
const quietPassagesDefault = 500
const loudPerQuietPassages = 10
const everyMs = 1_000
const roundsDefault = 4
/** Of one condition in a round: four rounds of nine users give a little more than 2,000. */
const secondsDefault = 57
/** Between two conditions, or as long as one lasts where that is shorter. */
const settleMs = 2_000
/** Rates are not what is measured: what they would stop must not be needed. */
const loudTier = { tier: 'ultra' }
const marginMs = 15

interface Condition {
  readonly times: number[]
  /** Searches answered, by quiet user: for Jain's index. */
  readonly perUser: number[]
  refused: number
}

/**
 * @param options `sizes`: seconds of one condition in one round, rounds, passages of a quiet library
 * @returns ratios: for each flood, p99 of the nine over what is allowed, which is twice theirs alone or 15 ms more, whichever
 * is larger; `jain_…` of what the nine got (1 is the same for all)
 */
export async function neighbourBench({
  say,
  sizes,
}: BenchContext & { readonly sizes?: readonly number[] | undefined }): Promise<BenchResult> {
  const [seconds = secondsDefault, rounds = roundsDefault, passages = quietPassagesDefault] =
    sizes ?? []
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-neighbour-'))
  // One shard: nobody is helped by chance.
  const server = await startServer(dataDir, { JWT_SECRET: secret, SHARDS: '1' })
  try {
    const questions = generatedCollection(1).queries.map(({ text }) => text)
    const names = Array.from({ length: quietUsers }, (_, at) => `quiet${at}`)
    const quiet = await Promise.all(
      names.map(async (name) => new Client(server.url, await signToken(secret, name))),
    )
    const token = await signToken(secret, 'loud', loudTier)
    const loud = new Client(server.url, token)
    await Promise.all([
      ...quiet.map((client, at) => fillLibrary(client, passages, at)),
      fillLibrary(loud, passages * loudPerQuietPassages, quietUsers),
    ])
    const data: FloodData = { url: server.url, token, questions }
    const flooder = new Flooder(data)
    const conditions = new Map<'alone' | Flood, Condition>()
    const sums = new Map<Flood, Flooded>()
    await goOn(quiet, questions, Math.min(seconds, 10), empty())
    for (let round = 0; round < rounds; round++)
      for (const name of ['alone', ...floods] as const) {
        const condition = conditions.get(name) ?? empty()
        conditions.set(name, condition)
        if (name !== 'alone') await flooder.begin(name)
        await goOn(quiet, questions, seconds, condition)
        if (name !== 'alone') sums.set(name, added(sums.get(name), await flooder.stop()))
        say(
          `round ${round + 1}, ${name}: p99 ${rounded(percentile(condition.times, 0.99))} ms so far`,
        )
        await pause(Math.min(settleMs, seconds * 1_000))
      }
    await flooder.end()
    return report(conditions, sums)
  } finally {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** Everybody searches once a second, each at their own moment of it; what is late counts from when it was due. */
async function goOn(
  quiet: readonly Client[],
  questions: readonly string[],
  seconds: number,
  into: Condition,
): Promise<void> {
  const startMs = performance.now() + everyMs
  const person = async (client: Client, at: number): Promise<void> => {
    const asking: Promise<void>[] = []
    for (let n = 0; n < seconds; n++) {
      const dueMs = startMs + n * everyMs + (at * everyMs) / quiet.length
      await pause(Math.max(0, dueMs - performance.now()))
      const query = questions[(n * quiet.length + at) % questions.length] ?? ''
      const search = async (): Promise<void> => {
        const { status } = await client.request('POST', '/v1/search', { query, limit: 10 })
        into.times.push(performance.now() - dueMs)
        if (status === 200) into.perUser[at] = (into.perUser[at] ?? 0) + 1
        else into.refused++
      }
      asking.push(search())
    }
    await Promise.all(asking)
  }
  await Promise.all(quiet.map(person))
}

function report(
  conditions: ReadonlyMap<'alone' | Flood, Condition>,
  sums: ReadonlyMap<Flood, Flooded>,
): BenchResult {
  const aloneP99 = percentile(conditions.get('alone')?.times ?? [], 0.99)
  const allowedMs = Math.max(2 * aloneP99, aloneP99 + marginMs)
  const rows = [...conditions].map(([name, { times, refused }]): BenchRow => {
    const flooded = name === 'alone' ? undefined : sums.get(name)
    return {
      beside: name === 'alone' ? 'nobody' : `a flood: ${name}`,
      samples: times.length,
      refused,
      p50_ms: rounded(percentile(times, 0.5)),
      p95_ms: rounded(percentile(times, 0.95)),
      p99_ms: rounded(percentile(times, 0.99)),
      flood_answered: flooded?.answered ?? null,
      flood_refused: flooded?.refused ?? null,
      flood_failed: flooded?.failed ?? null,
    }
  })
  const ratios = floods.flatMap((flood) => {
    const { times = [], perUser = [] } = conditions.get(flood) ?? {}
    return [
      [`${flood}_p99_over_allowed`, rounded(percentile(times, 0.99) / allowedMs)],
      [`jain_${flood}`, rounded(jain(perUser))],
    ] as const
  })
  return { rows, ratios: Object.fromEntries(ratios) }
}

/** The thread of the loud one: what it sends must not delay what is timed. */
class Flooder {
  readonly #worker: Worker

  constructor(data: FloodData) {
    const url = new URL('./neighbour/flood-thread.ts', import.meta.url)
    this.#worker = new Worker(url, { workerData: data })
  }

  async begin(flood: Flood): Promise<void> {
    await this.#tell(flood)
  }

  stop(): Promise<Flooded> {
    return this.#tell('stop')
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  async #tell<Said>(what: Flood | 'stop'): Promise<Said> {
    const { promise, resolve, reject } = Promise.withResolvers<Said>()
    this.#worker.once('message', resolve).once('error', reject)
    this.#worker.postMessage(what)
    const said = await promise
    this.#worker.removeListener('error', reject)
    return said
  }
}

function empty(): Condition {
  return { times: [], perUser: [], refused: 0 }
}

function added(before: Flooded | undefined, more: Flooded): Flooded {
  return {
    answered: (before?.answered ?? 0) + more.answered,
    refused: (before?.refused ?? 0) + more.refused,
    failed: (before?.failed ?? 0) + more.failed,
  }
}

/** Jain, Chiu and Hawe, 1984. */
function jain(shares: readonly number[]): number {
  const sum = shares.reduce((all, share) => all + share, 0)
  const squares = shares.reduce((all, share) => all + share * share, 0)
  return sum ** 2 / (shares.length * squares)
}
