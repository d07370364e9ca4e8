/** `carrel migrate` killed again and again: it ends complete, with a copy of every library as it was before. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openReadOnlyDb } from '../../src/base/sqlite.ts'
import { Control } from '../../src/control/control.ts'
import { fileVersions } from '../../src/tenancy/file-versions.ts'
import { appDbPath, controlDbPath, tenantDirectory } from '../../src/tenancy/layout.ts'
import { appApplicationId, appMigrations } from '../../src/tenancy/schema.ts'
import { verifySnapshot } from '../../src/tenancy/snapshot.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { makeOldLibraries, versions } from '../../test/fixtures/old-library.ts'
import { seededRandom } from '../lib/random.ts'
import type { TortureOptions, TortureResult } from '../torture.ts'

const entry = fileURLToPath(new URL('../../bin/carrel.mjs', import.meta.url))
const killsDefault = 20
const librariesDefault = 300
/** A kill comes so long after the first word of progress, at most. */
const delayMsMax = 2_000
const endMsMax = 600_000

/** @param options `kills`: how often; `rounds`: how many libraries */
export async function migrate(options: TortureOptions): Promise<TortureResult> {
  const { seed, kills = killsDefault, rounds = librariesDefault, say } = options
  const random = seededRandom(seed)
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-migrate-'))
  const users = Array.from(
    { length: rounds },
    (_, at) => [`u${at}`, 1 + Math.floor(random() * (versions - 1))] as const,
  )
  const failures: Record<string, unknown>[] = []
  let killed = 0
  try {
    await makeOldLibraries(dataDir, users)
    for (let left = kills; left > 0; left--) {
      const isKilled = await run(dataDir, random() * delayMsMax)
      if (!isKilled) break
      killed++
      say(`killed ${killed} times, ${await presentOf(dataDir, users)} of ${rounds} migrated`)
    }
    const between = await presentOf(dataDir, users)
    const startedMs = performance.now()
    if (await run(dataDir, endMsMax)) failures.push({ what: 'it does not end' })
    const seconds = (performance.now() - startedMs) / 1_000
    failures.push(...(await faultsOf(dataDir, users)))
    const figures = {
      libraries: rounds,
      kills: killed,
      migrated_before_the_last_run: between,
      seconds_of_the_last_run: Math.round(seconds * 10) / 10,
      failures: failures.length,
    }
    return { figures, failures }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** @param killAfterMs after its first word of progress @returns whether it was killed before its end */
async function run(dataDir: string, killAfterMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [entry, 'migrate', '--concurrency', '4'], {
    env: { PATH: process.env['PATH'] ?? '', DATA_DIR: dataDir },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit') as Promise<[number | null]>
  let timer: NodeJS.Timeout | undefined
  createInterface({ input: child.stderr }).on('line', () => {
    timer ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  })
  const [code] = await exited
  clearTimeout(timer)
  if (code !== null && code !== 0) throw new Error(`carrel migrate ended with ${code}`)
  return code === null
}

type Users = readonly (readonly [user: string, version: number])[]

/** From outside: SQLite itself would leave its files beside what it reads. */
async function presentOf(dataDir: string, users: Users): Promise<number> {
  const found = await Promise.all(
    users.map(([user]) => fileVersions(tenantDirectory(dataDir, user as TenantId))),
  )
  return found.filter(({ app }) => app === versions).length
}

function look(dataDir: string, user: string): { version: number; check: string; rows: unknown } {
  const path = appDbPath(tenantDirectory(dataDir, user as TenantId))
  const kind = { applicationId: appApplicationId, migrations: appMigrations }
  const db = openReadOnlyDb(path, kind)
  try {
    return {
      version: db.pragma<number>('user_version'),
      check: db.pragma<string>('quick_check'),
      rows: db.get('SELECT title, text FROM documents JOIN pages ON document_seq = seq'),
    }
  } finally {
    db.close()
  }
}

/** Every library at the present version with what it held, every copy whole and of the version before, nothing in between. */
async function faultsOf(dataDir: string, users: Users): Promise<Record<string, unknown>[]> {
  const faults: Record<string, unknown>[] = []
  const control = await Control.open(controlDbPath(dataDir))
  for (const [user, before] of users) {
    const logs = readdirSync(join(dataDir, user)).filter((name) => /-(wal|shm)$/.test(name))
    if (logs.length > 0) faults.push({ what: 'not at rest', user, logs })
    const { version, check, rows } = look(dataDir, user)
    const text = (rows as { text?: string } | undefined)?.text
    if (version !== versions || check !== 'ok' || text !== 'The harbour was empty that morning.')
      faults.push({ what: 'not as it should be', user, version, check, rows })
    const record = control.fleet.of(user as TenantId)
    const copy = join(dataDir, '.carrel/snapshots', user, record?.snapshot ?? 'none')
    if (!existsSync(copy)) faults.push({ what: 'no copy from before', user, record })
    else if (verifySnapshot(copy).schema.app !== before)
      faults.push({ what: 'a copy of another version', user, before })
  }
  await control.close()
  for (const place of ['staging', 'snapshots/.building']) {
    const directory = join(dataDir, '.carrel', place)
    for (const name of existsSync(directory) ? readdirSync(directory) : [])
      faults.push({ what: 'left behind', place, name })
  }
  return faults
}
