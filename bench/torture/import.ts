/** Hostile archives, one after another: each is refused with its reason, costs the server little, and leaves nothing behind. */
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { tarEnd, tarHeader, tarPadding } from '../../src/http/tar.ts'
import { flippedDatabases, hostileDatabases } from '../../test/fixtures/hostile-databases.ts'
import { type HostileArchive, hostileTars } from '../../test/fixtures/hostile-exports.ts'
import { Client, signToken } from '../lib/client.ts'
import { memoryOf } from '../lib/process-memory.ts'
import { seededRandom } from '../lib/random.ts'
import { type RunningServer, startServer } from '../lib/server.ts'
import type { TortureOptions, TortureResult } from '../torture.ts'

const secret = 'a secret that only this torture knows, long enough'
const adminToken = 'an operator’s token'.replaceAll(/\W/g, '-').padEnd(32, '-')
const settings = { JWT_SECRET: secret, ADMIN_TOKEN: adminToken }
const flippedDefault = 40
const largeMegabytesDefault = 300
const memoryBytesMax = 50 * 2 ** 20
const delayMsMax = 50
const quietMsMax = 500
/** Of a short run: every so manieth of the spoilt tars, from one on that the seed chooses. */
const shortStride = 8
const nouns = 'harbour lantern orchard river window archive ladder meadow compass kettle'.split(' ')
const documents = 3

/**
 * @param options `files`: databases with bits turned; `rounds`: of both kinds of spoilt databases, for a short run that
 * sends a part of the spoilt tars and asserts neither memory nor times
 */
export async function importing(options: TortureOptions): Promise<TortureResult> {
  const { seed, rounds, files = flippedDefault, megabytes = largeMegabytesDefault, say } = options
  const isWhole = rounds === undefined
  const random = seededRandom(seed)
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-import-'))
  const failures: Record<string, unknown>[] = []
  const figures: Record<string, number> = { archives: 0, refused: 0, imported: 0 }
  const server = await startServer(dataDir, settings)
  try {
    const sender = await clientOf(server, 'sender')
    await fill(sender, random)
    const honest = await exported(server, 'sender')
    const databases = await hostileDatabases(honest)
    const first = Math.floor(random() * shortStride)
    const archives = [
      ...(await hostileTars(honest)).filter((_, at) => isWhole || at % shortStride === first),
      ...databases.slice(0, rounds),
      ...(await flippedDatabases(honest, rounds ?? files, random)),
    ]
    // Once, so that what is loaded with the first import is not taken for what an archive costs.
    await send(server, 'first', { name: 'honest', bytes: honest, says: undefined })
    const memory = memoryOf(server.pid).residentBytes
    let [memoryMost, delayMost, quietMost, victims] = [0, 0, 0, 0]
    for (const [at, archive] of archives.entries()) {
      // The one that is refused leaves its user with an empty library, fit for the next.
      const user = `victim-${victims}`
      const begunMs = performance.now()
      await delayMs(server)
      const answer = await send(server, user, archive)
      const delay = await delayMs(server)
      if (delay > delayMsMax)
        say(`${archive.name}: the event loop stood still for ${Math.round(delay)} ms`)
      delayMost = Math.max(delayMost, delay)
      memoryMost = Math.max(memoryMost, memoryOf(server.pid).residentBytes - memory)
      if (answer.status === 200) victims++
      const outcome = answer.status === 200 ? 'imported' : 'refused'
      figures[outcome] = (figures[outcome] ?? 0) + 1
      failures.push(...faultsOf(archive, answer))
      if (isWhole) {
        // As long with nothing to do: what other programs of the machine take from it is not the archive's.
        await sleep(Math.min(quietMsMax, performance.now() - begunMs))
        quietMost = Math.max(quietMost, await delayMs(server))
      }
      if (at % 20 === 19) say(`${at + 1} of ${archives.length}, ${failures.length} failures`)
    }
    figures['archives'] = archives.length
    const refused = await clientOf(server, `victim-${victims}`)
    if ((await refused.documents()).length > 0) failures.push({ what: 'refused, and there' })
    if (isWhole) {
      const peak = await large(server, megabytes, failures)
      memoryMost = Math.max(memoryMost, peak - memory)
      delayMost = Math.max(delayMost, await delayMs(server))
      figures['large_megabytes'] = megabytes
    }
    failures.push(...(await honestFaults(server, sender, honest)))
    failures.push(...leftOvers(dataDir))
    figures['memory_growth_mb'] = Math.round(memoryMost / 2 ** 20)
    figures['loop_delay_ms'] = Math.round(delayMost)
    if (isWhole) figures['quiet_loop_delay_ms'] = Math.round(quietMost)
    if (isWhole && memoryMost > memoryBytesMax) failures.push({ what: 'memory', memoryMost })
    if (isWhole && delayMost > Math.max(delayMsMax, 2 * quietMost))
      failures.push({ what: 'event loop', delayMost, quietMost })
  } finally {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { figures: { ...figures, failures: failures.length }, failures }
}

interface Answer {
  readonly status: number
  readonly body: { readonly code?: string; readonly detail?: string }
}

async function send(server: RunningServer, user: string, archive: HostileArchive): Promise<Answer> {
  return post(server, user, new Uint8Array(archive.bytes), archive.headers)
}

async function post(
  server: RunningServer,
  user: string,
  body: NonNullable<RequestInit['body']>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(`${server.url}/v1/import`, {
    method: 'POST',
    body,
    duplex: 'half',
    headers: {
      authorization: `Bearer ${await signToken(secret, user)}`,
      'content-type': 'application/x-tar',
      ...headers,
    },
  } as RequestInit)
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

function faultsOf(archive: HostileArchive, { status, body }: Answer): Record<string, unknown>[] {
  const { name, says } = archive
  const isRefused = (status >= 400 && status < 500) || status === 507
  if (says && !(isRefused && says.test(body.detail ?? '')))
    return [{ what: 'not refused as it should be', archive: name, status, ...body }]
  if (!isRefused && status !== 200) return [{ what: 'a fault', archive: name, status, ...body }]
  return []
}

/** An original of many megabytes streams through; its hash is wrong. @returns the resident memory at its most */
async function large(
  server: RunningServer,
  megabytes: number,
  failures: Record<string, unknown>[],
): Promise<number> {
  let most = 0
  async function* tar(): AsyncGenerator<Uint8Array> {
    const bytes = megabytes * 2 ** 20
    yield tarHeader({ path: `books/${'0'.repeat(64)}.md`, bytes, mtimeMs: 0 })
    const block = new Uint8Array(2 ** 20)
    for (let at = 0; at < megabytes; at++) {
      most = Math.max(most, memoryOf(server.pid).residentBytes)
      yield block
    }
    yield tarPadding(bytes)
    yield tarEnd
  }
  const body = Readable.toWeb(Readable.from(tar())) as unknown as NonNullable<RequestInit['body']>
  const { status, body: answer } = await post(server, 'large', body)
  if (status !== 400) failures.push({ what: 'a large original', status, ...answer })
  return most
}

/** Nothing but libraries, no half of one, nothing in staging, no links. */
function leftOvers(dataDir: string): Record<string, unknown>[] {
  const faults: Record<string, unknown>[] = []
  for (const place of ['staging', 'replaced'])
    for (const name of readdirSync(join(dataDir, '.carrel', place)))
      faults.push({ what: 'left behind', place, name })
  const known = /^(app\.db|vecs\.db)(-wal|-shm)?$|^uploads$|^books(\/[0-9a-f]{64}\.[a-z0-9]+)?$/
  for (const tenant of readdirSync(dataDir)) {
    if (tenant === '.carrel') continue
    if (!/^(victim-\d+|sender|first|large|reader)$/.test(tenant))
      faults.push({ what: 'a stranger', tenant })
    for (const path of readdirSync(join(dataDir, tenant), { recursive: true, encoding: 'utf8' })) {
      const isLink = lstatSync(join(dataDir, tenant, path)).isSymbolicLink()
      if (isLink || !known.test(path)) faults.push({ what: 'a strange file', tenant, path })
    }
  }
  return faults
}

/** After all of it the export is taken in, and what was asked of the sender gives the same answers. */
async function honestFaults(
  server: RunningServer,
  sender: Client,
  honest: Buffer,
): Promise<Record<string, unknown>[]> {
  const { status, body } = await send(server, 'reader', {
    name: '',
    bytes: honest,
    says: undefined,
  })
  if (status !== 200) return [{ what: 'an honest archive was refused', status, ...body }]
  const reader = await clientOf(server, 'reader')
  const [given, found] = [await answersOf(sender), await answersOf(reader)]
  return given === found ? [] : [{ what: 'other answers', given, found }]
}

async function answersOf(client: Client): Promise<string> {
  const all: unknown[] = [await client.documents()]
  for (const mode of ['keyword', 'semantic', 'hybrid'])
    for (const noun of nouns) all.push(await client.search(`the ${noun}`, 10, mode))
  const { body } = await client.request<{ items: { id: string }[] }>('GET', '/v1/conversations')
  for (const { id } of body.items)
    all.push((await client.request('GET', `/v1/conversations/${id}`)).body)
  return JSON.stringify(all)
}

/** Documents with tags, and a conversation about them. */
async function fill(sender: Client, random: () => number): Promise<void> {
  for (let at = 0; at < documents; at++) {
    const words = Array.from({ length: 200 }, () => nouns[Math.floor(random() * nouns.length)])
    const text = `# Of ${words[0]}\n\nThe ${words.join(' ')}.\n\n## More\n\n${random()} letters.\n`
    const { id } = await sender.upload(`${at}.md`, new TextEncoder().encode(text))
    await sender.settled(id)
    await sender.request('PATCH', `/v1/documents/${id}`, { tags: ['one', `number ${at}`] })
  }
  await sender.request('POST', '/v1/chat', { message: 'Where is the harbour?', stream: false })
  for (;;) {
    const { body } = await sender.request<{ vectors: { pending: number } }>('GET', '/v1/me')
    const found = await sender.search('harbour', 1, 'semantic').catch(() => [])
    if (body.vectors.pending === 0 && found.length > 0) return
  }
}

async function exported(server: RunningServer, user: string): Promise<Buffer> {
  const authorization = `Bearer ${await signToken(secret, user)}`
  const response = await fetch(`${server.url}/v1/export`, { headers: { authorization } })
  return Buffer.from(await response.arrayBuffer())
}

/** The longest the server's event loop stood still since this was asked last. */
async function delayMs(server: RunningServer): Promise<number> {
  const headers = { authorization: `Bearer ${adminToken}` }
  const text = await (await fetch(`${server.url}/metrics`, { headers })).text()
  return Number(/^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(text)?.[1]) * 1_000
}

async function clientOf(server: RunningServer, user: string): Promise<Client> {
  return new Client(server.url, await signToken(secret, user))
}
