/** A PostgreSQL server of its own: made in a directory, on a Unix socket alone, run by a user that is not root, stopped at the end. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, globSync, mkdirSync, readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'

const run = promisify(execFile)
const startTriesMax = 300
const startPauseMs = 100
const names = ['initdb', 'postgres', 'pg_dump', 'pg_restore'] as const
/** Of the machine's memory, as PostgreSQL's own manual advises; what nobody touches is not taken. */
const sharedBuffersShare = 0.25

/** Everything that a careful operator sets on such a machine; what makes it durable stays on. */
function settings(): string[] {
  const mib = totalmem() / 2 ** 20
  const given: Record<string, string> = {
    listen_addresses: '',
    max_connections: '50',
    shared_buffers: `${Math.round(mib * sharedBuffersShare)}MB`,
    effective_cache_size: `${Math.round(mib / 2)}MB`,
    work_mem: '32MB',
    maintenance_work_mem: '1GB',
    // Nothing is copied elsewhere, so that filling a new table is synced once and not logged.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_wal_size: '8GB',
    checkpoint_timeout: '15min',
    random_page_cost: '1.1',
    // Small queries of many users: compiling them, or sharing one out to processes, costs more than it gives.
    jit: 'off',
    max_parallel_workers_per_gather: '0',
    max_locks_per_transaction: '512',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
  }
  return Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

type Programs = Readonly<Record<(typeof names)[number], string>>

/** @returns where its programs are, or undefined where one is missing */
export function postgresPrograms(): Programs | undefined {
  const places = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...globSync('/usr/lib/postgresql/*/bin').toSorted().toReversed(),
  ]
  const place = places.find((one) => names.every((name) => existsSync(join(one, name))))
  if (place === undefined) return undefined
  return Object.fromEntries(names.map((name) => [name, join(place, name)])) as Programs
}

export class PostgresServer {
  readonly directory: string
  readonly pid: number
  readonly #programs: Programs
  readonly #child: ChildProcess
  readonly #as: { uid?: number; gid?: number }
  /** A server that nobody stops would go on without this process. */
  readonly #onExit = (): void => {
    this.#child.kill('SIGQUIT')
  }

  private constructor(
    directory: string,
    programs: Programs,
    child: ChildProcess,
    as: { uid?: number; gid?: number },
  ) {
    this.directory = directory
    this.#programs = programs
    this.#child = child
    this.#as = as
    this.pid = child.pid ?? 0
    process.once('exit', this.#onExit).once('SIGTERM', exit).once('SIGINT', exit)
  }

  /** @param directory that does not exist; its parent is made passable for the user that runs the server */
  static async start(directory: string, programs: Programs): Promise<PostgresServer> {
    const as = whoRuns()
    chmodSync(join(directory, '..'), 0o711)
    mkdirSync(directory, { mode: 0o700 })
    if (as.uid !== undefined) chownSync(directory, as.uid, as.gid ?? as.uid)
    const data = join(directory, 'data')
    const how = ['-U', superuser, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
    await run(programs.initdb, ['-D', data, ...how], { ...as, cwd: directory })
    const child = spawn(programs.postgres, ['-D', data, '-k', directory, ...settings()], {
      ...as,
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000)
    })
    const server = new PostgresServer(directory, programs, child, as)
    for (let tries = 1; ; tries++) {
      if (child.exitCode !== null) throw new Error(`postgres ended: ${said}`)
      try {
        await (await server.connect()).end()
        return server
      } catch (error) {
        if (tries === startTriesMax) throw error
        await sleep(startPauseMs)
      }
    }
  }

  /** A connection of the superuser's, or of another. */
  async connect(user = superuser, database = 'postgres'): Promise<pg.Client> {
    const client = new pg.Client({ host: this.directory, user, database })
    await client.connect()
    return client
  }

  async run(program: 'pg_dump' | 'pg_restore', args: readonly string[]): Promise<void> {
    const to = ['-h', this.directory, '-U', superuser]
    await run(this.#programs[program], [...to, ...args], { ...this.#as, cwd: this.directory })
  }

  async stop(): Promise<void> {
    process.off('exit', this.#onExit).off('SIGTERM', exit).off('SIGINT', exit)
    if (this.#child.exitCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGINT')
    await exited
  }
}

const superuser = 'postgres'

/** With what is due at an exit, which a signal alone passes over. */
function exit(): void {
  process.exit(1)
}

/** It refuses to run as root: then it is run by the user that its package made, or by nobody. */
function whoRuns(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const name of [superuser, 'nobody']) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? []
    if (uid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('PostgreSQL does not run as root, and there is no other user')
}
