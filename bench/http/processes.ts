/** The processes of the `http` bench: Carrel and its peers with their logs in files, the load client, and what each used of the processors. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LoadOrder, LoadResult } from './load.ts'

const here = fileURLToPath(new URL('../../', import.meta.url))
const startMsMax = 30_000
const lookMs = 25
/** Of /proc (`getconf CLK_TCK`): a hundred a second on every Linux that Node.js runs on. */
const ticksPerSecond = 100

export interface Served {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/**
 * Carrel with its log in a file, as under a service manager: nobody reads a pipe beside it.
 * @param checkout another one's folder, with its packages; this one's without it
 */
export async function startCarrel(
  dataDir: string,
  env: Readonly<Record<string, string>>,
  checkout = here,
): Promise<Served> {
  const logPath = join(dataDir, 'log')
  const entry = join(checkout, 'bin/carrel.mjs')
  const child = spawn(process.execPath, [entry, 'serve'], {
    env: { PATH: process.env['PATH'], DATA_DIR: join(dataDir, 'data'), PORT: '0', ...env },
    stdio: ['ignore', openSync(logPath, 'a'), 'inherit'],
  })
  const endMs = performance.now() + startMsMax
  while (performance.now() < endMs) {
    const port = /"url":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(readFileSync(logPath, 'utf8'))?.[1]
    if (port !== undefined) return served(child, Number(port))
    await delay(lookMs)
  }
  child.kill('SIGKILL')
  throw new Error(`the server did not start: ${readFileSync(logPath, 'utf8')}`)
}

/** @param logPath where standard output goes */
export async function startPeer(
  kind: string,
  dbPath: string,
  secret: string,
  logPath: string,
): Promise<Served> {
  const peer = fileURLToPath(new URL('./peer.ts', import.meta.url))
  const child = fork(peer, [kind, dbPath, secret], {
    stdio: ['ignore', openSync(logPath, 'a'), 'inherit', 'ipc'],
  })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return served(child, port)
}

function served(child: ChildProcess, port: number): Served {
  const exited = once(child, 'exit')
  return {
    port,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}

export interface LoadClient {
  run(order: LoadOrder): Promise<LoadResult>
  stop(): void
}

export function startLoadClient(): LoadClient {
  const child = fork(fileURLToPath(new URL('./load.ts', import.meta.url)))
  return {
    run: async (order) => {
      child.send(order)
      const [message] = (await once(child, 'message')) as [{ result?: LoadResult; error?: string }]
      if (!message.result) throw new Error(`the load client: ${message.error}`)
      return message.result
    },
    stop: () => child.disconnect(),
  }
}

export const canMeasureCpu = existsSync('/proc/self/stat')

/** Processor time used so far, by the whole process and by its main thread (proc(5)). */
export function cpuSeconds(pid: number): { all: number; main: number } {
  return { all: secondsIn(`/proc/${pid}/stat`), main: secondsIn(`/proc/${pid}/task/${pid}/stat`) }
}

function secondsIn(path: string): number {
  const stat = readFileSync(path, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
