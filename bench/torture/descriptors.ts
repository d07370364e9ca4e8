/**
 * Two hundred libraries and 256 descriptors: stores are opened and closed all the time, idle connections take what they can
 * get, and now and then not one descriptor is left. Whoever gets none is told to come back, nothing acknowledged is lost,
 * and it goes on once the cause is gone.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../lib/random.ts'
import { type RunningServer, startServer } from '../lib/server.ts'
import type { TortureOptions, TortureResult } from '../torture.ts'
import { FaultLoad, figuresOf, machineCodes, readyPolls } from './fault-load.ts'
import { newLedger } from './ledger.ts'
import { settings } from './reopened.ts'

const tenantsDefault = 200
const roundsDefault = 6
const limit = 256
const atOnce = 12
/** More than the server has descriptors. */
const socketsMax = 300
/** Left at most in a round where they are taken from the server itself. */
const leftMax = 8
const sampleMs = 50

/** @returns why the limit cannot be set here; undefined where it can */
export function limitFault(): string | undefined {
  const tried = spawnSync('prlimit', [`--nofile=${limit}:${limit}`, 'true'], { encoding: 'utf8' })
  return tried.status === 0
    ? undefined
    : `prlimit cannot be used: ${tried.error?.message ?? tried.stderr.trim()}`
}

/** @param options `files`: tenants; `rounds`: how often the descriptors are taken */
export async function descriptors(options: TortureOptions): Promise<TortureResult> {
  const { seed, files: tenants = tenantsDefault, rounds = roundsDefault, say } = options
  const why = limitFault()
  if (why !== undefined) return { figures: { not_run: why }, failures: [{ what: 'not run', why }] }
  const random = seededRandom(seed)
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-descriptors-'))
  const ledger = newLedger(readyPolls)
  const users = Array.from({ length: tenants }, (_, at) => `u${at}`)
  const server = await startServer(dataDir, settings, [], undefined, {
    before: ['prlimit', `--nofile=${limit}:${limit}`],
  })
  const seen = { descriptors_max: 0, stores_open_max: 0 }
  const sampling = setInterval(() => {
    const { all, stores } = openFiles(server)
    seen.descriptors_max = Math.max(seen.descriptors_max, all)
    seen.stores_open_max = Math.max(seen.stores_open_max, stores)
  }, sampleMs)
  let whileTaken = 0
  try {
    const load = new FaultLoad(server, ledger, random)
    ledger.tolerated = (_user, code) => machineCodes.has(code)
    await inGroups(users, (group) => load.write(group, 2))
    for (let round = 0; round < rounds && server.ended() === undefined; round++) {
      const some = Array.from(
        { length: atOnce },
        () => users[Math.floor(random() * tenants)] ?? 'u0',
      )
      const group = [...new Set(some)]
      const giveBack = await (round % 2 === 0 ? takeSockets(server) : takeAll(server, random))
      const before = ledger.answered.size
      ledger.mayHang = true
      await load.write(group, 3)
      ledger.mayHang = false
      whileTaken += ledger.answered.size - before
      giveBack()
      if (server.ended() === undefined) await load.resumes(group)
      say(`descriptors taken ${round + 1} times, ${ledger.faults.length} failures`)
    }
    const ended = server.ended()
    if (ended !== undefined) ledger.faults.push({ what: 'the server ended', ended })
    else await load.read(users)
    clearInterval(sampling)
    await load.end(dataDir)
    const figures = { tenants, limit, ...seen, answered_while_taken: whileTaken }
    return { figures: { ...figures, ...figuresOf(ledger) }, failures: ledger.faults }
  } finally {
    clearInterval(sampling)
    await server.kill()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function inGroups(
  users: readonly string[],
  work: (group: readonly string[]) => Promise<unknown>,
): Promise<void> {
  for (let from = 0; from < users.length; from += atOnce)
    await work(users.slice(from, from + atOnce))
}

/** Connections that say nothing, as many as are taken. @returns ends them */
async function takeSockets(server: RunningServer): Promise<() => void> {
  const { hostname, port } = new URL(server.url)
  const sockets = Array.from({ length: socketsMax }, () => connect(Number(port), hostname))
  const isThere = (socket: Socket): Promise<unknown> =>
    new Promise((resolve) => {
      socket.once('connect', resolve)
      socket.on('error', resolve)
    })
  await Promise.all(sockets.map(isThere))
  return () => {
    for (const socket of sockets) socket.destroy()
  }
}

/** The limit falls to what is in use: not a file, a thread, a process, a connection can be had. @returns raises it again */
async function takeAll(server: RunningServer, random: () => number): Promise<() => void> {
  const set = (soft: number): void => {
    execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${soft}:`])
  }
  set(openFiles(server).all + Math.floor(random() * leftMax))
  return () => {
    if (server.ended() === undefined) set(limit)
  }
}

function openFiles({ pid }: RunningServer): { all: number; stores: number } {
  const directory = `/proc/${pid}/fd`
  try {
    const all = readdirSync(directory)
    const stores = all.filter((name) => isStore(join(directory, name)))
    return { all: all.length, stores: stores.length }
  } catch {
    // It ended.
    return { all: 0, stores: 0 }
  }
}

function isStore(link: string): boolean {
  try {
    return readlinkSync(link).endsWith('/app.db')
  } catch {
    // Closed meanwhile.
    return false
  }
}
