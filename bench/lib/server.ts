/** A real server process on a loopback port of its own, for demonstrations, benchmarks and tortures. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const entry = fileURLToPath(new URL('../../bin/carrel.mjs', import.meta.url))
const startMsMax = 30_000
/** Under something that looks at every call. */
const startUnderMsMax = 120_000

export interface RunningServer {
  readonly url: string
  readonly pid: number
  /** SIGTERM: drains, closes every store. @returns the exit code */
  stop(): Promise<number | null>
  /** SIGKILL, as a crash. */
  kill(): Promise<void>
  /** How it ended, and what it last wrote to its standard error; undefined while it runs. */
  ended(): string | undefined
}

/** What a server is run under, to be watched or hurt. */
export interface RunUnder {
  /** A program and its arguments that become the server in their own process (`exec`), as `strace -D` and `prlimit` do. */
  readonly before?: readonly string[]
  readonly nodeFlags?: readonly string[]
}

/** Runs another command of `carrel` to its end. @returns what it printed */
export function runCommand(args: readonly string[], env: Record<string, string>): string {
  return execFileSync(process.execPath, [entry, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
}

/**
 * Starts `carrel serve` and resolves once it listens.
 * @param env settings besides DATA_DIR and PORT; nothing of this process's environment but PATH is handed on
 */
export async function startServer(
  dataDir: string,
  env: Record<string, string>,
  flags: readonly string[] = [],
  onLine: (line: string) => void = () => undefined,
  { before = [], nodeFlags = [] }: RunUnder = {},
): Promise<RunningServer> {
  const [program = process.execPath, ...args] = [
    ...before,
    process.execPath,
    ...nodeFlags,
    entry,
    'serve',
    ...flags,
  ]
  const child = spawn(program, args, {
    cwd: dataDir,
    env: {
      PATH: process.env['PATH'] ?? '',
      DATA_DIR: dataDir,
      PORT: '0',
      LOG_LEVEL: 'info',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit') as Promise<[number | null]>
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-4_000)
  })
  const startMs = before.length > 0 ? startUnderMsMax : startMsMax
  const url = await listeningUrl(child, onLine, startMs, () => complaint)
  return {
    url,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM')
      return (await exited)[0]
    },
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
    ended: () =>
      child.exitCode === null && child.signalCode === null
        ? undefined
        : `${child.signalCode ?? child.exitCode}: ${complaint}`,
  }
}

/** Reads the log until the line that says where it listens; the rest is drained so that the pipe never fills. */
async function listeningUrl(
  child: ChildProcess,
  onLine: (line: string) => void,
  msMax: number,
  complaint: () => string,
): Promise<string> {
  if (!child.stdout) throw new Error('the server has no standard output')
  const lines = createInterface({ input: child.stdout })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`the server did not start: ${complaint()}`))
    }, msMax)
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${complaint()}`)))
    lines.on('line', (line) => {
      onLine(line)
      const event = parseLine(line)
      if (event?.msg !== 'listening' || !event.url) return
      clearTimeout(timer)
      resolve(event.url)
    })
  })
}

function parseLine(line: string): { msg?: string; url?: string } | undefined {
  try {
    return JSON.parse(line) as { msg?: string; url?: string }
  } catch {
    return undefined
  }
}
