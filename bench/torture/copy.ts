/** Snapshots and `cp -r` of libraries at rest, while others are busy: each is put back elsewhere and gives the same answers. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDb } from '../../src/base/sqlite.ts'
import { hashFile } from '../../src/tenancy/copy-files.ts'
import {
  appApplicationId,
  appMigrations,
  vecsApplicationId,
  vecsMigrations,
} from '../../src/tenancy/schema.ts'
import { Client, type HitAnswer, signToken } from '../lib/client.ts'
import { seededRandom } from '../lib/random.ts'
import { type RunningServer, startServer } from '../lib/server.ts'
import type { TortureOptions, TortureResult } from '../torture.ts'

/** Of each kind. */
const copiesDefault = 100
const users = ['ann', 'ben', 'cleo', 'dora']
const busy = ['loud', 'louder']
const queriesCount = 20
const secret = 'a secret that only this torture knows, long enough'
const adminToken = 'an operator’s token'.replaceAll(/\W/g, '-').padEnd(32, '-')
const settings = { JWT_SECRET: secret, ADMIN_TOKEN: adminToken, POOL_IDLE_MS: '200' }
const nouns = 'harbour lantern orchard river window archive ladder meadow compass kettle'.split(' ')

interface Copy {
  readonly user: string
  readonly kind: 'snapshot' | 'cp'
  /** Of the tenant directory, or of the snapshot. */
  readonly directory: string
  readonly answers: string
}

export async function copy({
  seed,
  rounds = copiesDefault,
  say,
}: TortureOptions): Promise<TortureResult> {
  const random = seededRandom(seed)
  const [dataDir, kept] = ['data', 'kept'].map((name) =>
    mkdtempSync(join(tmpdir(), `carrel-copy-${name}-`)),
  ) as [string, string]
  const failures: Record<string, unknown>[] = []
  const copies: Copy[] = []
  const stop = new AbortController()
  let writes = 0
  try {
    const server = await startServer(dataDir, settings)
    const admin = new Client(server.url, adminToken)
    const load = busy.map(async (user) => {
      const client = await clientOf(server, user)
      while (!stop.signal.aborted) {
        await client.upload(`${writes}.md`, note(random)).catch(() => undefined)
        writes++
      }
    })
    for (let at = 0; at < 2 * rounds; at++) {
      const user = users[at % users.length] ?? 'ann'
      const client = await clientOf(server, user)
      await client.settled((await client.upload(`${at}.md`, note(random))).id)
      const answers = await answersOf(client)
      const place = join(kept, String(at))
      if (Math.floor(at / users.length) % 2 === 0) {
        const made = await admin.request<{ name: string }>(
          'POST',
          `/admin/v1/tenants/${user}/snapshots`,
        )
        if (made.status !== 201) failures.push({ what: 'no snapshot', user, ...made })
        const directory = join(dataDir, '.carrel/snapshots', user, made.body.name)
        copies.push({ user, kind: 'snapshot', directory, answers })
      } else {
        await admin.request('PUT', `/admin/v1/tenants/${user}/state`, { state: 'at_rest' })
        cpSync(join(dataDir, user), place, { recursive: true })
        await admin.request('PUT', `/admin/v1/tenants/${user}/state`, { state: 'active' })
        copies.push({ user, kind: 'cp', directory: place, answers })
      }
      if (at % 20 === 19) say(`${at + 1} copies, ${writes} writes of others`)
    }
    stop.abort()
    await Promise.all(load)
    await server.stop()
    for (const { kind, directory } of copies) failures.push(...hashFaults(kind, directory))
    failures.push(...(await putBack(kept, copies, say)))
  } finally {
    stop.abort()
    for (const directory of [dataDir, kept]) rmSync(directory, { recursive: true, force: true })
  }
  const figures = {
    snapshots: copies.filter(({ kind }) => kind === 'snapshot').length,
    cp: copies.filter(({ kind }) => kind === 'cp').length,
    writes_of_others: writes,
    failures: failures.length,
  }
  return { figures, failures }
}

/** A fresh server for every so many copies, one of each user's. */
async function putBack(
  kept: string,
  copies: readonly Copy[],
  say: (line: string) => void,
): Promise<Record<string, unknown>[]> {
  const failures: Record<string, unknown>[] = []
  for (let from = 0; from < copies.length; from += users.length) {
    const group = copies.slice(from, from + users.length)
    const elsewhere = mkdtempSync(join(kept, 'server-'))
    for (const { user, kind, directory } of group) {
      if (kind === 'cp') cpSync(directory, join(elsewhere, user), { recursive: true })
      else {
        const snapshots = join(elsewhere, '.carrel/snapshots', user)
        mkdirSync(snapshots, { recursive: true })
        cpSync(directory, join(snapshots, directory.split('/').at(-1) ?? ''), { recursive: true })
      }
    }
    const server = await startServer(elsewhere, settings)
    const admin = new Client(server.url, adminToken)
    for (const { user, kind, directory, answers } of group) {
      if (kind === 'snapshot') {
        const name = directory.split('/').at(-1)
        const path = `/admin/v1/tenants/${user}/snapshots/${name}/restore`
        const restored = await admin.request('POST', path, {})
        if (restored.status !== 200)
          failures.push({ what: 'not restored', user, directory, ...restored })
      }
      const found = await answersOf(await clientOf(server, user)).catch(String)
      if (found !== answers) failures.push({ what: 'other answers', user, kind, found, answers })
    }
    await server.stop()
    for (const { user } of group) failures.push(...checkFaults(join(elsewhere, user)))
    rmSync(elsewhere, { recursive: true })
    say(`${Math.min(copies.length, from + users.length)} put back, ${failures.length} failures`)
  }
  return failures
}

/** The manifest's hashes for a snapshot, the originals' names for a copied directory. */
function hashFaults(kind: Copy['kind'], directory: string): Record<string, unknown>[] {
  const listed: { path: string; sha256: string }[] =
    kind === 'snapshot'
      ? JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')).files
      : readdirSync(join(directory, 'books')).map((name) => ({
          path: `books/${name}`,
          sha256: name.split('.')[0] ?? '',
        }))
  const logs = readdirSync(directory).filter((name) => /-(wal|shm|journal)$/.test(name))
  const faults = listed.filter(
    ({ path, sha256 }) => hashFile(join(directory, path)).sha256 !== sha256,
  )
  return [
    ...faults.map(({ path }) => ({ what: 'another hash', directory, path })),
    ...logs.map((log) => ({ what: 'not at rest', directory, log })),
  ]
}

function checkFaults(directory: string): Record<string, unknown>[] {
  const kinds = [
    ['app.db', appApplicationId, appMigrations],
    ['vecs.db', vecsApplicationId, vecsMigrations],
  ] as const
  return kinds.flatMap(([name, applicationId, migrations]) => {
    const path = join(directory, name)
    const db = openDb(path, { mode: 'open', synchronous: 'NORMAL', applicationId, migrations })
    const found = db.pragma<string>('quick_check')
    db.close()
    return found === 'ok' ? [] : [{ what: 'quick_check', path, found }]
  })
}

async function answersOf(client: Client): Promise<string> {
  const all: HitAnswer[][] = []
  for (let at = 0; at < queriesCount; at++) {
    const [first, second] = [at % nouns.length, (at * 7 + 3) % nouns.length]
    all.push(await client.search(`${nouns[first]} ${nouns[second]}`))
  }
  return JSON.stringify(all)
}

async function clientOf(server: RunningServer, user: string): Promise<Client> {
  return new Client(server.url, await signToken(secret, user))
}

function note(random: () => number): Uint8Array {
  const words = Array.from({ length: 120 }, () => nouns[Math.floor(random() * nouns.length)])
  const text = `# ${words.slice(0, 3).join(' ')}\n\n${words.join(' ')}\n\n${random()}\n`
  return new TextEncoder().encode(text)
}
