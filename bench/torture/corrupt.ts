/** Damage to one library's files: it alone fails, with a code that says so, its bytes stay, and it is back once they are. */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, signToken } from '../lib/client.ts'
import { seededRandom } from '../lib/random.ts'
import { startServer } from '../lib/server.ts'
import type { TortureOptions, TortureResult } from '../torture.ts'

const secret = 'a secret that only this torture knows, long enough'
const adminToken = 'an operator’s token'.replaceAll(/\W/g, '-').padEnd(32, '-')
const bitFlips = 40
const pageBytes = 4096
const roundsDefault = 3

interface Fault {
  readonly name: string
  readonly codes: readonly string[]
  /** @param app the library's app.db; @param foreign another user's directory, copied while it was in use */
  readonly damage: (app: string, foreign: string, random: () => number) => void
  /** Files whose bytes must not change; by default app.db. */
  readonly watched?: readonly string[]
}

const damaged = ['tenant_damaged']
const faults: readonly Fault[] = [
  { name: 'empty', codes: damaged, damage: (app) => truncateSync(app, 0) },
  {
    name: 'half',
    codes: damaged,
    damage: (app) => truncateSync(app, Math.floor(statSync(app).size / 2)),
  },
  { name: 'bit flips in page headers', codes: damaged, damage: flipBits },
  {
    name: 'garbage',
    codes: damaged,
    damage: (app, _foreign, random) =>
      writeFileSync(app, Buffer.from(Array.from({ length: 40_000 }, () => random() * 256))),
  },
  {
    name: 'another user’s',
    codes: ['tenant_mismatch'],
    damage: (app, foreign) => copyFileSync(join(foreign, 'app.db'), app),
  },
  {
    name: 'another user’s log',
    codes: ['tenant_mismatch', 'tenant_damaged'],
    damage: (app, foreign) => copyFileSync(join(foreign, 'app.db-wal'), `${app}-wal`),
    watched: ['app.db', 'app.db-wal'],
  },
  {
    name: 'a directory',
    codes: damaged,
    damage: (app) => {
      rmSync(app)
      mkdirSync(app)
    },
    watched: [],
  },
  { name: 'missing', codes: damaged, damage: (app) => rmSync(app), watched: [] },
  // Who may do everything may read this too.
  ...(process.getuid?.() === 0
    ? []
    : [
        {
          name: 'mode 000',
          codes: damaged,
          damage: (app: string) => chmodSync(app, 0),
          watched: [],
        },
      ]),
]

export async function corrupt({
  seed,
  rounds = roundsDefault,
  say,
}: TortureOptions): Promise<TortureResult> {
  const random = seededRandom(seed)
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-corrupt-'))
  const aside = mkdtempSync(join(tmpdir(), 'carrel-corrupt-aside-'))
  const failures: Record<string, unknown>[] = []
  const settings = { JWT_SECRET: secret, ADMIN_TOKEN: adminToken, POOL_IDLE_MS: '60000' }
  const server = await startServer(dataDir, settings)
  const clientOf = async (user: string): Promise<Client> =>
    new Client(server.url, await signToken(secret, user))
  const admin = new Client(server.url, adminToken)
  const hold = (user: string, state: string) =>
    admin.request('PUT', `/admin/v1/tenants/${user}/state`, { state })
  let requests = 0
  try {
    const neighbour = await withDocument(await clientOf('neighbour'), 'neighbour')
    const victim = await withDocument(await clientOf('victim'), 'victim')
    const before = await victim.search('victim')
    const beside = JSON.stringify(await neighbour.search('neighbour'))
    const foreign = join(aside, 'neighbour')
    // In use: its log is beside it.
    cpSync(join(dataDir, 'neighbour'), foreign, { recursive: true })
    for (let round = 0; round < rounds; round++)
      for (const fault of faults) {
        const place = join(dataDir, 'victim')
        await hold('victim', 'at_rest')
        cpSync(place, join(aside, 'victim'), { recursive: true })
        fault.damage(join(place, 'app.db'), foreign, random)
        const watched = (fault.watched ?? ['app.db']).map((name) => join(place, name))
        const hashes = watched.map(hashOf)
        await hold('victim', 'active')
        for (const ask of asks) {
          requests++
          const answer = await ask(victim)
          const { code } = (answer.body ?? {}) as { code?: string }
          if (answer.status < 400 || !fault.codes.includes(code ?? ''))
            failures.push({ what: 'a wrong answer', fault: fault.name, ...answer })
        }
        if (JSON.stringify(await neighbour.search('neighbour')) !== beside)
          failures.push({ what: 'the neighbour was hurt', fault: fault.name })
        if (watched.some((path, at) => hashOf(path) !== hashes[at]))
          failures.push({ what: 'damaged bytes were changed', fault: fault.name })
        await hold('victim', 'suspended')
        rmSync(place, { recursive: true })
        renameSync(join(aside, 'victim'), place)
        await hold('victim', 'active')
        const after = await victim.search('victim').catch((error) => String(error))
        if (JSON.stringify(after) !== JSON.stringify(before))
          failures.push({ what: 'it did not come back', fault: fault.name, after })
        say(`round ${round + 1}, ${fault.name}: ${failures.length} failures`)
      }
  } finally {
    const exitCode = await server.stop()
    if (exitCode !== 0) failures.push({ what: 'the stop was not clean', exitCode })
    for (const directory of [dataDir, aside]) rmSync(directory, { recursive: true, force: true })
  }
  const figures = { faults: faults.length, rounds, requests, failures: failures.length }
  return { figures, failures }
}

const asks: readonly ((client: Client) => Promise<{ status: number; body: unknown }>)[] = [
  (client) => client.request('GET', '/v1/me'),
  (client) => client.request('GET', '/v1/documents'),
  (client) => client.request('POST', '/v1/search', { query: 'victim' }),
  (client) => client.request('GET', '/v1/export'),
]

async function withDocument(client: Client, word: string): Promise<Client> {
  const text = Array.from({ length: 300 }, (_, at) => `Sentence ${at} of many.`).join(' ')
  const bytes = new TextEncoder().encode(`# Of ${word}\n\nThe ${word} is here.\n\n${text}\n`)
  await client.settled((await client.upload(`${word}.md`, bytes)).id)
  return client
}

/** The first page's header always, and those of others: where SQLite can see it. A flip within a text nobody can see. */
function flipBits(app: string, _foreign: string, random: () => number): void {
  const bytes = readFileSync(app)
  const pages = Math.floor(bytes.length / pageBytes)
  const positions = Array.from(
    { length: bitFlips - 1 },
    () => (1 + Math.floor(random() * (pages - 1))) * pageBytes + Math.floor(random() * 8),
  )
  for (const position of [100, ...positions])
    bytes[position] = (bytes[position] ?? 0) ^ (1 << Math.floor(random() * 8))
  writeFileSync(app, bytes)
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
