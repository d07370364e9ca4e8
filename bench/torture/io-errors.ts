/**
 * Calls of a running server that fail: the n-th sync, write, opening or renaming of one library, or of anybody, gets EIO or
 * ENOSPC, once or for a while, by `strace -e inject`. Nothing is acknowledged that is not there, the others do not notice,
 * and it goes on by itself.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '../lib/random.ts'
import { type RunningServer, startServer } from '../lib/server.ts'
import { straceFault } from '../lib/strace.ts'
import type { TortureOptions, TortureResult } from '../torture.ts'
import { examine } from './examine.ts'
import { FaultLoad, figuresOf, machineCodes, readyPolls } from './fault-load.ts'
import { newLedger } from './ledger.ts'
import { settings } from './reopened.ts'
import { users } from './writer.ts'

const faultsDefault = 60
/** A server is killed after so many, and another goes on with what is there. */
const faultsOfLife = 15
const writesOfFault = 5
const attachMsMax = 30_000
const attachPollMs = 20
const calls = ['fsync,fdatasync', 'write,pwrite64', 'openat', 'rename'] as const
/** It fails once, a few times, or for as long as people try. */
const spans = [0, 3, 30]
const errors = ['EIO', 'ENOSPC'] as const

/** @param options `kills`: how many faults */
export async function ioErrors(options: TortureOptions): Promise<TortureResult> {
  const { seed, kills: faults = faultsDefault, say } = options
  const why = straceFault()
  if (why !== undefined) return { figures: { not_run: why }, failures: [{ what: 'not run', why }] }
  const random = seededRandom(seed)
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-io-'))
  const ledger = newLedger(readyPolls)
  let hit = 0
  try {
    for (let done = 0; done < faults; ) {
      const said: string[] = []
      const server = await startServer(dataDir, settings, [], (line) => said.push(line))
      const load = new FaultLoad(server, ledger, random)
      ledger.tolerated = () => false
      await load.write(users, 2)
      const until = Math.min(faults, done + faultsOfLife)
      for (; done < until; done++) hit += await oneFault(server, load, dataDir, random)
      await server.kill()
      if (ledger.faults.some(({ what }) => what === 'the server ended'))
        return {
          figures: figuresOf(ledger),
          failures: [...ledger.faults, { said: said.slice(-3) }],
        }
      ledger.faults.push(...(await examine(dataDir, ledger, ledger.answered, true)))
      say(`${done} faults, ${hit} of them met a call, ${ledger.faults.length} failures`)
    }
    const figures = { faults, faults_that_met_a_call: hit, ...figuresOf(ledger) }
    return { figures, failures: ledger.faults }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** @returns 1 where a call failed by it */
async function oneFault(
  server: RunningServer,
  load: FaultLoad,
  dataDir: string,
  random: () => number,
): Promise<number> {
  const call = calls[Math.floor(random() * calls.length)] ?? calls[0]
  const error = errors[Math.floor(random() * errors.length)]
  const first = 1 + Math.floor(random() * 6)
  const last = first + (spans[Math.floor(random() * spans.length)] ?? 0)
  const paths = pathsFor(dataDir, call, random)
  const inject = `inject=${call}:error=${error}:when=${first}..${last}`
  const journal = join(dataDir, '.carrel', 'faults')
  const { ledger } = load
  // On one library's paths nobody else is refused.
  const isAnybodys = paths.length === 0
  ledger.tolerated = (user, code) => machineCodes.has(code) && (isAnybodys || user === 'ann')
  const { strace, exited } = await attach(server.pid, journal, [
    '-e',
    `trace=${call}`,
    '-e',
    inject,
    ...paths.flatMap((path) => ['-P', path]),
  ])
  const isAlive = await load.write(users, writesOfFault)
  strace.kill('SIGINT')
  await exited
  const met = readFileSync(journal, 'latin1').includes('(INJECTED)')
  rmSync(journal, { force: true })
  if (!isAlive)
    ledger.faults.push({ what: 'the server ended', inject, paths, ended: server.ended() })
  else await load.resumes(users)
  ledger.tolerated = () => false
  return met ? 1 : 0
}

/** Those of ann's files that such a call is made of; none for the whole server's. */
function pathsFor(dataDir: string, call: string, random: () => number): string[] {
  const own = (name: string): string => join(dataDir, 'ann', name)
  // A write of anybody's would hit the pipes between threads, which no disk is behind.
  if (call === 'rename' || (call.includes('fsync') && random() < 0.3)) return []
  if (random() < 0.3) return [own('books'), own('uploads')]
  return [own('app.db'), own('app.db-wal'), own('vecs.db'), own('vecs.db-wal')]
}

/** Resolves once strace holds every thread. */
async function attach(
  pid: number,
  journal: string,
  options: readonly string[],
): Promise<{ strace: ChildProcess; exited: Promise<unknown> }> {
  const child = spawn('strace', ['-f', '-o', journal, '-p', String(pid), ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const endMs = performance.now() + attachMsMax
  while (!/attached/.test(said)) {
    if (child.exitCode !== null || performance.now() > endMs) throw new Error(`strace: ${said}`)
    await sleep(attachPollMs)
  }
  return { strace: child, exited }
}
