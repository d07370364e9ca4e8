/** Text recognition by the system's `tesseract`: a process for each page, with limits, that is given a picture and nothing else. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { promisify } from 'node:util'
import { Problem } from '../base/problem.ts'
import { StartError } from '../base/start-error.ts'

const run = promisify(execFile)

/** A dense page takes some seconds; one that takes minutes is noise. */
const pageMsMax = 120_000
/** Its own limits, in case nobody watches any more: processor time, and address space for the picture and the models. */
const cpuSecondsMax = 120
const memoryKilobytesMax = 2 * 2 ** 20
/** Far more than a page has. */
const textBytesMax = 1024 * 1024
const startMsMax = 20_000
const program = 'tesseract'
/** Finds columns and blocks by itself, upright pages only: the page is drawn as its document turns it. */
const layout = ['--psm', '3']
const limitAndRun = 'ulimit -t "$0"; ulimit -v "$1"; shift; exec "$@"'

/** As the settings say. */
export interface OcrSettings {
  readonly OCR: 'off' | 'tesseract'
  /** As the program names them, joined by `+`. */
  readonly OCR_LANGUAGES: string
}

/** All that the program sees of the environment: where programs are, where its models are. */
export type ProgramEnvironment = Readonly<Record<string, string>>

/** Where the program and its models are, and nothing of ours. */
export const ocrVariables = ['PATH', 'TESSDATA_PREFIX']

export interface OcrProgram {
  /**
   * @returns null for a page that the program failed on or took too long for
   * @throws the signal's reason when aborted; Problem `overloaded` when the machine gives no process
   */
  recognise(png: Uint8Array, signal: AbortSignal): Promise<string | null>
}

/**
 * Asks the program what it knows.
 * @returns undefined where it is off
 * @throws StartError when the program is not there, or does not know a language
 */
export async function openOcr(
  { OCR, OCR_LANGUAGES }: OcrSettings,
  environment: ProgramEnvironment,
): Promise<OcrProgram | undefined> {
  if (OCR === 'off') return undefined
  const languages = OCR_LANGUAGES.split('+')
  const known = await knownLanguages(environment)
  const missing = languages.filter((language) => !known.has(language))
  if (missing.length > 0)
    throw new StartError(
      `OCR_LANGUAGES: ${program} has no model for ${missing.join(', ')}; it has ${[...known].join(', ') || 'none'}. Install them (on Debian: tesseract-ocr-${missing[0]}) or name others.`,
    )
  const args = ['stdin', 'stdout', '-l', OCR_LANGUAGES, ...layout]
  return { recognise: (png, signal) => new Page(args, environment, signal).read(png) }
}

async function knownLanguages(env: ProgramEnvironment): Promise<Set<string>> {
  try {
    const { stdout } = await run(program, ['--list-langs'], { env, timeout: startMsMax })
    // The first line is a title.
    return new Set(
      stdout
        .split('\n')
        .slice(1)
        .map((line) => line.trim())
        .filter(Boolean),
    )
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new StartError(
      isMissing
        ? `OCR: the program ${program} is not on the PATH. Install it (on Debian: apt-get install tesseract-ocr) or leave OCR off.`
        : `OCR: the program ${program} does not run: ${(error as Error).message.split('\n')[0]}`,
    )
  }
}

/** One page being recognised. */
class Page {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #signal: AbortSignal
  readonly #parts: Buffer[] = []
  #length = 0

  constructor(args: readonly string[], env: Readonly<Record<string, string>>, signal: AbortSignal) {
    signal.throwIfAborted()
    this.#signal = signal
    const limits = [String(cpuSecondsMax), String(memoryKilobytesMax)]
    this.#child = spawn('/bin/sh', ['-c', limitAndRun, ...limits, program, ...args], {
      // One thread: the other cores belong to people who wait.
      env: { ...env, OMP_THREAD_LIMIT: '1' },
      cwd: '/',
      // A group of its own, so that what it may have started is ended with it.
      detached: true,
    })
    this.#child.on('error', () => undefined)
    const { pid } = this.#child
    // Not the page's fault: it is read again later.
    if (pid === undefined)
      throw new Problem('overloaded', `${program} cannot be started at the moment.`, {
        retryAfterS: 1,
      })
    lowerPriority(pid)
  }

  async read(png: Uint8Array): Promise<string | null> {
    const child = this.#child
    const kill = (): void => killGroup(child.pid)
    const timer = setTimeout(kill, pageMsMax)
    this.#signal.addEventListener('abort', kill)
    // What it writes there quotes the page; and it may end before it has read all.
    child.stderr.resume()
    child.stdin.on('error', () => undefined)
    child.stdout.on('data', (part: Buffer) => {
      this.#length += part.length
      if (this.#length > textBytesMax) kill()
      else this.#parts.push(part)
    })
    try {
      const code = await new Promise<number | null>((resolve) => {
        child.once('error', () => resolve(null))
        child.once('close', resolve)
        child.stdin.end(png)
      })
      this.#signal.throwIfAborted()
      if (code !== 0) return null
      return Buffer.concat(this.#parts).toString('utf8').replaceAll('\0', '')
    } finally {
      clearTimeout(timer)
      this.#signal.removeEventListener('abort', kill)
    }
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has gone already.
  }
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // It has gone already, which its exit tells.
  }
}
