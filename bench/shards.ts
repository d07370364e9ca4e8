/** How many shards a server should have: what a read and a search cost the main thread and the shards, and what more shards give here. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  canMeasureCpu,
  cpuSeconds,
  type LoadClient,
  type Served,
  startCarrel,
  startLoadClient,
} from './http/processes.ts'
import { Client, signToken } from './lib/client.ts'
import { generatedCollection } from './lib/generated.ts'
import { type BenchContext, type BenchResult, type BenchRow, rounded } from './lib/report.ts'
import { median } from './lib/statistics.ts'
import { fillLibrary } from './neighbour/libraries.ts'

const shardCounts = [1, 2, 4]
const roundsDefault = 5
const measureMsDefault = 2_000
const passagesDefault = 500
const connections = 32
/** More than shards, so that each has some. */
const users = 16
const kinds = ['read', 'search'] as const
const secret = 'the benchmark signs its own tokens with this'
/** Rates are not what is measured. */
const tier = { tier: 'ultra' }

type Kind = (typeof kinds)[number]

interface Contender {
  readonly shards: number
  readonly server: Served
  readonly requests: Readonly<Record<Kind, readonly string[]>>
}

interface Measured {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly mainUs: number
  readonly otherUs: number
}

/**
 * @param options `sizes`: rounds, milliseconds of a measurement, passages of a library
 * @returns ratios: rates of two and four shards over one's, and how many shards one main thread can keep busy, by processor time
 */
export async function shardsBench({
  say,
  sizes = [],
}: BenchContext & { readonly sizes?: readonly number[] | undefined }): Promise<BenchResult> {
  const [rounds = roundsDefault, ms = measureMsDefault, passages = passagesDefault] = sizes
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'carrel-shards-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const client = startLoadClient()
  stack.defer(() => client.stop())
  const contenders: Contender[] = []
  for (const shards of shardCounts) {
    say(`${users} libraries for a server of ${shards} …`)
    contenders.push(await open(folder, shards, passages, stack))
  }
  const measured = new Map<string, Measured[]>()
  for (const contender of contenders)
    for (const kind of kinds) await measure(client, contender, kind, ms)
  for (let round = 0; round < rounds; round++)
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed())
      for (const kind of kinds) {
        const name = nameOf(kind, contender.shards)
        const one = await measure(client, contender, kind, ms)
        measured.set(name, [...(measured.get(name) ?? []), one])
        say(`round ${round + 1}, ${name}: ${Math.round(one.perSecond)} a second`)
      }
  return report(measured)
}

async function open(
  folder: string,
  shards: number,
  passages: number,
  stack: AsyncDisposableStack,
): Promise<Contender> {
  const home = join(folder, String(shards))
  mkdirSync(home)
  const env = { JWT_SECRET: secret, LOG_LEVEL: 'info', SHARDS: String(shards) }
  const server = await startCarrel(home, env)
  stack.defer(() => server.stop())
  const { queries } = generatedCollection(1)
  const people = Array.from({ length: users }, async (_, at) => {
    const token = await signToken(secret, `user-${at}`, tier)
    const user = new Client(`http://127.0.0.1:${server.port}`, token)
    await fillLibrary(user, passages, at)
    const [document] = await user.documents()
    const asked = [at, at + users].map((query) => queries[query % queries.length]?.text ?? '')
    return {
      read: [request('GET', `/v1/documents/${document?.id}`, token)],
      search: asked.map((query) =>
        request('POST', '/v1/search', token, JSON.stringify({ query, limit: 10 })),
      ),
    }
  })
  const theirs = await Promise.all(people)
  const of = (kind: Kind): string[] => theirs.flatMap((person) => person[kind])
  return { shards, server, requests: { read: of('read'), search: of('search') } }
}

function request(method: string, path: string, token: string, body = ''): string {
  const type = body
    ? `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`
    : ''
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n${type}\r\n${body}`
}

async function measure(
  client: LoadClient,
  { server, requests }: Contender,
  kind: Kind,
  ms: number,
): Promise<Measured> {
  const before = usage(server)
  const { answers, ...result } = await client.run({
    port: server.port,
    requests: requests[kind],
    connections,
    ms,
  })
  const after = usage(server)
  const mainUs = ((after.main - before.main) * 1e6) / answers
  const allUs = ((after.all - before.all) * 1e6) / answers
  return { ...result, mainUs, otherUs: allUs - mainUs }
}

function usage({ pid }: Served): { all: number; main: number } {
  return canMeasureCpu ? cpuSeconds(pid) : { all: Number.NaN, main: Number.NaN }
}

function report(measured: ReadonlyMap<string, readonly Measured[]>): BenchResult {
  const of = (kind: Kind, shards: number, field: keyof Measured): number =>
    median((measured.get(nameOf(kind, shards)) ?? []).map((one) => one[field]))
  const rows = kinds.flatMap((kind) =>
    shardCounts.map(
      (shards): BenchRow => ({
        what: kind,
        shards,
        per_second: rounded(of(kind, shards, 'perSecond')),
        p50_ms: rounded(of(kind, shards, 'p50Ms')),
        p99_ms: rounded(of(kind, shards, 'p99Ms')),
        main_thread_us: orNull(of(kind, shards, 'mainUs')),
        other_threads_us: orNull(of(kind, shards, 'otherUs')),
      }),
    ),
  )
  const ratios = kinds.flatMap((kind) => [
    ...shardCounts
      .slice(1)
      .map((shards): [string, number | null] => [
        `${kind}_${shards}_over_1`,
        orNull(of(kind, shards, 'perSecond') / of(kind, 1, 'perSecond')),
      ]),
    [`${kind}_shards_fed`, orNull(of(kind, 1, 'otherUs') / of(kind, 1, 'mainUs'))] as const,
  ])
  return { rows, ratios: Object.fromEntries(ratios) }
}

function nameOf(kind: Kind, shards: number): string {
  return `${kind}, ${shards} shards`
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? rounded(value) : null
}
