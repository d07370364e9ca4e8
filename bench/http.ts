/** A small read over HTTP: Carrel with a token and with an API key, beside bare `node:http` and Express that do the same SELECT. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import {
  canMeasureCpu,
  cpuSeconds,
  type Served,
  startCarrel,
  startLoadClient,
  startPeer,
} from './http/processes.ts'
import { Client, signToken } from './lib/client.ts'
import { type BenchContext, type BenchResult, type BenchRow, rounded } from './lib/report.ts'
import { median } from './lib/statistics.ts'

const roundsDefault = 7
const measureMsDefault = 1_500
const warmUpMsDefault = 2_500
const connections = 32
/** Several people, as on a server; each has one document of their own. */
const users = 8
const secret = 'the benchmark signs its own tokens with this'

interface Contender {
  readonly name: string
  readonly server: Served
  readonly requests: readonly string[]
}

interface Measured {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuUs: number
  readonly mainUs: number
}

interface HttpBenchOptions {
  readonly against?: string | undefined
  readonly sizes?: readonly number[] | undefined
}

/**
 * @returns rows of medians; ratios, medians over the rounds: requests a second over bare `node:http`'s, and bare `node:http`'s
 * processor time of the main thread for a request over this one's, which a busy machine disturbs less
 * @param options `against`: the folder of another checkout, to be measured side by side, which is how a change is held to what
 * was before it; `sizes`: rounds, milliseconds of a measurement and of the warm-up before
 */
export async function httpBench({
  say,
  against,
  sizes = [],
}: BenchContext & HttpBenchOptions): Promise<BenchResult> {
  const [rounds = roundsDefault, measureMs = measureMsDefault, warmUpMs = warmUpMsDefault] = sizes
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'carrel-http-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const client = startLoadClient()
  stack.defer(() => client.stop())
  const contenders = await openContenders(folder, stack)
  if (against !== undefined) contenders.push(await openOther(folder, against, stack))
  const measured = new Map(contenders.map(({ name }) => [name, [] as Measured[]]))
  const measure = async ({ server, requests }: Contender, ms: number): Promise<Measured> => {
    const before = usage(server)
    const result = await client.run({ port: server.port, requests, connections, ms })
    const after = usage(server)
    const perAnswer = (seconds: number): number => (seconds * 1e6) / result.answers
    return {
      ...result,
      cpuUs: perAnswer(after.all - before.all),
      mainUs: perAnswer(after.main - before.main),
    }
  }
  for (const contender of contenders) await measure(contender, warmUpMs)
  for (let round = 0; round < rounds; round++) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed())
      measured.get(contender.name)?.push(await measure(contender, measureMs))
    const rates = [...measured].map(
      ([name, all]) => `${name} ${Math.round(all.at(-1)?.perSecond ?? 0)}`,
    )
    say(`round ${round + 1}: ${rates.join(', ')}`)
  }
  return report(measured)
}

function usage({ pid }: Served): { all: number; main: number } {
  return canMeasureCpu ? cpuSeconds(pid) : { all: Number.NaN, main: Number.NaN }
}

async function openContenders(folder: string, stack: AsyncDisposableStack): Promise<Contender[]> {
  const home = join(folder, 'carrel')
  mkdirSync(home)
  const carrel = await startCarrel(home, { JWT_SECRET: secret, LOG_LEVEL: 'info' })
  stack.defer(() => carrel.stop())
  const people = await Promise.all(
    Array.from({ length: users }, (_, at) => openPerson(carrel, `user-${at}`)),
  )
  const [first] = people
  if (!first) throw new Error('there is no user')
  const dbPath = join(folder, 'peer.db')
  copyOfLibrary(join(home, 'data'), first.id, dbPath)
  const peers: Contender[] = []
  for (const [kind, name] of Object.entries(peerNames)) {
    const server = await startPeer(kind, dbPath, secret, join(folder, `${kind}.log`))
    stack.defer(() => server.stop())
    peers.push({ name, server, requests: [request(first.id, first.token)] })
  }
  const withToken = people.map(({ id, token }) => request(id, token))
  const withKey = people.map(({ id, key }) => request(id, key))
  return [
    ...peers,
    { name: token, server: carrel, requests: withToken },
    { name: 'carrel, API key', server: carrel, requests: withKey },
    { name: 'carrel, token, one user', server: carrel, requests: withToken.slice(0, 1) },
  ]
}

/** Its users have tokens alone: it may be too old for anything else. */
async function openOther(
  folder: string,
  checkout: string,
  stack: AsyncDisposableStack,
): Promise<Contender> {
  const home = join(folder, 'other')
  mkdirSync(home)
  const server = await startCarrel(home, { JWT_SECRET: secret, LOG_LEVEL: 'info' }, checkout)
  stack.defer(() => server.stop())
  const requests = await Promise.all(
    Array.from({ length: users }, async (_, at) => {
      const { id, token } = await openNote(server, `user-${at}`)
      return request(id, token)
    }),
  )
  return { name: other, server, requests }
}

const bare = 'bare node:http'
const token = 'carrel, token'
const other = 'the other carrel, token'
const peerNames: Readonly<Record<string, string>> = {
  bare,
  express: 'express alone',
  stack: 'express, helmet, jose, pino',
}

interface Person {
  readonly id: string
  readonly token: string
  readonly key: string
}

async function openPerson(server: Served, user: string): Promise<Person> {
  const { id, token, client } = await openNote(server, user)
  const { body } = await client.request<{ key: string }>('POST', '/v1/keys', { name: 'bench' })
  return { id, token, key: body.key }
}

async function openNote(
  { port }: Served,
  user: string,
): Promise<{ id: string; token: string; client: Client }> {
  const token = await signToken(secret, user)
  const client = new Client(`http://127.0.0.1:${port}`, token)
  const text = `# A note of ${user}\n\nThe heron stands in the reeds at dawn and waits for what the tide brings.\n`
  const { id } = await client.upload('note.md', Buffer.from(text))
  await client.settled(id)
  return { id, token, client }
}

/** For the peers, the library of whoever has the document: the same row in the same tables. */
function copyOfLibrary(dataDir: string, id: string, path: string): void {
  for (const tenant of readdirSync(dataDir)) {
    if (tenant.startsWith('.')) continue
    const db = new BetterSqlite3(join(dataDir, tenant, 'app.db'), { readonly: true })
    const isTheirs = db.prepare('SELECT 1 FROM documents WHERE id = ?').get(id) !== undefined
    if (isTheirs) db.prepare('VACUUM INTO ?').run(path)
    db.close()
    if (isTheirs) return
  }
  throw new Error('the library of the first user was not found')
}

function request(id: string, credential: string): string {
  return `GET /v1/documents/${id} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${credential}\r\nAccept: application/json\r\n\r\n`
}

function report(measured: ReadonlyMap<string, readonly Measured[]>): BenchResult {
  const over = measured.get(bare) ?? []
  const rows = [...measured].map(([name, all]): BenchRow => {
    const of = (field: keyof Measured): number => rounded(median(all.map((one) => one[field])))
    return {
      server: name,
      per_second: of('perSecond'),
      p50_ms: of('p50Ms'),
      p99_ms: of('p99Ms'),
      cpu_us: of('cpuUs'),
      main_thread_us: of('mainUs'),
    }
  })
  const ratios = [...measured]
    .filter(([name]) => name !== bare)
    .flatMap(([name, all]) => ratiosOf(name, all, over))
  const before = measured.get(other)
  if (before) ratios.push(...ratiosOf(`${token} over ${other}`, measured.get(token) ?? [], before))
  return { rows, ratios: Object.fromEntries(ratios) }
}

function ratiosOf(
  name: string,
  all: readonly Measured[],
  over: readonly Measured[],
): [string, number][] {
  const of = (ratio: (one: Measured, peer: Measured) => number): number =>
    rounded(median(all.flatMap((one, at) => (over[at] ? [ratio(one, over[at])] : []))))
  return [
    [`${name}, requests a second`, of((one, peer) => one.perSecond / peer.perSecond)],
    [`${name}, main thread`, of((one, peer) => peer.mainUs / one.mainUs)],
  ]
}
