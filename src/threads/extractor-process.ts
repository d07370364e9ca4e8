/** One reader process seen from the server: started with nothing but its code, talked to by frames, watched, killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { Problem } from '../base/problem.ts'
import { decodeFrames, encodeFrame, encodeJson, type OcrMessage } from './extractor-frames.ts'
import { BrokenReader } from './extractor-output.ts'
import { readUsage, type Usage } from './extractor-usage.ts'

/** Enough of standard error to tell why V8 gave up; it is never logged, for it may quote the document. */
const stderrMax = 4_096
/** The kernel ends a process that nobody watches any more (its parent was killed) at this multiple of the CPU limit. */
const cpuBackstop = 3

/** Found once: it opens files, of which there may be none to be had later. */
const aPackage = import.meta.resolve('@hyzyla/pdfium')
const modules = aPackage.slice(0, aPackage.lastIndexOf('/node_modules/') + '/node_modules/'.length)

/** Shells put variables of their own into an empty environment. */
const limitAndRun = 'ulimit -t "$0"; unset PWD OLDPWD SHLVL _; exec "$@"'

export interface ProcessOptions {
  /** The program the process runs; another one in tests. */
  readonly entry: URL
  readonly heapMegabytesMax: number
  readonly cpuMsMax: number
  /** Files it may read besides its own code. */
  readonly readable?: readonly string[]
}

/** Why a process ended, as far as the outside can tell. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly ranOutOfHeap: boolean
}

export class ExtractorProcess {
  readonly exited: Promise<Ending>
  readonly #child: ChildProcess
  readonly #frames: AsyncGenerator<Buffer>
  readonly #input: Writable
  #hasExited = false

  /** @throws Problem `overloaded` when the machine gives no process, or no descriptors for its pipes */
  constructor(options: ProcessOptions) {
    this.#child = start(options)
    const { stdin, stderr } = this.#child
    const output = this.#child.stdio[3] as Readable | null
    if (!stdin || !stderr || !output) throw new Error('The reader process has no pipes.')
    this.#input = stdin
    // A process that is killed while we write to it is told by its exit, not by EPIPE.
    stdin.on('error', () => undefined)
    this.#frames = decodeFrames(output)
    let errors = ''
    stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString('latin1')).slice(-stderrMax)
    })
    const read = new Promise((resolve) => stderr.once('close', resolve))
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', async (code, signal) => {
        this.#hasExited = true
        await read
        resolve({ code, signal, ranOutOfHeap: errors.includes('heap out of memory') })
        output.destroy()
      })
      this.#child.once('error', () => {
        this.#hasExited = true
        resolve({ code: null, signal: null, ranOutOfHeap: false })
      })
    })
  }

  get hasExited(): boolean {
    return this.#hasExited
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** What it uses now; undefined once it has gone. */
  async usage(): Promise<Usage | undefined> {
    const { pid } = this.#child
    return pid === undefined || this.#hasExited ? undefined : await readUsage(pid)
  }

  /**
   * The next thing it says; undefined when it has ended.
   * @throws BrokenReader when it says what no reader of ours would say
   */
  async next<M>(shape: z.ZodType<M>): Promise<M | undefined> {
    const frame = await this.#frame()
    if (!frame) return undefined
    const message = shape.safeParse(parseJson(frame))
    if (!message.success) {
      const place = message.error.issues[0]?.path.join('.') ?? ''
      throw new BrokenReader(`The reader sent a message of another shape (${place}).`)
    }
    return message.data
  }

  /** The bytes that it announced. @throws BrokenReader when there are not as many */
  async nextBytes(length: number): Promise<Buffer> {
    const frame = await this.#frame()
    if (frame?.length !== length)
      throw new BrokenReader('The reader sent other bytes than it said.')
    return frame
  }

  async #frame(): Promise<Buffer | undefined> {
    const frame = await this.#frames.next().catch(() => {
      throw new BrokenReader('The reader stopped in the middle of a message, or sent one too long.')
    })
    return frame.done ? undefined : frame.value
  }

  begin(message: object): void {
    this.#input.write(encodeJson(message))
  }

  /** Answers a request for bytes. */
  sendBytes(bytes: Uint8Array): void {
    this.#input.write(encodeFrame(bytes))
  }

  /** Answers a request for the text of a picture. */
  sendJson(message: OcrMessage): void {
    this.#input.write(encodeJson(message))
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

/**
 * No environment, no network libraries, no file but its own code, no other process, no thread, no native add-on, no code
 * from strings; its document comes through a pipe. What it could still do to the machine is use it up: hence the watch.
 */
function start(options: ProcessOptions): ChildProcess {
  const { entry, heapMegabytesMax, cpuMsMax, readable = [] } = options
  const flags = [
    '--permission',
    ...[...readableCode(entry), ...readable].map((path) => `--allow-fs-read=${path}`),
    '--disallow-code-generation-from-strings',
    `--max-old-space-size=${heapMegabytesMax}`,
    '--no-warnings',
  ]
  const cpuSeconds = Math.ceil((cpuMsMax * cpuBackstop) / 1_000)
  const command = [process.execPath, ...flags, fileURLToPath(entry)]
  const child = spawn('/bin/sh', ['-c', limitAndRun, String(cpuSeconds), ...command], {
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    env: {},
    cwd: '/',
  })
  // Told a moment later, when nobody may listen: without descriptors it has no pipes, so what it lacks is seen here.
  child.on('error', () => undefined)
  if (child.pid === undefined) throw notStarted()
  lowerPriority(child.pid)
  return child
}

function notStarted(): Problem {
  return new Problem(
    'overloaded',
    'No process can be started to read the document at the moment.',
    {
      retryAfterS: 1,
    },
  )
}

/** A query on a two-core machine does not wait for somebody's book. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It has gone already, which its exit tells.
  }
}

/** This program's own folders and the ones its packages were installed to, wherever that is. */
function readableCode(entry: URL): string[] {
  const root = new URL('../', import.meta.url)
  const folders = [root, new URL('./', entry), new URL(modules)].map((url) => fileURLToPath(url))
  const manifest = fileURLToPath(new URL('../../package.json', import.meta.url))
  return [...new Set(folders.map((folder) => `${folder}*`)), manifest]
}
